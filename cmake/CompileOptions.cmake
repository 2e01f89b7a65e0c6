# How everything of ours is compiled: language, warnings, optimization, sanitizers.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Line tables only: stack traces and profiles name lines, and links stay fast.
add_compile_options(-g1)

# Not with sanitizers: what they add to the code misleads the warnings that follow its flow.
if(SKIPLITH_STRICT AND NOT SKIPLITH_SANITIZE)
  add_compile_options(-Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees an overlap in "text" + std::string (its bug 105651).
    add_compile_options(-Wno-restrict)
  else()
    add_compile_options(-Wthread-safety)
  endif()
endif()

# No recovery: the first report ends the test.
if(SKIPLITH_SANITIZE STREQUAL "thread")
  set(sanitizer_flags -fsanitize=thread)
elseif(SKIPLITH_SANITIZE STREQUAL "address")
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(SKIPLITH_SANITIZE)
  message(FATAL_ERROR "SKIPLITH_SANITIZE is '${SKIPLITH_SANITIZE}': not 'thread' or 'address'")
endif()
if(SKIPLITH_SANITIZE)
  # After the build type's -O3: half the compile time, and stacks that can be read.
  add_compile_options(-O1 -fno-omit-frame-pointer ${sanitizer_flags})
  add_link_options(${sanitizer_flags})
endif()

# The same core is compiled for C++ and for every Python: with ccache, once. The paths are made
# relative so that build directories and clones share.
find_program(SKIPLITH_CCACHE ccache)
mark_as_advanced(SKIPLITH_CCACHE)
if(SKIPLITH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${SKIPLITH_CCACHE})
endif()
