// Pairs and keys as Python gives them to the writes of many.
#pragma once

#include "bindings/arguments.h"
#include "record/batch.h"

namespace skiplith::python {

// Is it a database, a snapshot or a transaction?
bool is_reader(PyObject* object);

// Calls `use(PyObject* item)` for each item of an iterable; lets Ctrl-C in.
template <typename Use>
void for_each(PyObject* iterable, Use use) {
  constexpr uint32_t kBetweenSignalChecks = 1024;
  const auto iterator = py::reinterpret_steal<py::object>(ensure_made(PyObject_GetIter(iterable)));
  for (uint32_t seen = 1;; ++seen) {
    const auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()));
    if (!item) break;
    use(item.ptr());
    if (seen % kBetweenSignalChecks == 0) check_signals();
  }
  if (PyErr_Occurred() != nullptr) throw ErrorSet();
}

// Calls `use(PyObject* key, PyObject* value)` for each pair, as dict.update() reads them: a
// mapping's items, or an iterable of pairs.
template <typename Use>
void for_each_pair(PyObject* source, Use use) {
  const auto use_pair = [&use](PyObject* item) {
    const PairArgument pair(item);
    use(pair.first(), pair.second());
  };
  const py::handle mapping(source);
  // Items of a database are of one point in time, and a dict's are the fastest way.
  if (PyDict_CheckExact(source) || is_reader(source)) {
    for_each(mapping.attr("items")().ptr(), use_pair);
  } else if (py::hasattr(mapping, "keys")) {
    for_each(mapping.attr("keys")().ptr(), [&](PyObject* key) {
      const auto value =
          py::reinterpret_steal<py::object>(ensure_made(PyObject_GetItem(source, key)));
      use(key, value.ptr());
    });
  } else {
    for_each(source, use_pair);
  }
}

// A long value is copied without the GIL.
void append_put(Gil& gil, Batch& batch, PyObject* key, PyObject* value);
// A batch that sets all pairs, or deletes all keys.
Batch puts_of(Gil& gil, PyObject* pairs);
Batch deletes_of(PyObject* keys);

}  // namespace skiplith::python
