// LevelDB, asked for the same as we. What is measured: store_benchmarks.h.
//
// Like ours: its log without sync, the size of a memtable, no compression, filters. The rest are
// its defaults; it has one memtable in use and one that is written out.
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include "store_benchmarks.h"

namespace skiplith {
namespace {

leveldb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }

class LevelDb final : public Store {
 public:
  explicit LevelDb(const std::string& directory)
      : filter_(leveldb::NewBloomFilterPolicy(kFilterBits)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = kWriteBufferBytes;
    options.compression = leveldb::kNoCompression;
    options.filter_policy = filter_.get();
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

 private:
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;  // outlives the database
  std::unique_ptr<leveldb::DB> database_;
};

[[maybe_unused]] const bool added = add_store(
    "leveldb", [](const std::string& directory) { return std::make_unique<LevelDb>(directory); });

}  // namespace
}  // namespace skiplith
