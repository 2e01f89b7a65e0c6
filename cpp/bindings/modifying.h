// Read-modify-write of one key, as Python calls it. `modify(Bytes key, Modification&)` does it.
#pragma once

#include "bindings/arguments.h"
#include "bindings/method.h"
#include "db/modify.h"

namespace skiplith::python {

inline std::optional<BytesArgument> value_or_none(PyObject* object) {
  if (object == Py_None) return std::nullopt;
  return value_argument(object);
}

inline std::optional<Bytes> bytes_of(const std::optional<BytesArgument>& argument) {
  if (!argument) return std::nullopt;
  return argument->bytes();
}

// setdefault(key, default=b'')
template <typename Modify>
PyObject* setdefault_by(Gil& gil, Arguments arguments, Modify modify) {
  const BytesArgument key = key_argument(arguments[0]);
  static PyObject* const empty = PyBytes_FromStringAndSize(nullptr, 0);
  const BytesArgument value = value_argument(arguments[1] == nullptr ? empty : arguments[1]);
  SetDefault modification(value.bytes());
  modify(key.bytes(), modification);
  return make_bytes(gil, modification.inserted() ? value.bytes() : modification.old_value.bytes());
}

// pop(key, default=...)
template <typename Modify>
PyObject* pop_by(Gil& gil, Arguments arguments, Modify modify) {
  const BytesArgument key = key_argument(arguments[0]);
  EraseExisting modification(true);
  modify(key.bytes(), modification);
  if (modification.erased()) return make_bytes(gil, modification.old_value.bytes());
  const bool no_default = arguments[1] == nullptr || arguments[1] == Py_Ellipsis;
  return no_default ? missing_key(arguments[0]) : Py_NewRef(arguments[1]);
}

// compare_and_set(key, expected, new)
template <typename Modify>
PyObject* compare_and_set_by(Arguments arguments, Modify modify) {
  const BytesArgument key = key_argument(arguments[0]);
  const std::optional<BytesArgument> expected = value_or_none(arguments[1]);
  const std::optional<BytesArgument> desired = value_or_none(arguments[2]);
  CompareAndSet modification(bytes_of(expected), bytes_of(desired));
  modify(key.bytes(), modification);
  return make_bool(modification.matched());
}

// increment(key, amount=1)
template <typename Modify>
PyObject* increment_by(Arguments arguments, Modify modify) {
  const BytesArgument key = key_argument(arguments[0]);
  Increment modification(int64_argument(arguments[1], "amount", 1));
  modify(key.bytes(), modification);
  ensure(modification.status());
  return PyLong_FromLongLong(modification.result());
}

}  // namespace skiplith::python
