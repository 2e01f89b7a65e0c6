// Many readers of tables whose blocks come and go all the time.
#include <atomic>
#include <random>
#include <thread>

#include "support/table_testing.h"

namespace skiplith::testing {
namespace {

class TableRaceTest : public TableTest {
 protected:
  static constexpr int kKeys = 500;
  static constexpr int kReaders = 4;
  static constexpr int kRounds = 20'000;

  TableRaceTest() {
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = "key" + std::to_string(1000 + i);
      for (Sequence sequence = 10; sequence <= 30; sequence += 10) {
        model_.put(key, sequence, key + "@" + std::to_string(sequence) + std::string(i % 90, 'v'));
      }
      if (i % 7 == 0) model_.erase(key, 40);
    }
    bytes_ = build(model_, options(Compression::kLz4)).bytes;
  }

  // Looks at a borrowed value as late as it may, so that others evict its block meanwhile.
  void read_borrowed(Table& table, const std::string& key, Sequence at) {
    EpochGuard guard;
    Answer answer;
    PinnedBytes value;
    answer.lookup =
        table.get(SearchedKey(key), at, Table::Io::kResidentOnly, &value, &answer.failure);
    if (answer.lookup == Lookup::kNeedsIo) return;
    std::this_thread::yield();
    if (answer.lookup == Lookup::kFound) answer.value = value.bytes();
    ASSERT_TRUE(is_answer(answer, model_.get(key, at))) << key << " at " << at;
    ++borrowed_;
  }

  void read_at_random(Table& table, uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto cursor = table.cursor(20);
    const auto pairs = model_.pairs(20);
    for (int round = 0; round < kRounds; ++round) {
      const std::string key = "key" + std::to_string(1000 + random() % (kKeys + 10));
      const Sequence at = random() % 45;
      if (random() % 2 == 0) {
        ASSERT_TRUE(is_answer(get(table, key, at), model_.get(key, at))) << key << " at " << at;
      } else {
        read_borrowed(table, key, at);
      }
      if (round % 50 == 0) {
        size_t place = random() % pairs.size();
        cursor->seek(pairs[place].first);
        for (int step = 0; step < 40 && place < pairs.size(); ++step, ++place, cursor->next()) {
          ASSERT_TRUE(cursor->valid());
          ASSERT_EQ(cursor->value(), pairs[place].second.value);
        }
      }
    }
  }

  TableModel model_;
  uint64_t bytes_ = 0;
  std::atomic<uint64_t> borrowed_{0};
};

TEST_F(TableRaceTest, ReadersBesideConstantEviction) {
  BlockCache cache(6000);  // a few blocks, if that
  Table table(open_files_, path(), kTableDatabase, kTableNumber, bytes_, cache);
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] { read_at_random(table, i); });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(cache.evictions(), 1000u);
  EXPECT_GT(borrowed_, 100u);
  EXPECT_EQ(cache.reclaim(), 0u);
}

TEST_F(TableRaceTest, FirstUseByManyReadsOneFrame) {
  for (int round = 0; round < 20; ++round) {
    const uint64_t before = files_.calls(Operation::kOpenReadable);
    const auto table = open(bytes_);
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] {
        EXPECT_TRUE(is_answer(get(*table, "key1005", kLatest), model_.get("key1005", kLatest)));
      });
    }
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(files_.calls(Operation::kOpenReadable) - before, 1u);
  }
}

TEST_F(TableRaceTest, TablesCloseBesideReadersOfOthers) {
  BlockCache cache(20'000);
  Table table(open_files_, path(), kTableDatabase, kTableNumber, bytes_, cache);
  std::atomic<bool> stop{false};
  std::thread closer([&] {
    while (!stop) {
      Table brief(open_files_, path(), kTableDatabase, kTableNumber, bytes_, cache);
      for (int i = 0; i < kKeys; i += 9) {
        const std::string key = "key" + std::to_string(1000 + i);
        ASSERT_TRUE(is_answer(get(brief, key, 30), model_.get(key, 30)));
      }
    }
  });
  read_at_random(table, 1);
  stop = true;
  closer.join();
}

}  // namespace
}  // namespace skiplith::testing
