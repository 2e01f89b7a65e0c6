// The reads that a database, a snapshot and a transaction have in common: the same methods and
// slots for each of their classes, with docstrings of its own.
#pragma once

#include <vector>

#include "bindings/arguments.h"
#include "bindings/method.h"
#include "bindings/reader.h"
#include "bindings/value_view.h"

namespace skiplith::python {

using Methods = std::vector<PyMethodDef>;

// Each begins with the method's signature.
struct ReadDocs {
  const char* get;
  const char* get_many;
  const char* get_view;
  const char* keys;
  const char* values;
  const char* items;
  const char* count;
  const char* first;
  const char* last;
  const char* cursor;
};

PyObject* get_many(Reader& reader, Arguments arguments);
PyObject* keys(Reader& reader, Arguments arguments);
PyObject* values(Reader& reader, Arguments arguments);
PyObject* items(Reader& reader, Arguments arguments);
PyObject* count(Reader& reader, Arguments arguments);
PyObject* first(Reader& reader, Arguments);
PyObject* last(Reader& reader, Arguments);
PyObject* cursor(Reader& reader, Arguments);
PyObject* reversed(Reader& reader, Arguments);
PyObject* slice(Reader& reader, PyObject* object);
PyObject* iterate(Reader& reader);
Py_ssize_t length(Reader& reader);
int is_not_empty(Reader& reader);

// What looks up one key is compiled for each class: no virtual call on the way.

template <typename R>
PyObject* get(R& reader, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  Value value;
  reader.get(key.bytes(), &value);
  if (value.found()) return make_bytes(reader.gil(), value.bytes());
  return arguments[1] == nullptr ? none() : Py_NewRef(arguments[1]);
}

template <typename R>
PyObject* get_item(R& reader, PyObject* key_object) {
  if (PySlice_Check(key_object)) [[unlikely]]
    return slice(reader, key_object);
  const BytesArgument key = key_argument(key_object);
  Value value;
  reader.get(key.bytes(), &value);
  return value.found() ? make_bytes(reader.gil(), value.bytes()) : missing_key(key_object);
}

template <typename R>
int contains(R& reader, PyObject* key_object) {
  const BytesArgument key = key_argument(key_object);
  Value value;
  reader.get(key.bytes(), &value);
  return value.found() ? 1 : 0;
}

// A function of any reader, as one of the class that holds an R.
template <typename R, PyObject* (*function)(Reader&, Arguments)>
PyObject* method_of(R& reader, Arguments arguments) {
  return function(reader, arguments);
}
template <typename R, auto function>
auto slot_of(R& reader) {
  return function(reader);
}

template <typename R>
void add_read_methods(Methods& methods, const ReadDocs& docs) {
  methods.push_back(method<&get<R>>(docs.get));
  methods.push_back(method<&method_of<R, &get_many>>(docs.get_many));
  methods.push_back(method<&method_of<R, &get_view>>(docs.get_view));
  methods.push_back(method<&method_of<R, &keys>>(docs.keys));
  methods.push_back(method<&method_of<R, &values>>(docs.values));
  methods.push_back(method<&method_of<R, &items>>(docs.items));
  methods.push_back(method<&method_of<R, &count>>(docs.count));
  methods.push_back(method<&method_of<R, &first>>(docs.first));
  methods.push_back(method<&method_of<R, &last>>(docs.last));
  methods.push_back(method<&method_of<R, &cursor>>(docs.cursor));
  methods.push_back(method<&method_of<R, &reversed>>(
      "__reversed__($self, /)\n--\n\nAn iterator over all keys, the last one first."));
}

template <typename R>
void set_read_slots(PyHeapTypeObject* type) {
  type->as_mapping.mp_subscript = slot<&get_item<R>>;
  type->as_mapping.mp_length = slot<&slot_of<R, &length>>;
  type->as_sequence.sq_contains = slot<&contains<R>>;
  type->as_number.nb_bool = slot<&slot_of<R, &is_not_empty>>;
  type->ht_type.tp_iter = slot<&slot_of<R, &iterate>>;
}

}  // namespace skiplith::python
