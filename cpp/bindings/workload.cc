// run_workload: load from native threads, without the interpreter.

#include "bindings/arguments.h"
#include "bindings/choice.h"
#include "bindings/history.h"
#include "bindings/pairs.h"
#include "lab/load.h"

namespace skiplith::python {
namespace {

constexpr Names<lab::Distribution> kDistributions = {
    {"uniform", lab::Distribution::kUniform},
    {"zipfian", lab::Distribution::kZipfian},
    {"sequential", lab::Distribution::kSequential}};

void add_weight(PyObject* name, PyObject* weight_object, lab::Load* load) {
  if (!PyUnicode_Check(name)) {
    throw_error(PyExc_TypeError, "a mix has names of operations, not %.200s",
                Py_TYPE(name)->tp_name);
  }
  const auto kind = lab::operation_named(py::cast<std::string>(py::handle(name)));
  if (!kind) throw_error(PyExc_ValueError, "there is no operation %R for a mix", name);
  const double weight = PyFloat_AsDouble(weight_object);
  if (weight == -1 && PyErr_Occurred() != nullptr) throw ErrorSet();
  load->mix[static_cast<size_t>(*kind)] = weight;
}

uint32_t threads_argument(PyObject* object) {
  return static_cast<uint32_t>(std::min<uint64_t>(size_argument(object, "threads", 1), UINT32_MAX));
}

// The target's database, and who records what is done to it.
struct Target {
  std::shared_ptr<Db> db;
  lab::RecordedDatabase recorded;

  static Target from(PyObject* object) {
    if (RecordedDb* wrapped = recorded_db_in(object)) {
      return {wrapped->db().shared(), wrapped->recorded()};
    }
    if (!is_db(object)) {
      throw_error(PyExc_TypeError, "a workload runs on a DB or a RecordedDB, not %.200s",
                  Py_TYPE(object)->tp_name);
    }
    std::shared_ptr<Db> db = held<Db>(object).shared();
    Database& engine = db->engine();
    return {std::move(db), lab::RecordedDatabase(engine, nullptr)};
  }
};

py::object run(PyObject* object, const lab::Load& load) {
  Target target = Target::from(object);
  bool interrupted = false;
  const auto go_on = [&] {
    PyGILState_STATE state = PyGILState_Ensure();
    interrupted = PyErr_CheckSignals() != 0;
    PyGILState_Release(state);
    return !interrupted;
  };
  auto result = target.db->released([&] { return lab::run_load(load, target.recorded, go_on); });
  if (interrupted) throw ErrorSet();
  lab::LoadResult done = ensured(std::move(result));
  py::dict latencies;
  for (size_t kind = 0; kind < lab::kOperationKinds; ++kind) {
    const std::vector<uint64_t>& own = done.latencies[kind];
    if (load.mix[kind] == 0) continue;
    latencies[lab::operation_name(static_cast<lab::OperationKind>(kind))] =
        py::bytes(reinterpret_cast<const char*>(own.data()), own.size() * sizeof(uint64_t));
  }
  return py::make_tuple(done.seconds, latencies);
}

constexpr const char* kDoc =
    R"(run_workload(target, *, ops, mix, keys, threads, distribution, seed, value_bytes)
--

What skiplith.lab.workload() runs with native=True: `ops` operations in all, from `threads` native
threads with a common start, on a DB or a RecordedDB, without the GIL. Returns the elapsed seconds
and, for each kind of the mix, the latencies of its operations in ns: unsigned 64-bit numbers,
little-endian.

`mix` gives kinds and their weights: "get", "put", "delete", "erase" (del db[key]),
"compare_and_set", "increment", "setdefault", "pop", "popitem", "update", "read" (get_many),
"clear". `keys` is a number; `distribution` "uniform", "zipfian" or "sequential". Ctrl-C ends it.

Raises TypeError and ValueError (arguments), and what the operations raise.)";

py::object run_workload(const py::object& target, const py::object& ops, const py::dict& mix,
                        const py::object& keys, const py::object& threads,
                        const py::object& distribution, const py::object& seed,
                        const py::object& value_bytes) {
  py::object done;
  guarded_for_pybind11([&] {
    lab::Load load{.operations = size_argument(ops.ptr(), "ops", 0),
                   .keys = size_argument(keys.ptr(), "keys", 1),
                   .threads = threads_argument(threads.ptr()),
                   .distribution = choice(distribution.ptr(), "distribution", kDistributions,
                                          lab::Distribution::kUniform),
                   .seed = size_argument(seed.ptr(), "seed", 0),
                   .value_bytes = size_argument(value_bytes.ptr(), "value_bytes", 0)};
    for (const auto& [name, weight] : mix) add_weight(name.ptr(), weight.ptr(), &load);
    done = run(target.ptr(), load);
  });
  return done;
}

}  // namespace

void register_workload(py::module_& lab) {
  py::options as_written;
  as_written.disable_function_signatures();
  lab.def("run_workload", &run_workload, py::arg("target"), py::kw_only(), py::arg("ops"),
          py::arg("mix"), py::arg("keys"), py::arg("threads"), py::arg("distribution"),
          py::arg("seed"), py::arg("value_bytes"), kDoc);
}

}  // namespace skiplith::python
