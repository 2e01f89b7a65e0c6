// skiplith._core.sync_points: the engine's named places, for tests.

#include "base/sync_points.h"

#include <pybind11/stl.h>

#include "bindings/gil.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

SyncPoint point_named(const std::string& name) {
  SyncPoint point;
  if (!sync_points::find(name, &point)) throw py::value_error("no sync point is named " + name);
  return point;
}

class PauseObject {
 public:
  PauseObject(const std::string& name, uint32_t limit) : pause_(point_named(name), limit) {}
  bool wait_reached(uint32_t count, uint64_t timeout_ms) {
    const GilReleased released(nullptr);
    return pause_.wait_reached(count, timeout_ms);
  }
  uint32_t reached() { return pause_.reached(); }
  void release() { pause_.release(); }

 private:
  sync_points::Pause pause_;
};

}  // namespace

void register_sync_points(py::module_& module) {
  py::options as_written;
  as_written.disable_function_signatures();
  py::module_ points = module.def_submodule(
      "sync_points", "Named places in the engine where a test may count, pause or die.");
  points.def("names", &sync_points::names, "names()\n--\n\nAll names.");
  points.def("arm", &sync_points::arm, "arm()\n--\n\nCounts hits of all points, from zero.");
  points.def("reset", &sync_points::reset,
             "reset()\n--\n\nDisarms all points, and lets go whoever is paused.");
  points.def(
      "hits", [](const std::string& name) { return sync_points::hits(point_named(name)); },
      py::arg("name"), "hits(name)\n--\n\nHow often the point was reached since arm().");
  points.def(
      "kill_at",
      [](const std::string& name, uint64_t nth) { sync_points::kill_at(point_named(name), nth); },
      py::arg("name"), py::arg("nth"),
      "kill_at(name, nth)\n--\n\nThe process dies as by `kill -9` when it is reached the nth "
      "time.");
  py::class_<PauseObject>(points, "Pause", py::is_final(),
                          py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)),
                          "Pause(name, limit)\n--\n\n"
                          "Holds the first `limit` threads that reach a point until release().")
      .def(py::init<const std::string&, uint32_t>(), py::arg("name"), py::arg("limit"),
           "__init__(self, name, limit)\n--\n\nFrom now on.")
      .def("wait_reached", &PauseObject::wait_reached, py::arg("count"), py::arg("timeout_ms"),
           "wait_reached(self, count, timeout_ms)\n--\n\n"
           "Waits until `count` threads are or were held; False when they do not come.")
      .def("reached", &PauseObject::reached,
           "reached(self)\n--\n\nHow many threads are or were held.")
      .def("release", &PauseObject::release, "release(self)\n--\n\nLets all go, now and later.");
}

}  // namespace skiplith::python
