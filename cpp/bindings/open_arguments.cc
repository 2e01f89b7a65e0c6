#include "bindings/open_arguments.h"

#include <algorithm>
#include <array>
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
                                         {"art", IndexKind::kArt},
                                         {"mutex_map", IndexKind::kMutexMap},
                                         {"rwlock_map", IndexKind::kRwlockMap}};
constexpr Names<Compression> kCompressions = {
    {"none", Compression::kNone}, {"lz4", Compression::kLz4}, {"zstd", Compression::kZstd}};
constexpr Names<CompactionStyle> kCompactions = {{"leveled", CompactionStyle::kLeveled},
                                                 {"tiered", CompactionStyle::kTiered},
                                                 {"none", CompactionStyle::kNone}};
constexpr Names<GilPolicy> kGilPolicies = {
    {"auto", GilPolicy::kAuto}, {"release", GilPolicy::kRelease}, {"hold", GilPolicy::kHold}};

// One for all levels, or a list of one per level: the last one counts for all deeper levels too.
std::array<Compression, kLevels> compression_from(PyObject* object) {
  constexpr Compression kDefault = Compression::kLz4;
  const auto one = [](PyObject* name) {
    return choice(name, "compression", kCompressions, kDefault);
  };
  if (object == nullptr || !PySequence_Check(object) || PyUnicode_Check(object)) {
    return every_level(one(object));
  }
  const auto names = py::reinterpret_steal<py::object>(ensure_made(PySequence_Tuple(object)));
  const auto count = static_cast<size_t>(PyTuple_GET_SIZE(names.ptr()));
  if (count == 0 || count > kLevels) {
    throw_error(PyExc_ValueError, "compression takes from 1 to %d levels, not %zd",
                static_cast<int>(kLevels), static_cast<Py_ssize_t>(count));
  }
  std::array<Compression, kLevels> levels;
  for (size_t level = 0; level < kLevels; ++level) {
    levels[level] = one(PyTuple_GET_ITEM(names.ptr(), std::min(level, count - 1)));
  }
  return levels;
}

py::object compression_of(const Options& options) {
  const auto& levels = options.compression;
  if (levels == every_level(levels[0])) return py::str(name_of(kCompressions, levels[0]));
  py::list names;
  for (const Compression compression : levels) names.append(name_of(kCompressions, compression));
  return py::tuple(names);
}

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
  options.cache_bytes = size_argument(arguments[8], "cache_bytes", options.cache_bytes);
  options.compression = compression_from(arguments[9]);
  const uint64_t filter_bits = size_argument(arguments[10], "filter_bits", options.filter_bits);
  options.filter_bits = static_cast<uint32_t>(std::min<uint64_t>(filter_bits, UINT32_MAX));
  options.compaction = choice(arguments[11], "compaction", kCompactions, options.compaction);
  const GilPolicy gil = choice(arguments[12], "gil", kGilPolicies, GilPolicy::kAuto);
  return Db::open(files_argument(arguments[13]), path, mode, options, gil);
}

PyObject* make_options(Db& db) {
  using namespace py::literals;
  const Options& options = db.engine().options();
  return py::module_::import("skiplith._values")
      .attr("Options")(
          "sync"_a = options.sync, "sync_interval_ms"_a = options.sync_interval_ms,
          "wal"_a = options.wal, "wal_sink"_a = name_of(kSinks, options.wal_sink),
          "memtable"_a = name_of(kMemtables, options.memtable),
          "memtable_bytes"_a = options.memtable_bytes, "cache_bytes"_a = options.cache_bytes,
          "compression"_a = compression_of(options), "filter_bits"_a = options.filter_bits,
          "compaction"_a = name_of(kCompactions, options.compaction),
          "gil"_a = name_of(kGilPolicies, db.gil().policy()))
      .release()
      .ptr();
}

}  // namespace skiplith::python
