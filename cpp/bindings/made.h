// Objects that only other objects make: iterators, cursors, snapshots, transactions.
//
// pybind11 made their class, and everything of it that reads an instance finds it as pybind11 lays
// it out. Making and freeing one goes past it: pybind11 looks up the object's dynamic type and
// keeps every instance in a table, to find the Python object of a C++ one again, which nobody asks
// of these. Without that a transaction of one put takes 760 ns instead of 875.
#pragma once

#include <memory>
#include <new>

#include "bindings/errors.h"

namespace skiplith::python {

template <typename T>
struct MadeClass {
  static inline PyTypeObject* type = nullptr;  // once registered; lives as long as the process
};

// Holds `object`. Throws when Python has no memory.
template <typename T>
PyObject* make_object(std::shared_ptr<T> object) {
  static_assert(py::detail::size_in_ptrs(sizeof object) <=
                py::detail::instance_simple_holder_in_ptrs());
  PyTypeObject* const type = MadeClass<T>::type;
  PyObject* const made = ensure_made(type->tp_alloc(type, 0));  // zeroed
  auto* const instance = reinterpret_cast<py::detail::instance*>(made);
  instance->simple_value_holder[0] = object.get();
  new (&instance->simple_value_holder[1]) std::shared_ptr<T>(std::move(object));
  instance->owned = true;
  instance->simple_layout = true;
  instance->simple_holder_constructed = true;
  return made;
}

// tp_dealloc.
template <typename T>
void free_object(PyObject* self) {
  auto* const instance = reinterpret_cast<py::detail::instance*>(self);
  if (instance->weakrefs != nullptr) PyObject_ClearWeakRefs(self);
  std::launder(reinterpret_cast<std::shared_ptr<T>*>(&instance->simple_value_holder[1]))
      ->~shared_ptr();
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

}  // namespace skiplith::python
