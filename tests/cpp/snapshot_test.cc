// Snapshots: frozen, cheap, and what they hold back is given back.

#include "db/snapshots.h"

#include <algorithm>
#include <atomic>

#include "db/scan.h"
#include "db/transaction.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

using sync_points::Pause;

class SnapshotTest : public DatabaseTest {
 protected:
  std::unique_ptr<Snapshot> snapshot() {
    auto held = database_->snapshot();
    expect_ok(held.status());
    return std::move(*held);
  }
  std::string get_in(const Snapshot& snapshot, Bytes key) {
    Value value;
    expect_ok(database_->get(snapshot, key, &value));
    return value.found() ? std::string(value.bytes()) : "<absent>";
  }
  std::string all_in(const Snapshot& snapshot) {
    Scan scan(std::make_unique<DbCursor>(database_, *database_->read_point(snapshot)), {}, false);
    ScanChunk chunk;
    std::string all;
    do {
      expect_ok(scan.next_chunk(&chunk, ScanParts::kBoth, 100, 1 << 20));
      for (size_t i = 0; i < chunk.size(); ++i) {
        all += std::string(chunk.key(i)) + "=" + std::string(chunk.value(i)) + " ";
      }
    } while (chunk.size() > 0);
    return all;
  }
  uint64_t table_bytes() {
    uint64_t bytes = 0;
    const Stats stats = *database_->stats();
    for (const LevelStats& level : stats.levels) bytes += level.bytes;
    return bytes;
  }
  void flush() { expect_ok(database_->flush(true)); }
  void compact() {
    expect_ok(database_->compact(std::nullopt, std::nullopt, [] { return true; }));
  }
};

TEST_F(SnapshotTest, SeesItsMomentThroughFreezesFlushesAndCompactions) {
  open();
  put("changed", "old");
  put("deleted", "there");
  const auto before = snapshot();
  put("changed", "new");
  expect_ok(database_->erase("deleted", false));
  put("later", "1");
  const auto after = snapshot();
  const auto check = [&] {
    EXPECT_EQ(all_in(*before), "changed=old deleted=there ");
    EXPECT_EQ(get_in(*before, "changed"), "old");
    EXPECT_EQ(get_in(*before, "deleted"), "there");
    EXPECT_EQ(get_in(*before, "later"), "<absent>");
    EXPECT_EQ(all_in(*after), "changed=new later=1 ");
  };
  check();
  flush();
  check();
  put("changed", "newest");
  flush();
  check();
  compact();
  check();
  EXPECT_EQ(get("changed"), "newest");
}

TEST_F(SnapshotTest, SeesWhatAClearHasTakenAway) {
  open();
  put("a", "1");
  flush();
  put("b", "2");
  const auto before = snapshot();
  expect_ok(database_->clear(false));
  const auto between = snapshot();
  put("c", "3");
  flush();
  expect_ok(database_->clear(false));
  put("d", "4");
  flush();
  compact();
  EXPECT_EQ(all_in(*before), "a=1 b=2 ");
  EXPECT_EQ(get_in(*before, "b"), "2");
  EXPECT_EQ(all_in(*between), "");
  EXPECT_EQ(get("d"), "4");
}

// A flush between the taking of a sequence and its registration would drop what it sees.
TEST_F(SnapshotTest, AFlushWaitsForASnapshotThatIsBeingTaken) {
  open();
  put("k", "old");
  Pause begun(SyncPoint::flush_begin, 1);
  std::thread flusher([&] { flush(); });
  ASSERT_TRUE(begun.wait_reached(1, kSoonMs));
  put("k", "seen");
  Pause parked(SyncPoint::snapshot_taken, 1);
  std::unique_ptr<Snapshot> held;
  std::thread taker([&] { held = snapshot(); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  put("k", "new");
  std::thread second([&] { flush(); });
  begun.release();
  EXPECT_EQ(sync_points::hits(SyncPoint::flush_written), 0u);
  parked.release();
  taker.join();
  flusher.join();
  second.join();
  EXPECT_EQ(get_in(*held, "k"), "seen");
  EXPECT_EQ(get("k"), "new");
}

TEST_F(SnapshotTest, AClearWaitsForASnapshotThatIsBeingTaken) {
  open();
  put("k", "old");
  Pause parked(SyncPoint::snapshot_taken, 1);
  std::unique_ptr<Snapshot> held;
  std::thread taker([&] { held = snapshot(); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  std::atomic<bool> cleared{false};
  std::thread clearer([&] {
    expect_ok(database_->clear(false));
    cleared = true;
  });
  EXPECT_EQ(get("k"), "old");
  parked.release();
  taker.join();
  clearer.join();
  EXPECT_EQ(get_in(*held, "k"), "old");
  EXPECT_EQ(get("k"), "<absent>");
}

TEST_F(SnapshotTest, TryFormAnswersInsteadOfWaitingForAWriter) {
  open();
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("k", "v"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  std::unique_ptr<Snapshot> held;
  EXPECT_TRUE(database_->try_snapshot(&held).is_would_block());
  parked.release();
  writer.join();
  expect_ok(database_->try_snapshot(&held));
  EXPECT_EQ(get_in(*held, "k"), "v");
}

TEST_F(SnapshotTest, TryReleaseGivesItBackUnlessItWouldHaveToWait) {
  open();
  const auto first = snapshot();
  const auto second = snapshot();
  Pause parked(SyncPoint::snapshot_taken, 1);
  std::unique_ptr<Snapshot> held;
  std::thread taker([&] { held = snapshot(); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  EXPECT_FALSE(first->try_release());
  parked.release();
  taker.join();
  EXPECT_EQ(database_->stats()->snapshots, 3u);
  EXPECT_TRUE(first->try_release());
  EXPECT_EQ(database_->stats()->snapshots, 2u);
  EXPECT_TRUE(first->try_release());
  EXPECT_EQ(database_->stats()->snapshots, 2u);
}

TEST_F(SnapshotTest, StatsCountThoseHeldAndWhatTheyHoldBack) {
  open();
  put("k", "old");
  auto held = snapshot();
  auto same = snapshot();
  put("k", "new");
  flush();
  EXPECT_EQ(database_->stats()->snapshots, 2u);
  EXPECT_EQ(database_->stats()->obsolete_entries, 1u);
  held.reset();
  EXPECT_EQ(database_->stats()->snapshots, 1u);
  compact();
  EXPECT_EQ(database_->stats()->obsolete_entries, 1u);
  same.reset();
  compact();
  EXPECT_EQ(database_->stats()->snapshots, 0u);
  EXPECT_EQ(database_->stats()->obsolete_entries, 0u);
  EXPECT_EQ(get("k"), "new");
}

// Nobody asks for a compaction and nothing more is written.
TEST_F(SnapshotTest, WhatItHeldBackIsReclaimedAfterItsRelease) {
  open();
  std::unique_ptr<Snapshot> held;
  for (int turn = 0; turn < 4; ++turn) {
    for (int key = 0; key < 20; ++key) put("k" + std::to_string(key), std::string(500, 'v'));
    if (turn == 0) held = snapshot();
    flush();
  }
  compact();
  ASSERT_GE(database_->stats()->obsolete_entries, 20u);
  held.reset();
  for (int wait_ms = 0; database_->stats()->obsolete_entries > 0; ++wait_ms) {
    ASSERT_LT(wait_ms, static_cast<int>(kSoonMs));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Overwrites one set of keys while snapshots come and go.
TEST_F(SnapshotTest, SpaceDoesNotGrowWhileSnapshotsComeAndGo) {
  constexpr int kKeys = 50;
  constexpr size_t kValueBytes = 500;
  open();
  std::vector<std::unique_ptr<Snapshot>> held;
  uint64_t largest = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const std::string value(kValueBytes, static_cast<char>('a' + turn % 26));
    for (int key = 0; key < kKeys; ++key) put("k" + std::to_string(key), value);
    held.push_back(snapshot());
    if (held.size() > 3) held.erase(held.begin());
    if (turn % 10 == 9) {
      compact();
      largest = std::max(largest, table_bytes());
    }
  }
  // The newest version of every key, and one for each snapshot.
  EXPECT_LT(largest, 2 * (1 + held.size()) * kKeys * kValueBytes);
  EXPECT_GT(database_->stats()->flushes, 10u);
  held.clear();
  compact();
  EXPECT_LT(table_bytes(), 2 * kKeys * kValueBytes);
}

TEST_F(SnapshotTest, OutlivesItsDatabaseAsAnObject) {
  open();
  put("k", "v");
  auto held = snapshot();
  expect_ok(database_->close());
  Value value;
  EXPECT_EQ(database_->get(*held, "k", &value).code(), StatusCode::kClosed);
  EXPECT_EQ(database_->read_point(*held).status().code(), StatusCode::kClosed);
  EXPECT_EQ(database_->snapshot().status().code(), StatusCode::kClosed);
  database_.reset();
  held.reset();
}

// Pairs of keys are always written together; every snapshot finds them equal, again and again.
TEST_F(SnapshotTest, IsConsistentAndStableAmongBatchesFlushesAndCompactions) {
  open();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int turn = 0; !stop; ++turn) {
      Batch batch;
      const std::string value = std::to_string(turn) + std::string(turn % 600, '.');
      expect_ok(batch.put("left", value));
      expect_ok(batch.put("right", value));
      expect_ok(database_->write(batch, false));
    }
  });
  std::thread compactor([&] {
    while (!stop) compact();
  });
  for (int turn = 0; turn < 300 || database_->stats()->compactions < 3; ++turn) {
    const auto held = snapshot();
    const std::string left = get_in(*held, "left");
    for (int again = 0; again < 20; ++again) {
      ASSERT_EQ(get_in(*held, "right"), left);
      ASSERT_EQ(get_in(*held, "left"), left);
    }
  }
  stop = true;
  writer.join();
  compactor.join();
}

}  // namespace
}  // namespace skiplith::testing
