// A writer that stands still in the middle of its log append, with its payload in the segment and
// without its trailer: who goes on, and who waits for it.

#include <atomic>
#include <vector>

#include "db/lanes.h"
#include "support/database_testing.h"
#include "support/index_testing.h"

namespace skiplith::testing {
namespace {

using sync_points::hits;
using sync_points::Pause;

class ParkedWriterTest : public DatabaseTest, public ::testing::WithParamInterface<IndexKind> {
 protected:
  ParkedWriterTest() {
    options_.memtable = GetParam();
    options_.memtable_bytes = 4 << 20;  // room for all that is written, unless a test fills it
  }
  ~ParkedWriterTest() override {
    sync_points::reset();
    for (auto& thread : threads_) thread.join();
  }
  void SetUp() override {
    open();
    put("a", "1");
    parked_ = std::make_unique<Pause>(SyncPoint::write_sequenced, 1);
    start([this] { put("slow", "1"); });
    ASSERT_TRUE(parked_->wait_reached(1, kSoonMs));
  }
  template <typename Body>
  void start(Body body) {
    threads_.emplace_back([this, body] {
      body();
      ended_.fetch_add(1);
    });
  }
  void release_and_join() {
    parked_->release();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  static void wait_for(SyncPoint point) {
    while (hits(point) == 0) std::this_thread::yield();
  }

  std::unique_ptr<Pause> parked_;
  std::vector<std::thread> threads_;
  std::atomic<int> ended_{0};
};

INSTANTIATE_TEST_SUITE_P(Engines, ParkedWriterTest, ::testing::ValuesIn(kAllIndexKinds), test_name);

TEST_P(ParkedWriterTest, PutsAndGetsOfOtherKeysGoOnWithMoreThreadsThanLanes) {
  constexpr int kThreads = 2 * Lanes::kLanes;
  for (int t = 0; t < kThreads; ++t) {
    start([this, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        put(key, number(i));
        EXPECT_EQ(get(key), number(i));
      }
    });
  }
  for (auto thread = threads_.begin() + 1; thread != threads_.end(); ++thread) thread->join();
  threads_.resize(1);
  EXPECT_EQ(ended_.load(), kThreads);
  EXPECT_EQ(get("slow"), "<absent>");
  release_and_join();
  EXPECT_EQ(get("slow"), "1");
}

TEST_P(ParkedWriterTest, ASnapshotWaitsAndHasItsWrite) {
  ReadPoint point;
  EXPECT_TRUE(database_->try_read_point(&point).is_would_block());
  start([&] { point = *database_->read_point(); });
  wait_for(SyncPoint::gate_set);
  EXPECT_EQ(get("a"), "1");  // no get waits
  EXPECT_EQ(hits(SyncPoint::snapshot_drained), 0u);
  release_and_join();
  EXPECT_EQ(get_at(point, "slow"), "1");
}

TEST_P(ParkedWriterTest, ACursorWaitsAndShowsItsWrite) {
  std::vector<std::string> keys;
  start([&] {
    const auto cursor = std::move(*database_->cursor());
    for (expect_ok(cursor->first()); cursor->valid(); expect_ok(cursor->next())) {
      keys.emplace_back(cursor->key());
    }
  });
  wait_for(SyncPoint::gate_set);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(hits(SyncPoint::snapshot_drained), 0u);
  release_and_join();
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "slow"}));
}

TEST_P(ParkedWriterTest, ASyncWaitsWhileUnsyncedPutsGoOn) {
  start([this] { expect_ok(database_->sync()); });
  wait_for(SyncPoint::sync_leader);
  put("b", "1");
  EXPECT_EQ(get("b"), "1");
  EXPECT_EQ(hits(SyncPoint::sync_drained), 0u);
  EXPECT_EQ(ended_.load(), 0);
  release_and_join();
  EXPECT_EQ(hits(SyncPoint::sync_drained), 1u);
}

TEST_P(ParkedWriterTest, AFreezeWaitsWhileGetsGoOn) {
  start([this] { fill_until_frozen(); });
  wait_for(SyncPoint::freeze_prepared);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(hits(SyncPoint::freeze_exclusive), 0u);
  EXPECT_EQ(database_->stats()->freezes, 0u);
  release_and_join();
  EXPECT_EQ(get("slow"), "1");
}

TEST_P(ParkedWriterTest, AllThatWaitForItGoOnOnceItDoes) {
  ReadPoint point;
  start([this] { fill_until_frozen(); });
  start([this] { expect_ok(database_->sync()); });
  wait_for(SyncPoint::freeze_prepared);
  wait_for(SyncPoint::sync_leader);
  start([&] { point = *database_->read_point(); });
  start([this] { expect_ok((*database_->cursor())->first()); });
  wait_for(SyncPoint::gate_set);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(ended_.load(), 0);
  release_and_join();
  EXPECT_EQ(ended_.load(), 5);
  EXPECT_EQ(get_at(point, "slow"), "1");
  reopen();
  EXPECT_EQ(get("slow"), "1");
}

}  // namespace
}  // namespace skiplith::testing
