// skiplith._core: the engine, as Python sees it.

#include "bindings/errors.h"
#include "bindings/open_databases.h"
#include "bindings/register.h"

#ifndef SKIPLITH_VERSION
#define SKIPLITH_VERSION "0"
#endif

namespace skiplith::python {

namespace {

void fill(py::module_& module) {
  module.doc() = "The engine of skiplith; use the package's names.";
  module.attr("__version__") = SKIPLITH_VERSION;
  load_exceptions();
  register_ranges(module);
  register_iterator(module);
  register_cursor(module);
  register_value_view();
  register_batch(module);
  register_snapshot(module);
  register_transaction(module);
  register_db(module);
  register_lab(module);
  register_sync_points(module);
  py::module_::import("atexit").attr("register")(py::cpp_function(&OpenDatabases::close_all));
}

}  // namespace

// No object of ours relies on the GIL for its own safety.
PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  guarded_for_pybind11([&] { fill(module); });
}

}  // namespace skiplith::python
