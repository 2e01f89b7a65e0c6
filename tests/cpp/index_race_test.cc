// What every engine promises many threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <functional>
#include <set>
#include <thread>

#include "base/checksum.h"
#include "base/coding.h"
#include "mem/art.h"
#include "mem/skiplist.h"
#include "support/index_testing.h"

namespace skiplith {
namespace {

using testing::IndexWriter;
using testing::keys_backward;
using testing::keys_forward;

constexpr int kThreads = 4;

class IndexRaceTest : public ::testing::TestWithParam<IndexKind> {
 protected:
  // Runs body(thread number, writer) on kThreads threads that begin together.
  void race(const std::function<void(int, IndexWriter&)>& body) {
    std::barrier start(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        IndexWriter writer(*index_, arena_);
        start.arrive_and_wait();
        body(t, writer);
      });
    }
    for (std::thread& thread : threads) thread.join();
    if (const auto* skiplist = dynamic_cast<const Skiplist*>(index_.get())) {
      skiplist->check_levels();
    }
    if (const auto* art = dynamic_cast<const Art*>(index_.get())) art->check_nodes();
  }

  Arena arena_{uint64_t{64} << 20};
  std::unique_ptr<Index> index_ = make_index(GetParam(), arena_);
};

INSTANTIATE_TEST_SUITE_P(Engines, IndexRaceTest, ::testing::ValuesIn(testing::kAllIndexKinds),
                         testing::test_name);

std::vector<std::string> sorted_unique(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<std::string> random_keys(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> keys(count);
  for (std::string& key : keys) key = testing::random_key(random);
  return keys;
}

// Tells of itself whether it is whole.
std::string checked_key(uint64_t number) {
  std::string key;
  append_u64(&key, __builtin_bswap64(number));
  append_u64(&key, checksum(key, 0));
  return key;
}
bool is_whole(Bytes key) {
  return key.size() == 16 && load_u64(key.data() + 8) == checksum(key.substr(0, 8), 0);
}

TEST_P(IndexRaceTest, EqualKeysGetOneEntryWhoeverInserts) {
  const std::vector<std::string> keys = sorted_unique(random_keys(3'000, 1));
  std::vector<std::vector<Entry*>> entries(kThreads, std::vector<Entry*>(keys.size()));
  race([&](int t, IndexWriter& writer) {
    // Each in the same order, so that they meet at every key.
    for (size_t i = 0; i < keys.size(); ++i) entries[t][i] = writer.insert(keys[i]);
  });
  for (int t = 1; t < kThreads; ++t) EXPECT_EQ(entries[t], entries[0]);
  EXPECT_EQ(keys_forward(*index_), keys);
}

TEST_P(IndexRaceTest, NoKeyIsLostAndOrderIsRight) {
  std::vector<std::string> all;
  race([&](int t, IndexWriter& writer) {
    // Half in common with the next thread, in another order.
    std::vector<std::string> keys = random_keys(2'000, t);
    for (const std::string& key : random_keys(2'000, (t + 1) % kThreads)) keys.push_back(key);
    std::mt19937_64 random(t);
    std::shuffle(keys.begin(), keys.end(), random);
    for (const std::string& key : keys) {
      const Entry* entry = writer.insert(key);
      EXPECT_EQ(entry->key(), key);
      EXPECT_EQ(index_->find(key), entry);
    }
  });
  for (int t = 0; t < kThreads; ++t) {
    for (const std::string& key : random_keys(2'000, t)) all.push_back(key);
  }
  all = sorted_unique(all);
  EXPECT_EQ(keys_forward(*index_), all);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(keys_backward(*index_), all);
}

TEST_P(IndexRaceTest, SortedInsertersMayRunSideBySide) {
  constexpr uint64_t kBatches = 50, kPerBatch = 60;
  race([&](int t, IndexWriter& writer) {
    for (uint64_t batch = 0; batch < kBatches; ++batch) {
      const auto inserter = index_->sorted_inserter();
      for (uint64_t i = 0; i < kPerBatch; ++i) {
        // Neighbours of the other threads' keys; every fifth is also theirs.
        const uint64_t number = batch * kPerBatch + i;
        const std::string key = checked_key(number * kThreads + (number % 5 == 0 ? 0 : t));
        writer.reserve(key);
        EXPECT_EQ(inserter->find_or_insert(key, writer.arena_writer())->key(), key);
      }
    }
  });
  std::vector<std::string> all;
  for (uint64_t number = 0; number < kBatches * kPerBatch; ++number) {
    for (int t = 0; t < kThreads; ++t) {
      all.push_back(checked_key(number * kThreads + (number % 5 == 0 ? 0 : t)));
    }
  }
  EXPECT_EQ(keys_forward(*index_), sorted_unique(all));
}

// Two threads insert, two read: at every moment the index is ordered and whole, and has all that
// an insert had returned for before the read began.
TEST_P(IndexRaceTest, ReadersSeeAnOrderedIndexAtEveryMoment) {
  constexpr int kInserters = 2;
  constexpr uint64_t kEach = 4'000;
  std::atomic<uint64_t> inserted[kInserters] = {};
  // Scattered, and the same in every run.
  const auto key_of = [](int t, uint64_t i) {
    return checked_key((i * kInserters + t) * 0x9e3779b97f4a7c15);
  };
  race([&](int t, IndexWriter& writer) {
    if (t < kInserters) {
      for (uint64_t i = 0; i < kEach; ++i) {
        writer.insert(key_of(t, i));
        inserted[t].store(i + 1);
      }
      return;
    }
    const auto cursor = index_->cursor();
    const bool forward = t % 2 == 0;
    std::mt19937_64 random(t);
    for (uint64_t at_least = 0; at_least < kInserters * kEach;) {
      const uint64_t counts[] = {inserted[0].load(), inserted[1].load()};
      at_least = counts[0] + counts[1];
      for (int i = 0; i < 100; ++i) {
        const int whose = i % kInserters;
        if (counts[whose] == 0) continue;
        const std::string key = key_of(whose, random() % counts[whose]);
        ASSERT_NE(index_->find(key), nullptr);
        cursor->seek(key);
        ASSERT_TRUE(cursor->valid() && cursor->entry()->key() == key);
      }
      uint64_t seen = 0;
      std::string last;
      for (forward ? cursor->first() : cursor->last(); cursor->valid();
           forward ? cursor->next() : cursor->prev()) {
        const Bytes key = cursor->entry()->key();
        ASSERT_TRUE(is_whole(key));
        ASSERT_EQ(cursor->entry()->prefix, key_prefix(key));
        ASSERT_TRUE(seen == 0 || (forward ? last < key : last > key));
        ++seen;
        last = key;
      }
      ASSERT_GE(seen, at_least);
    }
  });
}

}  // namespace
}  // namespace skiplith
