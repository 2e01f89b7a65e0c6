// One function per area, called by the module.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/made.h"

namespace skiplith::python {

namespace py = pybind11;

void register_db(py::module_& module);
void register_ranges(py::module_& module);
void register_iterator(py::module_& module);
void register_cursor(py::module_& module);
void register_value_view();
void register_batch(py::module_& module);
void register_snapshot(py::module_& module);
void register_transaction(py::module_& module);
void register_lab(py::module_& module);
void register_sync_points(py::module_& module);

// Users know the classes as the package's.
inline void expose(py::handle bound_class) { bound_class.attr("__module__") = "skiplith"; }

// A class whose objects only other objects make: without constructor, not to be derived from, and
// an instance of `type` like any other class. `tables` sets its methods, attributes and slots.
template <typename T>
void register_made_class(py::module_& module, const char* name, const char* doc,
                         void (*tables)(PyHeapTypeObject*)) {
  const auto set_up = [tables](PyHeapTypeObject* type) {
    type->ht_type.tp_init = nullptr;
    type->ht_type.tp_new = nullptr;
    type->ht_type.tp_flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    type->ht_type.tp_dealloc = &free_object<T>;
    tables(type);
  };
  py::class_<T, std::shared_ptr<T>> made(module, name, doc, py::is_final(),
                                         py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)),
                                         py::custom_type_setup(set_up));
  expose(made);
  MadeClass<T>::type = reinterpret_cast<PyTypeObject*>(made.ptr());
}

}  // namespace skiplith::python
