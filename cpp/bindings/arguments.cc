#include "bindings/arguments.h"

#include "record/limits.h"

namespace skiplith::python {
namespace {

const char* type_name(PyObject* object) { return Py_TYPE(object)->tp_name; }

// An integer that is no bool, as a Python int.
py::object index_argument(PyObject* object, const char* name) {
  if (PyBool_Check(object) || !PyIndex_Check(object)) {
    throw_error(PyExc_TypeError, "%s must be an integer, not %.200s", name, type_name(object));
  }
  return py::reinterpret_steal<py::object>(ensure_made(PyNumber_Index(object)));
}

}  // namespace

void BytesArgument::take_buffer(PyObject* object, What what) {
  const bool is_key = what == What::kKey;
  const char* name = is_key ? "a key" : "a value";
  if (PyUnicode_Check(object)) {
    throw_error(PyExc_TypeError, "%s must be bytes, not str: encode it, as in text.encode()", name);
  }
  if (!PyObject_CheckBuffer(object)) {
    throw_error(PyExc_TypeError, "%s must be bytes or another buffer of bytes, not %.200s", name,
                type_name(object));
  }
  std::unique_ptr<Py_buffer, ReleaseBuffer> buffer(new Py_buffer());
  if (PyObject_GetBuffer(object, buffer.get(), PyBUF_SIMPLE) < 0) {
    if (PyErr_ExceptionMatches(PyExc_BufferError) != 0) {
      py::raise_from(PyExc_TypeError, "keys and values must be contiguous buffers");
    }
    throw ErrorSet();
  }
  const auto size = static_cast<size_t>(buffer->len);
  if (size > (is_key ? kMaxKeyBytes : kMaxValueBytes)) {
    bytes_ = Bytes(static_cast<const char*>(buffer->buf), size);
    oversized_ = std::move(buffer);
    return;
  }
  copy_ = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(copy_.get(), buffer->buf, size);
  bytes_ = Bytes(copy_.get(), size);
}

KeysArgument::KeysArgument(PyObject* iterable)
    : keys_(py::reinterpret_steal<py::object>(ensure_made(PySequence_Tuple(iterable)))) {
  const Py_ssize_t count = PyTuple_GET_SIZE(keys_.ptr());
  all_.reserve(static_cast<size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    BytesArgument key = key_argument(PyTuple_GET_ITEM(keys_.ptr(), i));
    all_.push_back(key.bytes());
    if (!key.is_in_place()) copied_.push_back(std::move(key));
  }
}

std::string path_argument(PyObject* object) {
  const py::module_ os = py::module_::import("os");
  const py::bytes given = os.attr("fsencode")(py::handle(object));
  const std::string_view text(given);
  if (text.empty()) throw_error(PyExc_ValueError, "the path is empty");
  if (text.find('\0') != text.npos) throw_error(PyExc_ValueError, "the path has a null byte in it");
  return py::bytes(os.attr("path").attr("abspath")(given));
}

bool bool_argument(PyObject* object, const char* name, bool otherwise) {
  if (object == nullptr) return otherwise;
  if (!PyBool_Check(object)) {
    throw_error(PyExc_TypeError, "%s must be True or False, not %.200s", name, type_name(object));
  }
  return object == Py_True;
}

uint64_t size_argument(PyObject* object, const char* name, uint64_t otherwise) {
  if (object == nullptr) return otherwise;
  const py::object number = index_argument(object, name);
  const unsigned long long value = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw_error(PyExc_ValueError, "%s must be at least 0 and below 2**64", name);
  }
  return value;
}

int64_t int64_argument(PyObject* object, const char* name, int64_t otherwise) {
  if (object == nullptr) return otherwise;
  const py::object number = index_argument(object, name);
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0) {
    throw_error(PyExc_OverflowError, "%s must fit into 64 bits, signed", name);
  }
  return value;
}

PyObject* make_bytes(Gil& gil, Bytes bytes) {
  const auto size = static_cast<Py_ssize_t>(bytes.size());
  if (!gil.lets_go(bytes.size() >= kReleaseCopyBytes) || bytes.size() < kReleaseCopyBytes) {
    return PyBytes_FromStringAndSize(bytes.data(), size);
  }
  PyObject* object = PyBytes_FromStringAndSize(nullptr, size);
  if (object != nullptr) {
    const GilReleased released(gil);
    std::memcpy(PyBytes_AS_STRING(object), bytes.data(), bytes.size());
  }
  return object;
}

PyObject* make_pair(PyObject* first, PyObject* second) {
  PyObject* pair = first != nullptr && second != nullptr ? PyTuple_New(2) : nullptr;
  if (pair == nullptr) {
    Py_XDECREF(first);
    Py_XDECREF(second);
    return nullptr;
  }
  PyTuple_SET_ITEM(pair, 0, first);
  PyTuple_SET_ITEM(pair, 1, second);
  return pair;
}

PairArgument::PairArgument(PyObject* pair) {
  if (PyBytes_Check(pair) || PyUnicode_Check(pair)) {
    throw_error(PyExc_TypeError, "expected pairs of a key and a value, not %.200s",
                type_name(pair));
  }
  items = py::reinterpret_steal<py::object>(
      ensure_made(PySequence_Fast(pair, "expected pairs of a key and a value")));
  if (PySequence_Fast_GET_SIZE(items.ptr()) != 2) {
    throw_error(PyExc_ValueError, "expected pairs of a key and a value, not %zd items",
                PySequence_Fast_GET_SIZE(items.ptr()));
  }
}

}  // namespace skiplith::python
