// RocksDB, asked for the same as we. What is measured: store_benchmarks.h, reads.h, sustained.h.
//
// Like ours: its log without sync, the size of a memtable and how many may wait to be written out,
// no compression, filters, the cache. The rest are its defaults, its memtable for several writers
// among them.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "iterator_reader.h"
#include "reads.h"
#include "store_benchmarks.h"
#include "sustained.h"

namespace skiplith {
namespace {

class RocksDbReader final : public Reader {
 public:
  explicit RocksDbReader(rocksdb::DB& database) : database_(database) {}
  std::optional<Bytes> get(Bytes key) override {
    value_.Reset();
    const rocksdb::Status found = database_.Get({}, database_.DefaultColumnFamily(), key, &value_);
    if (found.IsNotFound()) return std::nullopt;
    SKIPLITH_CHECK(found.ok());
    return value_.ToStringView();
  }
  uint64_t seek(Bytes key, uint64_t most) override {
    const std::unique_ptr<rocksdb::Iterator> at(database_.NewIterator({}));
    at->Seek(key);
    return look_at_all(*at, false, most);
  }
  uint64_t scan(bool backwards) override {
    const std::unique_ptr<rocksdb::Iterator> at(database_.NewIterator({}));
    return scan_all(*at, backwards);
  }

 private:
  rocksdb::DB& database_;
  rocksdb::PinnableSlice value_;  // not copied
};

class RocksDb final : public SustainedStore {
 public:
  explicit RocksDb(const std::string& directory) {
    rocksdb::BlockBasedTableOptions tables;
    tables.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBits));
    tables.block_cache = rocksdb::NewLRUCache(kCacheBytes);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = kWriteBufferBytes;
    options.max_write_buffer_number = 4;
    options.compression = rocksdb::kNoCompression;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables));
    rocksdb::DB* opened = nullptr;
    SKIPLITH_CHECK(rocksdb::DB::Open(options, directory, &opened).ok());
    database_.reset(opened);
  }
  ~RocksDb() override { SKIPLITH_CHECK(database_->Close().ok()); }
  void put(Bytes key, Bytes value, bool sync) override {
    rocksdb::WriteOptions options;
    options.sync = sync;
    SKIPLITH_CHECK(database_->Put(options, key, value).ok());
  }
  void flush() override { SKIPLITH_CHECK(database_->Flush(rocksdb::FlushOptions()).ok()); }
  void settle() override {
    while (property("rocksdb.compaction-pending") + property("rocksdb.num-running-compactions") +
               property("rocksdb.num-running-flushes") >
           0) {
      ::usleep(10'000);
    }
  }

  void compact() override { SKIPLITH_CHECK(database_->CompactRange({}, nullptr, nullptr).ok()); }
  bool is_settled() override {
    rocksdb::ColumnFamilyMetaData found;
    database_->GetColumnFamilyMetaData(&found);
    const auto levels =
        std::ranges::count_if(found.levels, [](const auto& level) { return !level.files.empty(); });
    return levels == 1 && found.levels[0].files.empty() &&
           property("rocksdb.num-entries-active-mem-table") == 0 &&
           property("rocksdb.num-immutable-mem-table") == 0;
  }
  std::unique_ptr<Reader> reader() override { return std::make_unique<RocksDbReader>(*database_); }
  uint64_t memtable_bytes() override { return property("rocksdb.cur-size-all-mem-tables"); }

 private:
  uint64_t property(const char* name) {
    uint64_t number = 0;
    SKIPLITH_CHECK(database_->GetIntProperty(name, &number));
    return number;
  }
  std::unique_ptr<rocksdb::DB> database_;
};

[[maybe_unused]] const bool added = [] {
  const auto open = [](const std::string& directory) {
    return std::make_unique<RocksDb>(directory);
  };
  return add_store("rocksdb", open) && add_reads("rocksdb", open) && add_sustained("rocksdb", open);
}();

}  // namespace
}  // namespace skiplith
