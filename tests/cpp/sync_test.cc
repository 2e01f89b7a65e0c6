// Group commit and poison: what an acknowledged sync means, and what a failed one does.

#include <fstream>

#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

using sync_points::hits;
using sync_points::Pause;

class SyncTest : public DatabaseTest {
 protected:
  ~SyncTest() override { database_.reset(); }  // before its files
  Files& files() override { return faulty_; }
  void wait_for_hits(SyncPoint point, uint64_t count) {
    while (hits(point) < count) std::this_thread::yield();
  }
  // Zeros in place of these bytes, wherever a segment has them.
  void lose_in_log(const std::string& bytes) {
    int lost = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() != ".log") continue;
      std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(stream), {}};
      const size_t at = content.find(bytes);
      if (at == std::string::npos) continue;
      ++lost;
      stream.seekp(static_cast<std::streamoff>(at));
      stream << std::string(bytes.size(), '\0');
    }
    EXPECT_EQ(lost, 1);
  }
  FaultyFiles faulty_{posix_files()};
};

TEST_F(SyncTest, OneLeaderSyncsForAllThatWait) {
  open();
  Pause leader(SyncPoint::sync_leader, 1);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { put("first", "1", true); });
  ASSERT_TRUE(leader.wait_reached(1, kSoonMs));
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { put("k" + std::to_string(i), "1", true); });
  }
  // Each is logged before it waits, and the leader has not chosen its target yet.
  wait_for_hits(SyncPoint::sync_follower, 4);
  leader.release();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(database_->stats()->syncs, 1u);
  EXPECT_EQ(database_->stats()->synced_writes, 5u);
}

TEST_F(SyncTest, AnAcknowledgedSyncCoversAllSequencedBefore) {
  open();
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread slow([&] { put("slow", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  std::atomic<bool> acknowledged{false};
  std::thread synced([&] {
    put("synced", "1", true);
    acknowledged.store(true);
  });
  wait_for_hits(SyncPoint::sync_leader, 1);
  // "slow" has an earlier sequence and is not in the log: no sync may end before it is.
  EXPECT_FALSE(acknowledged.load());
  EXPECT_EQ(hits(SyncPoint::sync_drained), 0u);
  parked.release();
  slow.join();
  synced.join();
  EXPECT_EQ(hits(SyncPoint::sync_drained), 1u);
}

TEST_F(SyncTest, FollowersOfAPoisonedLeaderAreNotAcknowledged) {
  open();
  put("before", "1", true);
  Pause leader(SyncPoint::sync_drained, 1);
  Status first, second;
  std::thread a([&] { first = database_->put("a", "1", true); });
  ASSERT_TRUE(leader.wait_reached(1, kSoonMs));
  std::thread b([&] { second = database_->put("b", "1", true); });
  wait_for_hits(SyncPoint::sync_follower, 1);
  // Once only: a second fdatasync would succeed, over pages that the kernel has given up.
  faulty_.fail_at({.operation = Operation::kSegmentSync});
  leader.release();
  a.join();
  b.join();
  EXPECT_EQ(first.code(), StatusCode::kStorage);
  EXPECT_EQ(first.error_number(), EIO);
  EXPECT_EQ(second.code(), StatusCode::kPoisoned);
  ASSERT_NE(second.cause(), nullptr);
  EXPECT_EQ(second.cause()->error_number(), EIO);

  EXPECT_EQ(database_->put("later", "1", false).code(), StatusCode::kPoisoned);
  EXPECT_EQ(database_->sync().code(), StatusCode::kPoisoned);
  EXPECT_EQ(get("before"), "1");
  EXPECT_EQ(database_->close().code(), StatusCode::kPoisoned);
  faulty_.heal();
  open();  // without a footer, as after a crash
  EXPECT_EQ(get("before"), "1");
  EXPECT_EQ(get("later"), "<absent>");
}

// After a failed fsync the kernel may call a page clean and drop it: it is then as it was before.
// After a failed write nothing of the kind may happen, and the same bytes are damage.
TEST_F(SyncTest, AfterAFailedSyncWhatTheCacheLostIsAsAfterAPowerCut) {
  options_.wal_sink = SinkChoice::kWrite;
  for (const Operation failing : {Operation::kSegmentSync, Operation::kSegmentWrite}) {
    open(OpenMode::kNew);
    put("synced", "1", true);
    for (char c = 'a'; c <= 'z'; ++c) put(std::string(1, c), std::string("value of ") + c);
    faulty_.fail_at({.operation = failing});
    EXPECT_EQ(database_->put("last", "1", true).code(), StatusCode::kStorage);
    EXPECT_EQ(database_->close().code(), StatusCode::kPoisoned);
    lose_in_log("value of m");
    if (failing == Operation::kSegmentWrite) {
      EXPECT_EQ(try_open().code(), StatusCode::kCorruption);
      continue;
    }
    open();
    EXPECT_EQ(get("synced"), "1");
    EXPECT_EQ(get("l"), "value of l");
    EXPECT_EQ(get("m"), "<absent>");
    EXPECT_EQ(get("n"), "<absent>");
    expect_ok(database_->close());
  }
}

TEST_F(SyncTest, AFailedLogWritePoisonsAndIsNotVisible) {
  options_.wal_sink = SinkChoice::kWrite;
  open();
  put("before", "1");
  faulty_.fail_at({.operation = Operation::kSegmentWrite, .error_number = ENOSPC});
  const Status failed = database_->put("lost", "1", false);
  EXPECT_EQ(failed.code(), StatusCode::kStorage);
  EXPECT_EQ(failed.error_number(), ENOSPC);
  EXPECT_EQ(get("lost"), "<absent>");
  EXPECT_EQ(database_->put("later", "1", false).code(), StatusCode::kPoisoned);
  // A snapshot does not wait for the write that will never be.
  EXPECT_TRUE(database_->read_point().is_ok());
  EXPECT_EQ(database_->close().code(), StatusCode::kPoisoned);
  open();
  EXPECT_EQ(get("before"), "1");
}

TEST_F(SyncTest, AFailedClearLeavesTheDataReadableAndWritersAnswered) {
  options_.wal_sink = SinkChoice::kWrite;
  open();
  const uint64_t before = faulty_.calls(Operation::kSegmentWrite);
  expect_ok(database_->clear(false));
  const uint64_t writes = faulty_.calls(Operation::kSegmentWrite) - before;
  put("a", number(1));
  // The last write of a clear is its record; those before make the segment.
  faulty_.fail_at({.operation = Operation::kSegmentWrite, .nth = writes});
  EXPECT_EQ(database_->clear(false).code(), StatusCode::kStorage);
  EXPECT_EQ(get("a"), number(1));
  Increment increment(1);
  EXPECT_EQ(database_->modify("a", increment, false).code(), StatusCode::kPoisoned);
  Value key, value;
  EXPECT_EQ(database_->pop_edge(true, &key, &value, false).code(), StatusCode::kPoisoned);
  EXPECT_EQ(database_->close().code(), StatusCode::kPoisoned);
  open();
  EXPECT_EQ(get("a"), number(1));
}

TEST_F(SyncTest, ALaneThatCannotBeMadeKnownTakesNoSequence) {
  options_.wal_sink = SinkChoice::kWrite;
  open();
  put("a", "1");
  faulty_.fail_at({.operation = Operation::kSegmentWrite, .sticky = true});
  // Another thread, hence another lane, whose first write it is.
  std::thread([&] {
    EXPECT_EQ(database_->put("b", "1", false).code(), StatusCode::kStorage);
  }).join();
  EXPECT_EQ(sync_points::hits(SyncPoint::write_announced), 1u);
  faulty_.heal();
  EXPECT_EQ(database_->close().code(), StatusCode::kPoisoned);
  open();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "<absent>");
}

TEST_F(SyncTest, AFailedBatchWriteStaysAbsentAsAWhole) {
  options_.wal_sink = SinkChoice::kWrite;
  open();
  put("a", "old");
  faulty_.fail_at({.operation = Operation::kSegmentWrite});
  Batch batch;
  expect_ok(batch.put("a", "new"));
  expect_ok(batch.put("b", "new"));
  EXPECT_EQ(database_->write(batch, false).code(), StatusCode::kStorage);
  EXPECT_EQ(get("a"), "old");
  EXPECT_EQ(get("b"), "<absent>");
  auto cursor = std::move(*database_->cursor());
  expect_ok(cursor->first());
  ASSERT_TRUE(cursor->valid());
  EXPECT_EQ(cursor->value(), "old");
  expect_ok(cursor->next());
  EXPECT_FALSE(cursor->valid());
}

TEST_F(SyncTest, FailingToMakeRoomIsAnOrdinaryErrorAndIsTriedAgain) {
  open();
  faulty_.fail_at({.operation = Operation::kCreateSegment, .error_number = ENOSPC, .sticky = true});
  Status failed;
  int written = 0;
  while (failed.is_ok()) {
    failed = database_->put("k" + std::to_string(written), std::string(500, 'v'), false);
    if (failed.is_ok()) ++written;
  }
  EXPECT_EQ(failed.code(), StatusCode::kStorage);
  EXPECT_EQ(failed.error_number(), ENOSPC);
  EXPECT_EQ(get("k" + std::to_string(written)), "<absent>");
  faulty_.heal();
  put("k" + std::to_string(written), "after");
  reopen();
  EXPECT_EQ(get("k" + std::to_string(written)), "after");
  EXPECT_EQ(get("k0"), std::string(500, 'v'));
}

TEST_F(SyncTest, SyncReachesEverySegmentOldestFirst) {
  open();
  put("a", "1");
  Pause flush(SyncPoint::flush_begin, 1);  // it would remove the frozen one's segment
  fill_until_frozen();
  const uint64_t before = faulty_.calls(Operation::kSegmentSync);
  expect_ok(database_->sync());
  EXPECT_GE(faulty_.calls(Operation::kSegmentSync) - before, 2u);
  // The frozen one is whole and durable: it is not synced again. (A spare segment may be in the
  // making meanwhile, and is synced too.)
  for (uint64_t now = 0, last = 0; now - last != 1;) {
    last = faulty_.calls(Operation::kSegmentSync);
    put("b", "1", true);
    now = faulty_.calls(Operation::kSegmentSync);
  }
}

TEST_F(SyncTest, TheIntervalSyncsWithoutBeingAsked) {
  options_.sync_interval_ms = 1;
  open();
  const uint64_t before = faulty_.calls(Operation::kSegmentSync);
  put("a", "1");
  while (faulty_.calls(Operation::kSegmentSync) == before) std::this_thread::yield();
}

}  // namespace
}  // namespace skiplith::testing
