// Who leads a sync, who waits for it, and who is woken: cpp/db/group_sync.h.

#include <atomic>
#include <new>
#include <vector>

#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

using sync_points::hits;
using sync_points::Pause;

class GroupSyncTest : public DatabaseTest {
 protected:
  ~GroupSyncTest() override {
    sync_points::reset();
    for (auto& thread : threads_) thread.join();
    database_.reset();  // before its files
  }
  void SetUp() override { open(); }
  Files& files() override { return faulty_; }

  // A synced put by a thread of its own; its outcome is in statuses_[...] after join().
  void start_put() {
    statuses_.push_back(std::make_unique<Status>());
    threads_.emplace_back([this, status = statuses_.back().get(), n = threads_.size()] {
      *status = database_->put("k" + std::to_string(n), "1", true);
    });
  }
  // The same, and it waits for the leader by now.
  void start_follower() {
    const uint64_t before = hits(SyncPoint::sync_follower);
    start_put();
    while (hits(SyncPoint::sync_follower) == before) std::this_thread::yield();
  }
  void join(size_t first, size_t end) {
    for (size_t i = first; i < end; ++i) threads_[i].join();
    threads_.erase(threads_.begin() + static_cast<std::ptrdiff_t>(first),
                   threads_.begin() + static_cast<std::ptrdiff_t>(end));
  }

  FaultyFiles faulty_{posix_files()};
  std::vector<std::unique_ptr<Status>> statuses_;
  std::vector<std::thread> threads_;
};

// Two followers before the leader has its target, three after it.
TEST_F(GroupSyncTest, WakesWhomItCoveredAndOneMoreToLeadAndNobodyElse) {
  Pause leader(SyncPoint::sync_leader, 1);
  start_put();
  ASSERT_TRUE(leader.wait_reached(1, kSoonMs));
  for (int i = 0; i < 2; ++i) start_follower();
  Pause drained(SyncPoint::sync_drained, 1);
  leader.release();
  ASSERT_TRUE(drained.wait_reached(1, kSoonMs));
  for (int i = 0; i < 3; ++i) start_follower();

  Pause next_leader(SyncPoint::sync_leader, 1);
  drained.release();
  ASSERT_TRUE(next_leader.wait_reached(1, kSoonMs));
  join(0, 3);  // though the next sync has not ended
  EXPECT_EQ(database_->stats()->syncs, 1u);
  EXPECT_EQ(hits(SyncPoint::sync_leader), 2u);
  EXPECT_LE(hits(SyncPoint::sync_woken), 3u);  // not if it had not fallen asleep yet
  next_leader.release();
  join(0, 3);
  EXPECT_EQ(hits(SyncPoint::sync_leader), 2u);
  EXPECT_LE(hits(SyncPoint::sync_woken), 5u);
  EXPECT_EQ(database_->stats()->syncs, 2u);
  for (const auto& status : statuses_) expect_ok(*status);
}

TEST_F(GroupSyncTest, PoisonReachesAllWhoWaitAndNobodySyncsAgain) {
  Pause drained(SyncPoint::sync_drained, 1);
  start_put();
  ASSERT_TRUE(drained.wait_reached(1, kSoonMs));
  for (int i = 0; i < 3; ++i) start_follower();
  faulty_.fail_at({.operation = Operation::kSegmentSync});  // once only
  drained.release();
  join(0, 4);
  EXPECT_EQ(statuses_[0]->code(), StatusCode::kStorage);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(statuses_[i]->code(), StatusCode::kPoisoned);
  EXPECT_EQ(hits(SyncPoint::sync_leader), 1u);
  EXPECT_LE(hits(SyncPoint::sync_woken), 3u);
}

TEST_F(GroupSyncTest, ALeaderWithoutMemoryPassesLeadershipOnAndAcknowledgesNobody) {
  Pause leader(SyncPoint::sync_leader, 1);
  bool threw = false;
  threads_.emplace_back([&] {
    try {
      static_cast<void>(database_->put("unlucky", "1", true));
    } catch (const std::bad_alloc&) {
      threw = true;
    }
  });
  ASSERT_TRUE(leader.wait_reached(1, kSoonMs));
  for (int i = 0; i < 2; ++i) start_follower();
  sync_points::on(SyncPoint::sync_drained, [first = std::make_shared<std::atomic<bool>>(true)] {
    if (first->exchange(false)) throw std::bad_alloc();
  });
  Pause next_leader(SyncPoint::sync_leader, 1);
  leader.release();
  ASSERT_TRUE(next_leader.wait_reached(1, kSoonMs));
  join(0, 1);
  EXPECT_TRUE(threw);
  EXPECT_EQ(database_->stats()->syncs, 0u);
  EXPECT_LE(hits(SyncPoint::sync_woken), 1u);
  next_leader.release();
  join(0, 2);
  for (const auto& status : statuses_) expect_ok(*status);
  EXPECT_EQ(database_->stats()->syncs, 1u);
  put("later", "1", true);  // leadership is free again
}

TEST_F(GroupSyncTest, AThreadThatIsAloneWaitsForNobody) {
  for (int i = 0; i < 20; ++i) put("k", "1", true);
  EXPECT_EQ(hits(SyncPoint::sync_gathering), 0u);
  EXPECT_EQ(database_->stats()->syncs, 20u);
}

// It may come too late for that, hence again and again.
TEST_F(GroupSyncTest, ALeaderWaitsForThoseWhoWereThereAndGoesWithoutThem) {
  while (hits(SyncPoint::sync_gathering) == 0) {
    Pause done(SyncPoint::sync_done, 1);
    start_put();
    ASSERT_TRUE(done.wait_reached(1, kSoonMs));
    start_follower();
    done.release();
    join(0, 2);
    put("alone", "1", true);
  }
  const uint64_t gathered = hits(SyncPoint::sync_gathering);
  for (int i = 0; i < 20; ++i) put("k", "1", true);
  EXPECT_LE(hits(SyncPoint::sync_gathering), gathered + 1);
}

TEST_F(GroupSyncTest, OfManyThreadsEachIsAcknowledgedAndWokenOnce) {
  constexpr int kThreads = 8, kEach = 100;
  for (int t = 0; t < kThreads; ++t) {
    threads_.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) put(std::to_string(t), number(i), true);
    });
  }
  join(0, kThreads);
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(get(std::to_string(t)), number(kEach - 1));
  const Stats stats = *database_->stats();
  EXPECT_EQ(stats.synced_writes, static_cast<uint64_t>(kThreads * kEach));
  EXPECT_LE(stats.syncs, stats.synced_writes);
  EXPECT_LE(hits(SyncPoint::sync_woken), hits(SyncPoint::sync_follower));
}

TEST_F(GroupSyncTest, WritesThatWaitForTheDiskShareALane) {
  Pause leader(SyncPoint::sync_leader, 1);
  start_put();
  ASSERT_TRUE(leader.wait_reached(1, kSoonMs));
  const uint64_t one_lane = database_->stats()->log_bytes;
  for (int i = 0; i < 3; ++i) start_follower();
  EXPECT_EQ(database_->stats()->log_bytes, one_lane);
  std::thread([this] { put("unsynced", "1"); }).join();
  EXPECT_GT(database_->stats()->log_bytes, one_lane);
  leader.release();
  join(0, 4);
}

}  // namespace
}  // namespace skiplith::testing
