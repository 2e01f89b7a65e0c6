# Finds the system libraries and collects what is missing, so that one message names all of it.

# The imported target `target` for a C library that ships no CMake package file of its own.
function(skiplith_find_library target header library debian_package)
  find_path(${target}_INCLUDE_DIR ${header})
  # The shared library by its file name: Debian's libzstd.a is not position-independent.
  find_library(${target}_LIBRARY NAMES ${CMAKE_SHARED_LIBRARY_PREFIX}${library}${CMAKE_SHARED_LIBRARY_SUFFIX})
  mark_as_advanced(${target}_INCLUDE_DIR ${target}_LIBRARY)
  if(NOT ${target}_INCLUDE_DIR OR NOT ${target}_LIBRARY)
    skiplith_note_missing(${debian_package})
    return()
  endif()
  add_library(skiplith::${target} SHARED IMPORTED)
  set_target_properties(
    skiplith::${target} PROPERTIES IMPORTED_LOCATION ${${target}_LIBRARY}
                                   INTERFACE_INCLUDE_DIRECTORIES ${${target}_INCLUDE_DIR})
endfunction()

function(skiplith_note_missing debian_package)
  set_property(GLOBAL APPEND PROPERTY SKIPLITH_MISSING_PACKAGES ${debian_package})
endfunction()

function(skiplith_require_nothing_missing)
  get_property(missing GLOBAL PROPERTY SKIPLITH_MISSING_PACKAGES)
  if(missing)
    list(JOIN missing " " packages)
    message(FATAL_ERROR "Skiplith needs system packages that are not installed: ${packages}\n"
                        "On Debian or Ubuntu:  apt-get install ${packages}")
  endif()
endfunction()
