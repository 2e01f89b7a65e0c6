// RocksDB, asked for the same as we. What is measured: store_benchmarks.h and sustained.h.
//
// Like ours: its log without sync, the size of a memtable and how many may wait to be written out,
// no compression, filters. The rest are its defaults, its memtable for several writers among them.
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "store_benchmarks.h"
#include "sustained.h"

namespace skiplith {
namespace {

class RocksDb final : public SustainedStore {
 public:
  explicit RocksDb(const std::string& directory) {
    rocksdb::BlockBasedTableOptions tables;
    tables.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBits));
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
  return add_store("rocksdb", open) && add_sustained("rocksdb", open);
}();

}  // namespace
}  // namespace skiplith
