#include "bindings/files.h"

#include "bindings/history.h"
#include "bindings/register.h"

namespace skiplith::python {

std::shared_ptr<Files> files_argument(PyObject* object) {
  if (object == nullptr || object == Py_None) {
    return {std::shared_ptr<void>(), &posix_files()};  // nobody's to delete
  }
  if (auto files = memory_files_in(object)) return files;
  if (auto files = faulty_files_in(object)) return files;
  throw_error(PyExc_TypeError, "files must be made by skiplith.lab, or None, not %.200s",
              Py_TYPE(object)->tp_name);
}

void register_lab(py::module_& module) {
  py::module_ lab = module.def_submodule("lab", "What skiplith.lab is made of; use its names.");
  register_memory_files(lab);
  register_faulty_files(lab);
  register_recorded_db(lab);
  register_history(lab);
  register_workload(lab);
}

}  // namespace skiplith::python
