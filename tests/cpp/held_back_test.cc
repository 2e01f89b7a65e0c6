// Writers, where flushes do not keep up.
#include "db/transaction.h"
#include "io/faulty_files.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

class HeldBackTest : public DatabaseTest {
 protected:
  HeldBackTest() {
    options_.compaction = CompactionStyle::kNone;
    faulty_.fail_at({.operation = Operation::kAppendSync,
                     .path = "*.sst",
                     .error_number = 0,
                     .sticky = true,
                     .delay_ms = 20});
    open();
  }
  ~HeldBackTest() override { database_.reset(); }
  Files& files() override { return faulty_; }

  uint64_t freezes() { return database_->stats()->freezes; }
  // Writes batches of so many pairs until one may not go on at once, though neither a memtable nor
  // the log is full. (The first MiB of the log is there from the start, a memtable has 64 KiB.)
  void write_until_held_back(int pairs) {
    for (;;) {
      Batch batch;
      for (int i = 0; i < pairs; ++i) expect_ok(batch.put(number(++keys_), value_));
      const uint64_t before = freezes();
      if (!database_->try_write(batch).is_would_block()) continue;
      expect_ok(database_->write(batch, false));
      if (freezes() == before) return;
    }
  }
  void put_until_held_back() {
    for (;;) {
      const std::string key = number(++keys_);
      const uint64_t before = freezes();
      if (!database_->try_put(key, value_).is_would_block()) continue;
      put(key, value_);
      if (freezes() == before) return;
    }
  }

  const std::string value_ = std::string(100, 'v');
  uint64_t keys_ = 0;
  FaultyFiles faulty_{posix_files()};
};

TEST_F(HeldBackTest, APutPausesThoughThereIsRoom) {
  put_until_held_back();
  EXPECT_GT(database_->stats()->stall_seconds, 0.0);
}

TEST_F(HeldBackTest, ABatchPausesThoughThereIsRoom) {
  write_until_held_back(15);
  EXPECT_GT(database_->stats()->stall_seconds, 0.0);
}

// What it has read and does not write, it commits with all lanes held.
TEST_F(HeldBackTest, ATransactionPausesThoughThereIsRoom) {
  for (double stalled = 0;;) {
    Transaction transaction(database_);
    Value value;
    expect_ok(transaction.get("absent", &value));
    for (int i = 0; i < 15; ++i) expect_ok(transaction.put(number(++keys_), value_));
    const uint64_t before = freezes();
    expect_ok(transaction.commit(false));
    const double now_stalled = database_->stats()->stall_seconds;
    if (freezes() == before && now_stalled > stalled) break;
    stalled = now_stalled;
  }
}

TEST_F(HeldBackTest, NothingIsLostMeanwhile) {
  for (int i = 0; i < 20; ++i) put_until_held_back();
  write_until_held_back(15);
  const uint64_t written = keys_;
  reopen();
  for (uint64_t key = 1; key <= written; ++key) ASSERT_EQ(get(number(key)), value_);
}

}  // namespace
}  // namespace skiplith::testing
