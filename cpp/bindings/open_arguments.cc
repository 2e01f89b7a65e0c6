#include "bindings/open_arguments.h"

#include <utility>

#include "bindings/arguments.h"
#include "bindings/choice.h"
#include "bindings/files.h"

namespace skiplith::python {
namespace {

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

}  // namespace

std::shared_ptr<Db> open_by(Arguments arguments) {
  Options options;
  const std::string path = path_argument(arguments[0]);
  const OpenMode mode = choice(arguments[1], "flag", kModes, OpenMode::kCreate);
  options.sync = bool_argument(arguments[2], "sync", options.sync);
  options.sync_interval_ms =
      size_argument(arguments[3], "sync_interval_ms", options.sync_interval_ms);
  options.wal = bool_argument(arguments[4], "wal", options.wal);
  options.wal_sink = choice(arguments[5], "wal_sink", kSinks, options.wal_sink);
  options.memtable = choice(arguments[6], "memtable", kMemtables, options.memtable);
  options.memtable_bytes = size_argument(arguments[7], "memtable_bytes", options.memtable_bytes);
  const GilPolicy gil = choice(arguments[8], "gil", kGilPolicies, GilPolicy::kAuto);
  return Db::open(files_argument(arguments[9]), path, mode, options, gil);
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
