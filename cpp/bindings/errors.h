// How anything that goes wrong becomes a Python exception: the one place for it.
//
// Inside the bindings a Python error that is already set travels as ErrorSet; guarded() stands
// at every entry from the interpreter and lets nothing else through. No message contains keys or
// values.
#pragma once

#include <pybind11/pybind11.h>

#include "base/status.h"

namespace skiplith::python {

namespace py = pybind11;

// Thrown once the interpreter's error indicator is set.
struct ErrorSet {};

// Finds the exception classes of skiplith._errors; at import.
void load_exceptions();

py::object file_name(const std::string& path);
// The exception that a status stands for. `status` is not ok.
py::object exception_from(const Status& status);
void set_error(const Status& status) noexcept;
[[noreturn]] void throw_status(const Status& status);
[[noreturn]] void throw_error(PyObject* type, const char* format, ...);
// A ClosedError that says more than "the database is closed".
[[noreturn]] void throw_closed(const char* message);
// Is a ConflictError set?
bool is_conflict_set();
// Sets KeyError(key). Not thrown: asking for what is not there is ordinary use.
std::nullptr_t missing_key(PyObject* key);

inline void ensure(const Status& status) {
  if (!status.is_ok()) [[unlikely]]
    throw_status(status);
}
template <typename T>
T ensured(Result<T> result) {
  if (!result.is_ok()) [[unlikely]]
    throw_status(result.status());
  return std::move(*result);
}
// For calls of the interpreter that answer null or -1 when they have set an error.
template <typename T>
T* ensure_made(T* object) {
  if (object == nullptr) [[unlikely]]
    throw ErrorSet();
  return object;
}
inline void ensure_success(int result) {
  if (result < 0) [[unlikely]]
    throw ErrorSet();
}

// Lets Ctrl-C end a long loop.
inline void check_signals() { ensure_success(PyErr_CheckSignals()); }

// Makes the exception in flight the interpreter's error.
void translate_exception_in_flight() noexcept;

template <typename R>
inline constexpr R kErrorResult = static_cast<R>(-1);
template <typename T>
inline constexpr T* kErrorResult<T*> = nullptr;

// Runs `body` and lets no C++ exception out: null or -1 with the error set instead.
template <typename Body>
auto guarded(Body body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    translate_exception_in_flight();
    return kErrorResult<decltype(body())>;
  }
}

// The same for bodies that pybind11 calls, and which throw what it knows.
template <typename Body>
void guarded_for_pybind11(Body body) {
  const auto run = [&body] {
    body();
    return 0;
  };
  if (guarded(run) < 0) throw py::error_already_set();
}

}  // namespace skiplith::python
