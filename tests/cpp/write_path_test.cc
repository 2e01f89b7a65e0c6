// The write path's invariants, each by forcing the interleaving that would break it.

#include <algorithm>

#include "db/supply.h"
#include "db/transaction.h"
#include "support/database_testing.h"
#include "support/index_testing.h"

namespace skiplith::testing {
namespace {

using sync_points::hits;
using sync_points::Pause;

class WritePathTest : public DatabaseTest, public ::testing::WithParamInterface<IndexKind> {
 protected:
  WritePathTest() { options_.memtable = GetParam(); }
  static int64_t to_number(Bytes value) { return static_cast<int64_t>(load_u64(value.data())); }
};

INSTANTIATE_TEST_SUITE_P(Engines, WritePathTest, ::testing::ValuesIn(kAllIndexKinds), test_name);

TEST_P(WritePathTest, BatchIsAbsentUntilItsCommitWordAndThenWhole) {
  open();
  put("b", "old");
  Pause parked(SyncPoint::batch_before_commit_word, 1);
  std::thread writer([&] {
    Batch batch;
    expect_ok(batch.put("a", "1"));
    expect_ok(batch.put("b", "2"));
    expect_ok(database_->write(batch, false));
  });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get("b"), "old");
  put("c", "others go on");
  EXPECT_EQ(get("c"), "others go on");
  parked.release();
  writer.join();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
}

TEST_P(WritePathTest, LastOfEqualKeysInABatchWins) {
  open();
  Batch batch;
  for (int i = 0; i < 5; ++i) expect_ok(batch.put("k", std::to_string(i)));
  expect_ok(batch.put("j", "0"));
  expect_ok(batch.erase("j"));
  expect_ok(database_->write(batch, false));
  EXPECT_EQ(get("k"), "4");
  EXPECT_EQ(get("j"), "<absent>");
}

TEST_P(WritePathTest, GateKeepsWritesAfterASnapshotInvisibleUntilItIsComplete) {
  open();
  Pause first(SyncPoint::write_sequenced, 1);
  std::thread early([&] { put("early", "1"); });
  ASSERT_TRUE(first.wait_reached(1, kSoonMs));

  ReadPoint point;
  Pause gate(SyncPoint::gate_set, 1);
  std::thread snapshot([&] { point = *database_->read_point(); });
  ASSERT_TRUE(gate.wait_reached(1, kSoonMs));

  Pause at_gate(SyncPoint::gate_wait, 1);
  std::thread late([&] { put("late", "1"); });
  ASSERT_TRUE(at_gate.wait_reached(1, kSoonMs));
  EXPECT_EQ(get("late"), "<absent>");
  Value value;
  EXPECT_TRUE(database_->try_put("later", "1").is_would_block());
  at_gate.release();
  gate.release();
  first.release();
  early.join();
  snapshot.join();
  late.join();
  EXPECT_EQ(get_at(point, "early"), "1");
  EXPECT_EQ(get_at(point, "late"), "<absent>");
  EXPECT_EQ(get("late"), "1");
  EXPECT_EQ(get("later"), "<absent>");
}

// Met at the last step, when its versions hang in their chains already.
TEST_P(WritePathTest, AnAbandonedTryOfABatchLeavesNoTrace) {
  options_.wal_sink = SinkChoice::kMapped;
  open();
  put("a", "old");
  Batch batch;
  expect_ok(batch.put("a", "new"));
  expect_ok(batch.put("b", "new"));
  expect_ok(batch.erase("a"));
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("z", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Pause gate(SyncPoint::gate_set, 1);
  std::thread snapshot([&] { expect_ok(database_->read_point().status()); });
  ASSERT_TRUE(gate.wait_reached(1, kSoonMs));
  EXPECT_TRUE(database_->try_write(batch).is_would_block());
  EXPECT_EQ(sync_points::hits(SyncPoint::batch_pending), 1u);
  EXPECT_EQ(get("a") + get("b"), "old<absent>");
  gate.release();
  parked.release();
  snapshot.join();
  writer.join();
  EXPECT_EQ(get("a") + get("b"), "old<absent>");
  expect_ok(database_->try_write(batch));
  EXPECT_EQ(get("a") + get("b"), "<absent>new");
  reopen();
  EXPECT_EQ(get("a") + get("b"), "<absent>new");
  EXPECT_EQ(database_->stats()->recovered_records, 3u);
}

TEST_P(WritePathTest, ATryOfABatchDoesNotWaitForAKey) {
  open();
  Pause parked(SyncPoint::write_payload_logged, 1);
  std::thread writer([&] { put("b", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Batch batch;
  expect_ok(batch.put("a", "2"));
  expect_ok(batch.put("b", "2"));
  EXPECT_TRUE(database_->try_write(batch).is_would_block());
  EXPECT_EQ(get("a"), "<absent>");
  expect_ok(database_->try_put("a", "3"));  // its bit was let go
  parked.release();
  writer.join();
}

TEST_P(WritePathTest, AnAbandonedTryLeavesNoTraceInTheLog) {
  options_.wal_sink = SinkChoice::kMapped;
  open();
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("a", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Pause gate(SyncPoint::gate_set, 1);
  std::thread snapshot([&] { static_cast<void>(database_->read_point()); });
  ASSERT_TRUE(gate.wait_reached(1, kSoonMs));
  EXPECT_TRUE(database_->try_put("b", std::string(5000, 'x')).is_would_block());
  gate.release();
  parked.release();
  writer.join();
  snapshot.join();
  // On the same lane, shorter: what the long one left behind would lie where replay looks next.
  for (int i = 0; i < 3; ++i) put("c" + std::to_string(i), "short");
  sync_points::reset();
  reopen();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "<absent>");
  EXPECT_EQ(get("c2"), "short");
}

TEST_P(WritePathTest, OfTwoWritersThatFindAMemtableFullOneFreezes) {
  open();
  Pause prepared(SyncPoint::freeze_prepared, 2);
  const auto fill = [&](char name) {
    for (int i = 0; i < 400; ++i) put(name + std::to_string(i), std::string(200, name));
  };
  std::thread a([&] { fill('a'); }), b([&] { fill('b'); });
  ASSERT_TRUE(prepared.wait_reached(2, kSoonMs));
  prepared.release();
  a.join();
  b.join();
  EXPECT_GE(hits(SyncPoint::freeze_double_check_lost), 1u);
  EXPECT_GE(database_->stats()->freeze_races_lost, 1u);
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(get("a" + std::to_string(i)), std::string(200, 'a'));
    EXPECT_EQ(get("b" + std::to_string(i)), std::string(200, 'b'));
  }
  // Each freeze that won froze a memtable that was full.
  const Stats stats = *database_->stats();
  EXPECT_GE(stats.frozen_bytes, stats.frozen_memtables * options_.memtable_bytes);
}

TEST_P(WritePathTest, IncrementWaitsForABatchOnItsKeyAndCountsFromIt) {
  open();
  Pause parked(SyncPoint::batch_before_commit_word, 1);
  std::thread writer([&] {
    Batch batch;
    expect_ok(batch.put("n", number(41)));
    expect_ok(batch.put("m", number(0)));
    expect_ok(database_->write(batch, false));
  });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Increment blocked(1);
  EXPECT_TRUE(database_->try_modify("n", blocked).is_would_block());
  Pause reading(SyncPoint::read_modify_write_read, 1);
  int64_t result = 0;
  std::thread adder([&] { result = increment("n"); });
  ASSERT_TRUE(reading.wait_reached(1, kSoonMs));  // it has read "absent"
  reading.release();
  parked.release();
  writer.join();
  adder.join();
  EXPECT_EQ(result, 42);
}

TEST_P(WritePathTest, ReadModifyWriteReadsAgainWhenTheMemtableChangedUnderIt) {
  open();
  increment("n", 10);
  fill_until_frozen();  // n is below the active memtable now
  Pause reading(SyncPoint::read_modify_write_read, 1);
  int64_t result = 0;
  std::thread adder([&] { result = increment("n"); });
  ASSERT_TRUE(reading.wait_reached(1, kSoonMs));
  EXPECT_EQ(increment("n"), 11);
  fill_until_frozen();
  reading.release();
  adder.join();
  EXPECT_EQ(result, 12);
}

// Puts, read-modify-writes, batches, and transactions of both ways to commit.
TEST_P(WritePathTest, NothingOfEightWritersIsLostAmongFreezes) {
  open();
  constexpr int kThreads = 8, kEach = 60;
  const auto add_one = [this](Bytes key, Bytes also_read) {
    for (;;) {
      Transaction transaction(database_);
      Value value;
      expect_ok(transaction.get(key, &value));
      const int64_t before = value.found() ? to_number(value.bytes()) : 0;
      expect_ok(transaction.get(also_read, &value));
      expect_ok(transaction.put(key, number(before + 1)));
      const Status committed = transaction.commit(false);
      if (committed.code() == StatusCode::kConflict) continue;
      expect_ok(committed);
      return;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string own = std::to_string(t);
      for (int i = 0; i < kEach; ++i) {
        put("put" + own, number(i));
        increment("n");
        Batch batch;
        expect_ok(batch.put("batch" + own, number(i)));
        expect_ok(batch.put("filler" + own, std::string(1000, 'f')));
        expect_ok(database_->write(batch, false));
        add_one("by bits", "by bits");
        if (i % 10 == 0) add_one("by all lanes", "put" + std::to_string((t + 1) % kThreads));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(database_->stats()->freezes, 5u);
  const auto check = [&] {
    EXPECT_EQ(get("n"), number(kThreads * kEach));
    EXPECT_EQ(get("by bits"), number(kThreads * kEach));
    EXPECT_EQ(get("by all lanes"), number(kThreads * kEach / 10));
    for (int t = 0; t < kThreads; ++t) {
      EXPECT_EQ(get("put" + std::to_string(t)), number(kEach - 1));
      EXPECT_EQ(get("batch" + std::to_string(t)), number(kEach - 1));
    }
  };
  check();
  reopen();
  check();
}

TEST_P(WritePathTest, ClearIsOneMomentAndKeepsWhatEarlierReadPointsSee) {
  open();
  put("a", "1");
  fill_until_frozen();
  put("b", "2");
  const ReadPoint before = *database_->read_point();
  expect_ok(database_->clear(false));
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get("b"), "<absent>");
  EXPECT_EQ(get_at(before, "a"), "1");
  EXPECT_EQ(get_at(before, "b"), "2");
  put("c", "3");
  reopen();
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get("c"), "3");
}

TEST_P(WritePathTest, AClearThatLosesItsTurnLeavesNoSegmentBehind) {
  open();
  const auto logs = [this] {
    return std::ranges::count_if(std::filesystem::directory_iterator(directory_),
                                 [](const auto& f) { return f.path().extension() == ".log"; });
  };
  put("a", "1");
  Pause prepared(SyncPoint::clear_prepared, 1);
  std::thread slow([&] { expect_ok(database_->clear(false)); });
  ASSERT_TRUE(prepared.wait_reached(1, kSoonMs));
  fill_until_frozen();  // with a segment newer than the one that the clear has
  prepared.release();
  slow.join();
  EXPECT_EQ(sync_points::hits(SyncPoint::clear_prepared), 2u);
  EXPECT_EQ(get("a"), "<absent>");
  while (hits(SyncPoint::clear_finished) == 0) std::this_thread::yield();
  expect_ok(database_->close());
  EXPECT_EQ(logs(), 1);  // the one with the clear's record
}

TEST_P(WritePathTest, AWriteThatNoMemtableCanHoldIsRefused) {
  const Supply supply({.files = files(), .directory = directory_, .identity = {}, .form = {}},
                      options_, nullptr);
  EXPECT_TRUE(supply.can_ever_fit({.arena_bytes = uint64_t{16} << 30}));
  EXPECT_FALSE(supply.can_ever_fit({.arena_bytes = Arena::kMaxBytes}));
}

TEST_P(WritePathTest, PopEdgeTakesEachPairOnceAmongThreads) {
  open();
  constexpr int kKeys = 400;
  for (int i = 0; i < kKeys; ++i) put("k" + std::to_string(1000 + i), std::to_string(i));
  std::atomic<int> popped{0};
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (;;) {
        Value key, value;
        expect_ok(database_->pop_edge(t % 2 == 0, &key, &value, false));
        if (!key.found()) return;
        popped.fetch_add(1);
        sum.fetch_add(std::stoi(std::string(value.bytes())));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(popped.load(), kKeys);
  EXPECT_EQ(sum.load(), kKeys * (kKeys - 1) / 2);
}

TEST_P(WritePathTest, AWriteLargerThanTheMemtableHasRoom) {
  open();
  for (const size_t size : {size_t{100'000}, size_t{3'000'000}, size_t{20'000'000}}) {
    put("big" + std::to_string(size), std::string(size, 'v'));
    Batch batch;
    expect_ok(batch.put("batch" + std::to_string(size), std::string(size, 'w')));
    expect_ok(batch.put("small", "1"));
    expect_ok(database_->write(batch, false));
  }
  reopen();
  EXPECT_EQ(get("big20000000"), std::string(20'000'000, 'v'));
  EXPECT_EQ(get("batch3000000"), std::string(3'000'000, 'w'));
}

TEST_P(WritePathTest, CloseWaitsForCallsInsideAndRefusesNewOnes) {
  open();
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("a", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Pause closing(SyncPoint::close_begin, 1);
  std::thread closer([&] { expect_ok(database_->close()); });
  ASSERT_TRUE(closing.wait_reached(1, kSoonMs));
  Value value;
  EXPECT_EQ(database_->get("a", &value).code(), StatusCode::kClosed);
  EXPECT_EQ(database_->put("b", "1", false).code(), StatusCode::kClosed);
  closing.release();
  parked.release();
  writer.join();
  closer.join();
  expect_ok(database_->close());  // idempotent
  open();
  EXPECT_EQ(get("a"), "1");
}

}  // namespace
}  // namespace skiplith::testing
