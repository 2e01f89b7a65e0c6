// The whole engine from C++, with each memtable that is meant for use and each form of the log.
// What is measured: store_benchmarks.h and sustained.h.
#include "db/database.h"
#include "store_benchmarks.h"
#include "sustained.h"

namespace skiplith {
namespace {

class Skiplith final : public SustainedStore {
 public:
  Skiplith(const std::string& directory, IndexKind memtable, SinkChoice sink) {
    auto opened = Database::open(posix_files(), directory, OpenMode::kNew,
                                 {.wal_sink = sink,
                                  .memtable = memtable,
                                  .memtable_bytes = kWriteBufferBytes,
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
    for (;;) {
      auto stats = database_->stats();
      SKIPLITH_CHECK(stats.is_ok());
      if (stats->compaction_debt_bytes == 0) return;
      ::usleep(10'000);
    }
  }

 private:
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
      if (sink == SinkChoice::kMapped) add_sustained(index_kind_name(memtable), open);
    }
  }
  return true;
}();

}  // namespace
}  // namespace skiplith
