// Lost compare-and-swaps of the skiplist: forced, and then held at the moment of the loss.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include "base/coding.h"
#include "base/sync_points.h"
#include "mem/skiplist.h"
#include "support/index_testing.h"

namespace skiplith {
namespace {

using testing::IndexWriter;

constexpr uint64_t kSoonMs = 60'000;  // a bound for what must happen, not a duration

// Large: between finding a place and linking there an insert copies its key. With large keys a
// thread spends most of its time there, so that it loses swaps to another thread even where the
// two take turns on one processor.
std::string key_of(uint64_t number) {
  std::string key;
  append_u64(&key, __builtin_bswap64(number));
  key.resize(16'000);
  return key;
}

// Two threads insert descending keys from one counter: all go right behind the head, so both want
// the same links. Two numbers make one key: the threads want equal keys, too.
class SkiplistRaceTest : public ::testing::Test {
 protected:
  struct Racer {
    uint64_t key = 0;  // inserted last, or being inserted
    Entry* entry = nullptr;
    uint64_t bytes_taken = 0;
    std::set<uint64_t> inserted;
    std::atomic<bool> done{false};
    std::thread thread;
  };
  static constexpr uint64_t kMaxInserts = 100'000;

  SkiplistRaceTest() { sync_points::arm(); }
  ~SkiplistRaceTest() override { sync_points::reset(); }

  void make_empty() {
    inserts_left_ = kMaxInserts;
    arena_ = std::make_unique<Arena>(uint64_t{4} << 30);
    skiplist_ = std::make_unique<Skiplist>(*arena_);
  }
  void start() {
    stop_ = false;
    make_empty();
    for (auto& racer : racers_) {
      racer = std::make_unique<Racer>();
      racer->thread = std::thread([this, &racer = *racer] { run(racer); });
    }
  }
  void run(Racer& racer) {
    IndexWriter writer(*skiplist_, *arena_);
    while (!stop_ && inserts_left_ > 2) {
      racer.key = inserts_left_.fetch_sub(1) / 2;
      const std::string key = key_of(racer.key);
      writer.reserve(key);
      const uint64_t left = writer.arena_writer().left();
      racer.entry = skiplist_->find_or_insert(key, writer.arena_writer());
      racer.bytes_taken = left - writer.arena_writer().left();
      racer.inserted.insert(racer.key);
    }
    racer.done = true;
  }
  void join() {
    for (const auto& racer : racers_) racer->thread.join();
  }
  // Races until `pause` holds a thread that has lost a swap, and lets the other one end.
  const Racer& race_until_held(sync_points::Pause& pause) {
    start();
    EXPECT_TRUE(pause.wait_reached(1, kSoonMs));
    stop_ = true;
    while (!racers_[0]->done && !racers_[1]->done) std::this_thread::yield();
    return racers_[0]->done ? *racers_[1] : *racers_[0];
  }

  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> inserts_left_{0};
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Skiplist> skiplist_;
  std::unique_ptr<Racer> racers_[2];
};

TEST_F(SkiplistRaceTest, LostSwapsAreTriedAgainAndLoseNoKey) {
  start();
  while (sync_points::hits(SyncPoint::skiplist_cas_retry) < 5 && !racers_[0]->done) {
    std::this_thread::yield();
  }
  stop_ = true;
  join();
  ASSERT_GE(sync_points::hits(SyncPoint::skiplist_cas_retry), 5u);
  skiplist_->check_levels();
  std::set<uint64_t> inserted = racers_[0]->inserted;
  inserted.insert(racers_[1]->inserted.begin(), racers_[1]->inserted.end());
  for (const uint64_t key : inserted) ASSERT_NE(skiplist_->find(key_of(key)), nullptr);
  EXPECT_EQ(testing::keys_forward(*skiplist_).size(), inserted.size());
}

// The key of a thread that has just lost a swap is inserted by another before it goes on.
TEST_F(SkiplistRaceTest, LoserOfEqualKeysReturnsTheWinnersEntryAndItsMemory) {
  int lost_at_level_0 = 0;
  for (int round = 0; lost_at_level_0 < 3 && round < 50; ++round) {
    sync_points::Pause pause(SyncPoint::skiplist_cas_retry, 1);
    const Racer& held = race_until_held(pause);
    const Entry* entry = IndexWriter(*skiplist_, *arena_).insert(key_of(held.key));
    pause.release();
    join();
    EXPECT_EQ(held.entry, entry);
    if (held.bytes_taken == 0) ++lost_at_level_0;  // above, the entry is its own
    skiplist_->check_levels();
  }
  EXPECT_EQ(lost_at_level_0, 3);
}

// Neighbours of all heights, between the loser's key and what it had seen before and after it.
TEST_F(SkiplistRaceTest, LoserFindsItsPlaceAmongNewNeighbours) {
  for (int round = 0; round < 5; ++round) {
    sync_points::Pause pause(SyncPoint::skiplist_cas_retry, 1);
    const Racer& held = race_until_held(pause);
    IndexWriter writer(*skiplist_, *arena_);
    const std::string key = key_of(held.key), below = key.substr(0, 8), above = key + "\1";
    for (char c = 'a'; c <= 'z'; ++c) writer.insert(above + c);
    for (size_t zeros = 0; zeros < 100; ++zeros) writer.insert(below + std::string(zeros, '\0'));
    pause.release();
    join();
    EXPECT_EQ(skiplist_->find(key), held.entry);
    skiplist_->check_levels();
  }
}

// A key comes in right before the sought one, after the search and before the step.
TEST_F(SkiplistRaceTest, SeekNeverStandsBeforeItsKey) {
  make_empty();
  IndexWriter writer(*skiplist_, *arena_);
  for (const Bytes present : {"a", "m"}) writer.insert(present);
  const auto cursor = skiplist_->cursor();
  for (const Bytes sought : {"m", "k", "z"}) {
    Entry* inserted = nullptr;
    sync_points::on(SyncPoint::skiplist_seek, [&] {
      std::string below(sought);
      --below.back();
      inserted = writer.insert(below + "~");
    });
    cursor->seek(sought);
    ASSERT_NE(inserted, nullptr);
    EXPECT_LT(inserted->key(), sought);
    if (sought == "z") {
      EXPECT_FALSE(cursor->valid());
    } else {
      ASSERT_TRUE(cursor->valid());
      EXPECT_GE(cursor->entry()->key(), sought);
    }
  }
}

thread_local std::string key;  // being inserted by this thread
thread_local int losses;       // of that insert

// A sorted insert that loses on level 0 and again above, with neighbours come in before each of
// its retries: what it remembers of each level is then of another moment.
TEST_F(SkiplistRaceTest, SortedInserterStaysInOrderWhenNeighboursComeBetweenItsLevels) {
  constexpr uint64_t kFront = 64;
  const auto insert_above = [this](const std::string& start) {
    IndexWriter writer(*skiplist_, *arena_);
    for (char c = 'a'; c <= 'z'; ++c) writer.insert(start + c);
  };
  for (int round = 0; round < 10; ++round) {
    std::atomic<bool> lost_twice{false};
    sync_points::on(SyncPoint::skiplist_cas_retry, [&] {
      // Its own inserts here lose nothing: they are alone right above the key.
      if (++losses <= 2) insert_above(key + (losses == 1 ? '\2' : '\1'));
    });
    const auto race = [&] {
      IndexWriter writer(*skiplist_, *arena_);
      const auto insert = [&](Index::SortedInserter& inserter, const std::string& next) {
        writer.reserve(next);
        inserter.find_or_insert(next, writer.arena_writer());
      };
      while (!lost_twice && inserts_left_ > kFront + 1) {
        const auto inserter = skiplist_->sorted_inserter();
        key = key_of(inserts_left_.fetch_sub(1));
        losses = 0;
        insert(*inserter, key);
        if (losses < 2) continue;
        for (char c = 'a'; c <= 'z'; ++c) insert(*inserter, key + '\1' + c + 'x');
        lost_twice = true;
      }
    };
    make_empty();
    // In front of all others, so that a search has to climb to come past them.
    for (uint64_t number = 0; number < kFront; ++number) {
      IndexWriter(*skiplist_, *arena_).insert(key_of(number));
    }
    std::thread first(race), second(race);
    first.join();
    second.join();
    ASSERT_TRUE(lost_twice);
    skiplist_->check_levels();
  }
}

}  // namespace
}  // namespace skiplith
