// The whole engine from C++, with each memtable that is meant for use and each form of the log.
// What is measured: store_benchmarks.h, reads.h and sustained.h. Tables do not know which memtable
// they come from, so reads are measured with one.
#include <algorithm>

#include "db/cursor.h"
#include "db/database.h"
#include "reads.h"
#include "store_benchmarks.h"
#include "sustained.h"

namespace skiplith {
namespace {

class SkiplithReader final : public Reader {
 public:
  explicit SkiplithReader(Database& database) : database_(database) {}
  std::optional<Bytes> get(Bytes key) override {
    SKIPLITH_CHECK(database_.get(key, &value_).is_ok());
    if (!value_.found()) return std::nullopt;
    return value_.bytes();
  }
  uint64_t seek(Bytes key, uint64_t most) override {
    const auto at = cursor();
    return look_at_all(*at, at->seek(key), false, most);
  }
  uint64_t scan(bool backwards) override {
    const auto at = cursor();
    return look_at_all(*at, backwards ? at->last() : at->first(), backwards, UINT64_MAX);
  }

 private:
  std::unique_ptr<DbCursor> cursor() {
    auto made = database_.cursor();
    SKIPLITH_CHECK(made.is_ok());
    return std::move(*made);
  }
  static uint64_t look_at_all(DbCursor& at, Status moved, bool backwards, uint64_t most) {
    uint64_t pairs = 0;
    while (pairs < most && at.valid()) {
      look_at(at.key(), at.value());
      ++pairs;
      moved = backwards ? at.prev() : at.next();
    }
    SKIPLITH_CHECK(moved.is_ok());
    return pairs;
  }

  Database& database_;
  Value value_;
};

class Skiplith final : public SustainedStore {
 public:
  Skiplith(const std::string& directory, IndexKind memtable, SinkChoice sink) {
    auto opened = Database::open(posix_files(), directory, OpenMode::kCreate,
                                 {.wal_sink = sink,
                                  .memtable = memtable,
                                  .memtable_bytes = kWriteBufferBytes,
                                  .cache_bytes = kCacheBytes,
                                  .compression = every_level(Compression::kNone),
                                  .filter_bits = kFilterBits});
    SKIPLITH_CHECK(opened.is_ok());
    database_ = std::move(*opened);
  }
  ~Skiplith() override { SKIPLITH_CHECK(database_->close().is_ok()); }
  void put(Bytes key, Bytes value, bool sync) override {
    SKIPLITH_CHECK(database_->put(key, value, sync).is_ok());
  }
  void flush() override { SKIPLITH_CHECK(database_->flush(true).is_ok()); }
  void settle() override {
    while (stats().compaction_debt_bytes > 0) ::usleep(10'000);
  }

  void compact() override {
    SKIPLITH_CHECK(database_->compact({}, {}, [] { return true; }).is_ok());
  }
  bool is_settled() override {
    const Stats stats = this->stats();
    const auto levels = std::ranges::count_if(
        stats.levels, [](const LevelStats& level) { return level.tables > 0; });
    return levels == 1 && stats.levels[0].tables == 0 && stats.obsolete_entries == 0 &&
           stats.recovered_records == 0 && stats.puts == 0;
  }
  std::unique_ptr<Reader> reader() override { return std::make_unique<SkiplithReader>(*database_); }
  uint64_t memtable_bytes() override {
    const Stats stats = this->stats();
    return stats.memtable_used_bytes + stats.frozen_bytes;
  }

 private:
  Stats stats() {
    auto stats = database_->stats();
    SKIPLITH_CHECK(stats.is_ok());
    return std::move(*stats);
  }
  std::shared_ptr<Database> database_;
};

[[maybe_unused]] const bool added = [] {
  for (const IndexKind memtable : {IndexKind::kSkiplist, IndexKind::kArt}) {
    for (const SinkChoice sink : {SinkChoice::kMapped, SinkChoice::kWrite}) {
      const std::string form = sink == SinkChoice::kMapped ? "mapped" : "write";
      const auto open = [=](const std::string& directory) {
        return std::make_unique<Skiplith>(directory, memtable, sink);
      };
      add_store(index_kind_name(memtable) + ("/" + form), open);
      if (sink != SinkChoice::kMapped) continue;
      add_sustained(index_kind_name(memtable), open);
      if (memtable == IndexKind::kArt) add_reads("skiplith", open);
    }
  }
  return true;
}();

}  // namespace
}  // namespace skiplith
