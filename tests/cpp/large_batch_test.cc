// Batches that are large beside a memtable: what they take of it, and where they go if it is full.

#include "support/database_testing.h"
#include "support/index_testing.h"

namespace skiplith::testing {
namespace {

class LargeBatchTest : public DatabaseTest, public ::testing::WithParamInterface<IndexKind> {
 protected:
  LargeBatchTest() { options_.memtable = GetParam(); }

  static std::string key_of(int i) {
    uint64_t number = static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15;
    return std::string(reinterpret_cast<const char*>(&number), sizeof number);
  }
  static Batch batch_of(int begin, int end, Bytes value) {
    Batch batch;
    for (int i = begin; i < end; ++i) expect_ok(batch.put(key_of(i), value));
    return batch;
  }
  uint64_t freezes() { return database_->stats()->freezes; }
};

INSTANTIATE_TEST_SUITE_P(Engines, LargeBatchTest, ::testing::ValuesIn(kAllIndexKinds), test_name);

TEST_P(LargeBatchTest, BatchesOfSeveralThreadsDoNotEndAMemtableEarly) {
  options_.memtable_bytes = uint64_t{64} << 20;
  open();
  constexpr int kThreads = 4, kMutations = 30'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const int begin = t * kMutations;
      expect_ok(database_->write(batch_of(begin, begin + kMutations, "twelve bytes"), false));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(freezes(), 0u);
  EXPECT_LT(database_->stats()->memtable_used_bytes, uint64_t{kThreads} * kMutations * 200);
}

// The batch's 300 kB would have room, what an index needs for its keys has not.
TEST_P(LargeBatchTest, ABatchThatOutgrowsItsMemtableIsWrittenToTheNextWhole) {
  open();
  put(key_of(7), "old");
  const ReadPoint before = *database_->read_point();
  constexpr int kMutations = 30'000;
  expect_ok(database_->write(batch_of(0, kMutations, ""), false));
  EXPECT_EQ(freezes(), 1u);
  EXPECT_EQ(get_at(before, key_of(7)), "old");
  EXPECT_EQ(get_at(before, key_of(8)), "<absent>");
  for (int turn = 0; turn < 2; ++turn) {
    for (int i = 0; i < kMutations; ++i) ASSERT_EQ(get(key_of(i)), "") << i;
    reopen();
  }
}

TEST_P(LargeBatchTest, ABatchOverTheBudgetIsNotTheStartOfMore) {
  open();
  const uint64_t budget = options_.memtable_bytes;
  int written = 0;
  for (; freezes() == 0; written += 50) {
    expect_ok(database_->write(batch_of(written, written + 50, "v"), false));
    ASSERT_LT(database_->stats()->memtable_used_bytes, 2 * budget);
  }
  for (int i = 0; i < written; ++i) ASSERT_EQ(get(key_of(i)), "v") << i;
}

}  // namespace
}  // namespace skiplith::testing
