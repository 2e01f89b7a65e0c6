#include "bindings/open_arguments.h"

#include <utility>

#include "bindings/arguments.h"

namespace skiplith::python {
namespace {

template <typename T>
using Names = std::initializer_list<std::pair<const char*, T>>;

constexpr Names<OpenMode> kModes = {{"r", OpenMode::kRead},
                                    {"w", OpenMode::kWrite},
                                    {"c", OpenMode::kCreate},
                                    {"n", OpenMode::kNew}};
constexpr Names<SinkChoice> kSinks = {
    {"auto", SinkChoice::kAuto}, {"mapped", SinkChoice::kMapped}, {"write", SinkChoice::kWrite}};
constexpr Names<IndexKind> kMemtables = {{"skiplist", IndexKind::kSkiplist},
                                         {"mutex_map", IndexKind::kMutexMap},
                                         {"rwlock_map", IndexKind::kRwlockMap}};
constexpr Names<GilPolicy> kGilPolicies = {
    {"auto", GilPolicy::kAuto}, {"release", GilPolicy::kRelease}, {"hold", GilPolicy::kHold}};

template <typename T>
T choice(PyObject* object, const char* what, const Names<T>& names, T otherwise) {
  if (object == nullptr) return otherwise;
  if (!PyUnicode_Check(object)) {
    throw_error(PyExc_TypeError, "%s must be a str, not %.200s", what, Py_TYPE(object)->tp_name);
  }
  std::string allowed;
  for (const auto& [name, value] : names) {
    if (PyUnicode_CompareWithASCIIString(object, name) == 0) return value;
    allowed += allowed.empty() ? "'" : ", '";
    allowed += name;
    allowed += "'";
  }
  throw_error(PyExc_ValueError, "%s must be one of %s, not %R", what, allowed.c_str(), object);
}

template <typename T>
const char* name_of(const Names<T>& names, T wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  return "";
}

// Absolute: a later chdir() must not change where the engine makes its next file.
std::string path_from(PyObject* object) {
  const py::module_ os = py::module_::import("os");
  const py::bytes given = os.attr("fsencode")(py::handle(object));
  const std::string_view text(given);
  if (text.empty()) throw_error(PyExc_ValueError, "the path is empty");
  if (text.find('\0') != text.npos) throw_error(PyExc_ValueError, "the path has a null byte in it");
  return py::bytes(os.attr("path").attr("abspath")(given));
}

}  // namespace

std::shared_ptr<Db> open_by(Arguments arguments) {
  Options options;
  const std::string path = path_from(arguments[0]);
  const OpenMode mode = choice(arguments[1], "flag", kModes, OpenMode::kCreate);
  options.sync = bool_argument(arguments[2], "sync", options.sync);
  options.sync_interval_ms =
      size_argument(arguments[3], "sync_interval_ms", options.sync_interval_ms);
  options.wal = bool_argument(arguments[4], "wal", options.wal);
  options.wal_sink = choice(arguments[5], "wal_sink", kSinks, options.wal_sink);
  options.memtable = choice(arguments[6], "memtable", kMemtables, options.memtable);
  options.memtable_bytes = size_argument(arguments[7], "memtable_bytes", options.memtable_bytes);
  return Db::open(path, mode, options, choice(arguments[8], "gil", kGilPolicies, GilPolicy::kAuto));
}

PyObject* make_options(Db& db) {
  using namespace py::literals;
  const Options& options = db.engine().options();
  return py::module_::import("skiplith._values")
      .attr("Options")("sync"_a = options.sync, "sync_interval_ms"_a = options.sync_interval_ms,
                       "wal"_a = options.wal, "wal_sink"_a = name_of(kSinks, options.wal_sink),
                       "memtable"_a = name_of(kMemtables, options.memtable),
                       "memtable_bytes"_a = options.memtable_bytes,
                       "gil"_a = name_of(kGilPolicies, db.gil().policy()))
      .release()
      .ptr();
}

}  // namespace skiplith::python
