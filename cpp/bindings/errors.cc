#include "bindings/errors.h"

#include <cerrno>
#include <cstdarg>
#include <system_error>

#include "base/threads.h"

namespace skiplith::python {
namespace {

// References that are never given back.
struct Exceptions {
  PyObject* closed = nullptr;
  PyObject* corruption = nullptr;
  PyObject* storage = nullptr;
  PyObject* locked = nullptr;
  PyObject* read_only = nullptr;
  PyObject* conflict = nullptr;
  PyObject* format = nullptr;
  PyObject* poisoned = nullptr;
} exceptions;

uint32_t generation_at_import = 0;

const char* closed_message() {
  return fork_generation() == generation_at_import
             ? "the database is closed"
             : "the database is closed, or was opened before fork(): open it again in this process";
}

template <typename... Arguments>
py::object make(PyObject* type, Arguments&&... arguments) {
  return py::handle(type)(std::forward<Arguments>(arguments)...);
}

py::object poisoned_from(const Status& status) {
  py::object error = make(exceptions.poisoned, status.message());
  if (status.cause() != nullptr) {
    PyException_SetCause(error.ptr(), exception_from(*status.cause()).release().ptr());
  }
  return error;
}

}  // namespace

void load_exceptions() {
  generation_at_import = fork_generation();
  const py::module_ errors = py::module_::import("skiplith._errors");
  const auto find = [&errors](const char* name) {
    return py::object(errors.attr(name)).release().ptr();
  };
  exceptions.closed = find("ClosedError");
  exceptions.corruption = find("CorruptionError");
  exceptions.storage = find("StorageError");
  exceptions.locked = find("LockedError");
  exceptions.read_only = find("ReadOnlyError");
  exceptions.conflict = find("ConflictError");
  exceptions.format = find("FormatError");
  exceptions.poisoned = find("PoisonedError");
}

py::object file_name(const std::string& path) {
  return py::reinterpret_steal<py::object>(ensure_made(
      PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size()))));
}

py::object exception_from(const Status& status) {
  const std::string& message = status.message();
  switch (status.code()) {
    case StatusCode::kClosed: return make(exceptions.closed, closed_message());
    case StatusCode::kCorruption:
      return make(exceptions.corruption, message, file_name(status.path()), status.offset());
    case StatusCode::kStorage:
      return make(exceptions.storage, status.error_number(), message, file_name(status.path()));
    case StatusCode::kNotFound:
      return make(PyExc_FileNotFoundError, ENOENT, message, file_name(status.path()));
    case StatusCode::kLocked: return make(exceptions.locked, message, file_name(status.path()));
    case StatusCode::kReadOnly: return make(exceptions.read_only, message);
    case StatusCode::kConflict: return make(exceptions.conflict, message);
    case StatusCode::kFormat: return make(exceptions.format, message, file_name(status.path()));
    case StatusCode::kPoisoned: return poisoned_from(status);
    case StatusCode::kInvalidArgument: return make(PyExc_ValueError, message);
    case StatusCode::kOverflow: return make(PyExc_OverflowError, message);
    case StatusCode::kOk:
    case StatusCode::kWouldBlock: break;
  }
  return make(PyExc_SystemError,
              std::string("skiplith: unexpected status: ") + status_code_name(status.code()));
}

void set_error(const Status& status) noexcept {
  guarded([&] {
    const py::object error = exception_from(status);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
    return 0;
  });
}

void throw_status(const Status& status) {
  set_error(status);
  throw ErrorSet();
}

void throw_error(PyObject* type, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyErr_FormatV(type, format, arguments);
  va_end(arguments);
  throw ErrorSet();
}

void throw_closed(const char* message) {
  PyErr_SetString(exceptions.closed, message);
  throw ErrorSet();
}

bool is_conflict_set() { return PyErr_ExceptionMatches(exceptions.conflict) != 0; }

std::nullptr_t missing_key(PyObject* key) {
  PyErr_SetObject(PyExc_KeyError, key);
  return nullptr;
}

void translate_exception_in_flight() noexcept {
  try {
    throw;
  } catch (const ErrorSet&) {
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::system_error& error) {
    errno = error.code().value();
    PyErr_SetFromErrno(exceptions.storage);
  } catch (const std::exception& error) {
    PyErr_Format(PyExc_SystemError, "skiplith: unexpected exception: %s", error.what());
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "skiplith: unexpected exception");
  }
}

}  // namespace skiplith::python
