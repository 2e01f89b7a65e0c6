#include "db/table_store.h"

#include <algorithm>

#include "lsm/memtable_versions.h"

namespace skiplith {
namespace {

constexpr uint64_t kBytesBetween = 1 << 20;

}  // namespace

uint64_t table_bytes(const Options& options) {
  return std::clamp<uint64_t>(options.memtable_bytes / 2, 64 << 10, 32 << 20);
}

TableStore::TableStore(Files& files, std::string directory, const Options& options,
                       Manifest& manifest)
    : options_(options),
      manifest_(manifest),
      home_(std::make_shared<TableHome>(files, std::move(directory), manifest.database(),
                                        options.cache_bytes)) {}

TableOptions TableStore::options_for(uint32_t level) const {
  return {.compression = options_.compression[level], .filter_bits = options_.filter_bits};
}

TableOutput TableStore::output_for(uint32_t level, uint64_t table_bytes) const {
  return {.files = home_->files,
          .directory = home_->directory,
          .database = home_->database,
          .level = level,
          .options = options_for(level),
          .table_bytes = table_bytes,
          .take_file_number = [this] { return manifest_.take_file_number(); }};
}

// A read point that needs versions which no snapshot holds has the memtable itself in its view.
Result<std::vector<TableMeta>> TableStore::write(const Memtable& memtable,
                                                 std::vector<Sequence> snapshots,
                                                 const std::function<Status()>& between) const {
  TablesWriter writer(std::make_unique<MemtableVersions>(memtable), output_for(0, UINT64_MAX),
                      std::move(snapshots), [](Bytes) { return true; });
  for (;;) {
    Result<bool> done = writer.step(kBytesBetween);
    if (!done.is_ok()) return done.take_status();
    if (*done) return writer.take_result().tables;
    SKIPLITH_RETURN_IF_ERROR(between());
  }
}

}  // namespace skiplith
