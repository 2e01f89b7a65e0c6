// LevelDB, asked for the same as we. What is measured: store_benchmarks.h.
//
// Like ours: its log without sync, the size of a memtable, no compression, filters, the cache. The
// rest are its defaults; it has one memtable in use and one that is written out.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include "iterator_reader.h"
#include "reads.h"
#include "store_benchmarks.h"

namespace skiplith {
namespace {

leveldb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }

class LevelDbReader final : public Reader {
 public:
  explicit LevelDbReader(leveldb::DB& database) : database_(database) {}
  std::optional<Bytes> get(Bytes key) override {
    const leveldb::Status found = database_.Get({}, slice(key), &value_);
    if (found.IsNotFound()) return std::nullopt;
    SKIPLITH_CHECK(found.ok());
    return value_;
  }
  uint64_t seek(Bytes key, uint64_t most) override {
    const std::unique_ptr<leveldb::Iterator> at(database_.NewIterator({}));
    at->Seek(slice(key));
    return look_at_all(*at, false, most);
  }
  uint64_t scan(bool backwards) override {
    const std::unique_ptr<leveldb::Iterator> at(database_.NewIterator({}));
    return scan_all(*at, backwards);
  }

 private:
  leveldb::DB& database_;
  std::string value_;
};

constexpr int kLevelDbLevels = 7;

class LevelDb final : public Store {
 public:
  explicit LevelDb(const std::string& directory)
      : filter_(leveldb::NewBloomFilterPolicy(kFilterBits)),
        cache_(leveldb::NewLRUCache(kCacheBytes)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = kWriteBufferBytes;
    options.compression = leveldb::kNoCompression;
    options.filter_policy = filter_.get();
    options.block_cache = cache_.get();
    leveldb::DB* opened = nullptr;
    SKIPLITH_CHECK(leveldb::DB::Open(options, directory, &opened).ok());
    database_.reset(opened);
  }
  void put(Bytes key, Bytes value, bool sync) override {
    leveldb::WriteOptions options;
    options.sync = sync;
    SKIPLITH_CHECK(database_->Put(options, slice(key), slice(value)).ok());
  }
  // A manual compaction writes the memtable out first. This one goes no further, since no key lies
  // in its range.
  void flush() override {
    const std::string beyond(store_benchmarks::Pairs::kKeyBytes + 1, '\xff');
    const leveldb::Slice from = beyond;
    database_->CompactRange(&from, nullptr);
  }

  // Down to the deepest level that has tables when it begins; what its own thread moves meanwhile
  // may lie one deeper.
  void compact() override {
    for (int round = 0; round < kLevelDbLevels && (round == 0 || !is_settled()); ++round) {
      database_->CompactRange(nullptr, nullptr);
    }
  }
  bool is_settled() override {
    int levels = 0;
    for (int level = 0; level < kLevelDbLevels; ++level) {
      levels += files(level) == "0" ? 0 : 1;
    }
    return levels == 1 && files(0) == "0";
  }
  std::unique_ptr<Reader> reader() override { return std::make_unique<LevelDbReader>(*database_); }

 private:
  std::string files(int level) {
    std::string number;
    const std::string property = "leveldb.num-files-at-level" + std::to_string(level);
    SKIPLITH_CHECK(database_->GetProperty(property, &number));
    return number;
  }
  // Both outlive the database.
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  const std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> database_;
};

[[maybe_unused]] const bool added = [] {
  const auto open = [](const std::string& directory) {
    return std::make_unique<LevelDb>(directory);
  };
  return add_store("leveldb", open) && add_reads("leveldb", open);
}();

}  // namespace
}  // namespace skiplith
