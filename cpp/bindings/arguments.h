// From the interpreter's objects to what the engine takes, and back.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "bindings/errors.h"
#include "bindings/gil.h"

namespace skiplith::python {

// A key or value as an argument: any C-contiguous buffer.
//
// `bytes` are used where they lie: they never change, and the caller's reference keeps them.
// Whatever else has a buffer is copied at once, so that nobody can change it while the GIL is
// away; but not what is over its limit, which the engine refuses by its size alone.
class BytesArgument {
 public:
  enum class What : uint8_t { kKey, kValue };

  BytesArgument(PyObject* object, What what) {
    if (PyBytes_Check(object)) [[likely]] {
      bytes_ = Bytes(PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object)));
    } else {
      take_buffer(object, what);
    }
  }
  BytesArgument(BytesArgument&&) = default;
  Bytes bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  // Whether the object has to live on, and nothing else.
  bool is_in_place() const { return copy_ == nullptr && oversized_ == nullptr; }

 private:
  struct ReleaseBuffer {
    void operator()(Py_buffer* buffer) const {
      PyBuffer_Release(buffer);
      delete buffer;
    }
  };
  void take_buffer(PyObject* object, What what);

  Bytes bytes_;
  std::unique_ptr<char[]> copy_;
  std::unique_ptr<Py_buffer, ReleaseBuffer> oversized_;
};

inline BytesArgument key_argument(PyObject* object) {
  return BytesArgument(object, BytesArgument::What::kKey);
}
inline BytesArgument value_argument(PyObject* object) {
  return BytesArgument(object, BytesArgument::What::kValue);
}

// Keys as an iterable of them.
class KeysArgument {
 public:
  explicit KeysArgument(PyObject* iterable);
  std::span<const Bytes> all() const { return all_; }

 private:
  py::object keys_;  // a tuple: nobody changes it while the GIL is away
  std::vector<Bytes> all_;
  std::vector<BytesArgument> copied_;  // of those that are not bytes
};

// The others take null where no argument was given.
bool bool_argument(PyObject* object, const char* name, bool otherwise);
// `sync=`: None is what the database was opened with.
inline bool sync_argument(PyObject* object, bool otherwise) {
  if (object == nullptr || object == Py_None) [[likely]]
    return otherwise;
  return bool_argument(object, "sync", otherwise);
}
// Absolute: a later chdir() must not change where the engine makes its next file. ValueError when
// it is empty or has a null byte in it.
std::string path_argument(PyObject* object);
// ValueError when negative or past 64 bits.
uint64_t size_argument(PyObject* object, const char* name, uint64_t otherwise);
// OverflowError past 64 bits.
int64_t int64_argument(PyObject* object, const char* name, int64_t otherwise);

// A new bytes object; a long copy is made without the GIL.
PyObject* make_bytes(Gil& gil, Bytes bytes);
// A new tuple of two; takes over both references, either of which may be null with an error set.
PyObject* make_pair(PyObject* first, PyObject* second);

// A pair as given by an iterable: any iterable of two.
struct PairArgument {
  explicit PairArgument(PyObject* pair);
  PyObject* first() const { return PySequence_Fast_GET_ITEM(items.ptr(), 0); }
  PyObject* second() const { return PySequence_Fast_GET_ITEM(items.ptr(), 1); }
  py::object items;
};

}  // namespace skiplith::python
