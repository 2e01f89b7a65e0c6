// The files that a database is opened on, and the classes of those that are there for tests.
#pragma once

#include <memory>

#include "bindings/errors.h"
#include "io/files.h"

namespace skiplith::python {

// `files=`: null and None are the operating system's. TypeError for what is no files object.
std::shared_ptr<Files> files_argument(PyObject* object);

// Bound to the module skiplith._core.lab.
void register_memory_files(py::module_& lab);
void register_faulty_files(py::module_& lab);

// Null unless the object is of the class.
std::shared_ptr<Files> memory_files_in(PyObject* object);
std::shared_ptr<Files> faulty_files_in(PyObject* object);

}  // namespace skiplith::python
