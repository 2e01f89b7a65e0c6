// Which blocks are resident, how many bytes they take, and who may still use one that is not.
#include <random>
#include <thread>

#include "support/table_testing.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kSoonMs = 60'000;  // a bound for what must happen, not a duration

std::string key_of(int number) { return "key" + std::to_string(1000 + number); }
std::string value_of(int number) { return std::to_string(number) + std::string(60, 'v'); }

// A table with about three entries a block.
class TableCacheTest : public TableTest {
 protected:
  static constexpr int kEntries = 300;

  TableCacheTest() {
    TableModel model;
    for (int i = 0; i < kEntries; ++i) model.put(key_of(i), 1, value_of(i));
    bytes_ = build(model, options()).bytes;
  }
  // The only table of a cache with room for its frame and `block_bytes` of blocks.
  void open_with_room_for(uint64_t block_bytes) {
    BlockCache measuring(0);
    Table table(open_files_, path(), kTableDatabase, kTableNumber, bytes_, measuring);
    EXPECT_TRUE(table.properties().is_ok());
    frame_bytes_ = measuring.resident_bytes();
    small_cache_ = std::make_unique<BlockCache>(frame_bytes_ + block_bytes);
    table_ = std::make_unique<Table>(open_files_, path(), kTableDatabase, kTableNumber, bytes_,
                                     *small_cache_);
  }
  void read(int number) {
    EXPECT_TRUE(is_answer(get(*table_, key_of(number), 1), as_put(number))) << number;
  }
  bool is_resident(int number) {
    const Answer answer = get(*table_, key_of(number), 1, Table::Io::kResidentOnly);
    if (answer.lookup == Lookup::kNeedsIo) return false;
    EXPECT_TRUE(is_answer(answer, as_put(number)));
    return true;
  }
  const ModelVersion* as_put(int number) {
    expected_ = {Kind::kPut, value_of(number)};
    return &expected_;
  }
  uint64_t sum(CacheCount what) const { return small_cache_->sum(what); }

  uint64_t bytes_ = 0;
  uint64_t frame_bytes_ = 0;
  ModelVersion expected_;
  std::unique_ptr<BlockCache> small_cache_;
  std::unique_ptr<Table> table_;
};

TEST_F(TableCacheTest, AReadBlockStaysResident) {
  open_with_room_for(1 << 20);
  read(0);
  EXPECT_TRUE(is_resident(0));
  EXPECT_FALSE(is_resident(kEntries - 1));
  const uint64_t reads = files_.calls(Operation::kRead);
  read(0);
  EXPECT_EQ(files_.calls(Operation::kRead), reads);
}

TEST_F(TableCacheTest, ResidentBytesStayWithinTheLimit) {
  open_with_room_for(4000);
  for (int i = 0; i < kEntries; ++i) {
    read(i);
    ASSERT_LE(small_cache_->resident_bytes(), small_cache_->cache_bytes());
  }
  EXPECT_GT(small_cache_->resident_bytes(), frame_bytes_ + 2000);
  EXPECT_GT(small_cache_->evictions(), 50u);
  table_.reset();
  EXPECT_EQ(small_cache_->resident_bytes(), 0u);
}

TEST_F(TableCacheTest, ACacheWithoutRoomStillReads) {
  open_with_room_for(0);
  for (int i = 0; i < kEntries; ++i) read(i);
  EXPECT_FALSE(is_resident(0));
  EXPECT_EQ(small_cache_->resident_bytes(), frame_bytes_);
  const auto cursor = table_->cursor(kLatest);
  int count = 0;
  for (cursor->first(); cursor->valid(); cursor->next()) {
    EXPECT_EQ(cursor->value(), value_of(count++));
  }
  EXPECT_EQ(count, kEntries);
}

TEST_F(TableCacheTest, WhatIsUsedStaysAndWhatIsScannedGoes) {
  open_with_room_for(4000);
  read(0);
  for (int i = 1; i < kEntries; ++i) {
    ASSERT_TRUE(is_resident(0)) << i;  // used over and over
    read(i);                           // once
  }
  EXPECT_FALSE(is_resident(kEntries / 2));
}

// Slots of no table, so that all that is resident can be seen.
TEST(BlockCacheTest, TheCounterIsTheSumOfWhatIsResidentAndStaysWithinTheLimit) {
  constexpr size_t kSlots = 200;
  constexpr uint64_t kCacheBytes = 40'000;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    BlockCache cache(kCacheBytes);
    std::vector<BlockSlot> slots(kSlots);
    std::vector<BlockRef> kept;  // as iterators and values do
    uint64_t frame_bytes = 0;
    for (int step = 0; step < 5000; ++step) {
      const size_t i = random() % kSlots;
      const uint64_t what = random() % 100;
      if (what < 50) {
        BlockRef block = BlockCache::resident(slots[i]);
        if (block && random() % 2 == 0) block->touch();
        if (!block) {
          const auto reader = static_cast<BlockCache::Reader>(random() % 2);
          block = cache.publish(slots[i], Block::make(random() % 2000), reader);
        }
        if (what < 10) kept.push_back(std::move(block));
      } else if (what < 60 && !kept.empty()) {
        kept.erase(kept.begin() + static_cast<ptrdiff_t>(random() % kept.size()));
      } else if (what < 62) {
        cache.drop(&slots[i], static_cast<uint32_t>(std::min<size_t>(kSlots - i, random() % 30)));
      } else if (what == 62 && frame_bytes < kCacheBytes / 2) {
        cache.add_frame(500);
        frame_bytes += 500;
      } else if (what == 63 && frame_bytes > 0) {
        cache.remove_frame(500);
        frame_bytes -= 500;
      } else if (what == 64) {
        cache.reclaim();
      }
      uint64_t sum = frame_bytes;
      for (const BlockSlot& slot : slots) {
        if (const Block* block = slot.load(); block != nullptr) sum += block->memory_bytes();
      }
      ASSERT_EQ(cache.resident_bytes(), sum) << step;
      ASSERT_LE(sum, kCacheBytes);
    }
    EXPECT_GT(cache.evictions(), 100u);
    cache.drop(slots.data(), kSlots);
    EXPECT_EQ(cache.resident_bytes(), frame_bytes);
  }
}

TEST_F(TableCacheTest, AFullScanDoesNotWashOutWhatIsLookedUp) {
  open_with_room_for(6000);
  for (int i = 0; i < 30; i += 3) read(i);  // each once
  for (int round = 0; round < 5; ++round) {
    const auto cursor = table_->cursor(kLatest);
    int count = 0;
    if (round % 2 == 0) {
      for (cursor->first(); cursor->valid(); cursor->next()) ++count;
    } else {
      for (cursor->last(); cursor->valid(); cursor->prev()) ++count;
    }
    EXPECT_EQ(count, kEntries);
    const uint64_t misses = sum(CacheCount::kBlockMisses);
    for (int i = 0; i < 30; i += 3) read(i);
    EXPECT_EQ(sum(CacheCount::kBlockMisses), misses) << round;
  }
  ASSERT_LE(small_cache_->resident_bytes(), small_cache_->cache_bytes());
}

TEST_F(TableCacheTest, ARangeThatIsScannedAgainBecomesResidentThoughLookupsHaveFilledTheCache) {
  open_with_room_for(16'000);
  for (int i = 0; i < kEntries; ++i) read(i);
  const auto cursor = table_->cursor(kLatest);
  const auto scan_some = [&] {
    cursor->seek(key_of(10));
    for (int i = 10; i < 30; ++i, cursor->next()) EXPECT_EQ(cursor->key(), key_of(i));
  };
  const uint64_t misses = sum(CacheCount::kBlockMisses);
  scan_some();
  const uint64_t first = sum(CacheCount::kBlockMisses);
  EXPECT_GT(first, misses + 4);
  scan_some();
  EXPECT_EQ(sum(CacheCount::kBlockMisses), first);
}

TEST_F(TableCacheTest, LookupsTakeTheRoomOfScansFirst) {
  open_with_room_for(6000);
  const auto cursor = table_->cursor(kLatest);
  for (cursor->first(); cursor->valid(); cursor->next()) continue;
  EXPECT_GT(small_cache_->resident_bytes(), frame_bytes_ + 5000);  // all the room there is
  for (int i = 0; i < 30; i += 3) read(i);
  for (int i = 0; i < 30; i += 3) EXPECT_TRUE(is_resident(i)) << i;
}

TEST_F(TableCacheTest, AScannedBlockThatIsLookedUpStays) {
  open_with_room_for(3000);
  const auto cursor = table_->cursor(kLatest);
  for (cursor->last(); cursor->valid(); cursor->prev()) continue;
  read(0);  // resident from the scan
  for (cursor->first(); cursor->valid(); cursor->next()) continue;
  EXPECT_TRUE(is_resident(0));
}

TEST_F(TableCacheTest, ClosingATableDropsItsBlocksOnly) {
  open_with_room_for(1 << 20);
  Table other(open_files_, path(), kTableDatabase, kTableNumber, bytes_, *small_cache_);
  for (int i = 0; i < kEntries; ++i) {
    read(i);
    EXPECT_EQ(get(other, key_of(i), 1).lookup, Lookup::kFound);
  }
  const uint64_t both = small_cache_->resident_bytes();
  table_.reset();
  EXPECT_EQ(small_cache_->resident_bytes(), both / 2);
  EXPECT_EQ(get(other, key_of(7), 1, Table::Io::kResidentOnly).lookup, Lookup::kFound);
}

TEST_F(TableCacheTest, CountersTellHitsMissesAndTheFiltersWork) {
  open_with_room_for(1 << 20);
  read(0);
  EXPECT_EQ(sum(CacheCount::kBlockMisses), 1u);
  EXPECT_EQ(sum(CacheCount::kBlockHits), 0u);
  read(0);
  EXPECT_TRUE(is_resident(0));
  EXPECT_EQ(sum(CacheCount::kBlockHits), 2u);
  constexpr uint64_t kAbsent = 20'000;
  for (uint64_t i = 0; i < kAbsent; ++i) {
    EXPECT_EQ(get(*table_, "none" + std::to_string(i), 1).lookup, Lookup::kAbsent);
  }
  EXPECT_EQ(sum(CacheCount::kFilterNegatives) + sum(CacheCount::kFilterFalsePositives), kAbsent);
  EXPECT_LT(sum(CacheCount::kFilterFalsePositives), kAbsent / 40);
  EXPECT_GT(sum(CacheCount::kFilterFalsePositives), 0u);
}

TEST_F(TableCacheTest, CompactionsCursorLeavesTheCacheAlone) {
  open_with_room_for(1 << 20);
  const auto versions = table_->versions();
  int count = 0;
  for (versions->first(); versions->valid(); versions->next()) ++count;
  EXPECT_EQ(count, kEntries);
  EXPECT_EQ(small_cache_->resident_bytes(), frame_bytes_);
  EXPECT_EQ(sum(CacheCount::kBlockMisses) + sum(CacheCount::kBlockHits), 0u);
  expect_ok(table_->verify());
  EXPECT_EQ(small_cache_->resident_bytes(), frame_bytes_);
}

TEST_F(TableCacheTest, AForwardScanReadsAhead) {
  open_with_room_for(1 << 20);
  const auto cursor = table_->cursor(kLatest);
  const uint64_t before = files_.calls(Operation::kRead);
  for (cursor->first(); cursor->valid(); cursor->next()) continue;
  const uint64_t reads = files_.calls(Operation::kRead) - before;
  EXPECT_LT(reads, 10u);
  EXPECT_GT(sum(CacheCount::kBlockMisses), 50u);
  for (cursor->first(); cursor->valid(); cursor->next()) continue;
  EXPECT_EQ(files_.calls(Operation::kRead) - before, reads);  // all are resident
}

TEST_F(TableCacheTest, AKeptValueOutlivesEvictionTableAndCache) {
  open_with_room_for(1000);
  Status failure;
  PinnedBytes read_value, borrowed, kept;
  EXPECT_EQ(table_->get(SearchedKey(key_of(5)), 1, Table::Io::kMayRead, &read_value, &failure),
            Lookup::kFound);
  {
    EpochGuard guard;
    EXPECT_EQ(table_->get(SearchedKey(key_of(5)), 1, Table::Io::kResidentOnly, &borrowed, &failure),
              Lookup::kFound);
    kept = std::move(borrowed);
    kept.keep();
  }
  for (int i = 0; i < kEntries; ++i) read(i);
  EXPECT_FALSE(is_resident(5));
  table_.reset();
  small_cache_.reset();
  EXPECT_EQ(read_value.bytes(), value_of(5));
  EXPECT_EQ(kept.bytes(), value_of(5));
}

TEST_F(TableCacheTest, ABorrowedValueLivesAsLongAsItsGuard) {
  open_with_room_for(1000);
  read(5);
  Status failure;
  PinnedBytes value;
  {
    EpochGuard guard;
    ASSERT_EQ(table_->get(SearchedKey(key_of(5)), 1, Table::Io::kResidentOnly, &value, &failure),
              Lookup::kFound);
    std::thread([&] {
      for (int i = 0; i < kEntries; ++i) read(i);
      EXPECT_FALSE(is_resident(5));
      EXPECT_GT(small_cache_->reclaim(), 0u);  // waits for the guard
    }).join();
    EXPECT_EQ(value.bytes(), value_of(5));
  }
  EXPECT_EQ(small_cache_->reclaim(), 0u);
}

TEST_F(TableCacheTest, ABlockEvictedBetweenPointerAndReferenceIsNotFreed) {
  open_with_room_for(1000);
  read(5);
  sync_points::Pause seen(SyncPoint::table_block_seen, 1);
  std::thread reader([&] { EXPECT_TRUE(is_answer(get(*table_, key_of(5), 1), as_put(5))); });
  ASSERT_TRUE(seen.wait_reached(1, kSoonMs));
  ModelVersion expected;
  for (int i = 20; i < kEntries; ++i) {
    expected = {Kind::kPut, value_of(i)};
    EXPECT_TRUE(is_answer(get(*table_, key_of(i), 1), &expected));
  }
  EXPECT_EQ(get(*table_, key_of(5), 1, Table::Io::kResidentOnly).lookup, Lookup::kNeedsIo);
  EXPECT_GT(small_cache_->reclaim(), 0u);
  seen.release();
  reader.join();
  EXPECT_EQ(small_cache_->reclaim(), 0u);
}

TEST_F(TableCacheTest, TheLoserOfAPublicationUsesTheWinnersBlock) {
  open_with_room_for(1 << 20);
  ASSERT_TRUE(table_->properties().is_ok());
  sync_points::Pause both(SyncPoint::table_block_read, 2);
  PinnedBytes values[2];
  const auto read_into = [&](PinnedBytes* value) {
    Status failure;
    EXPECT_EQ(table_->get(SearchedKey(key_of(5)), 1, Table::Io::kMayRead, value, &failure),
              Lookup::kFound);
  };
  std::thread first(read_into, &values[0]), second(read_into, &values[1]);
  ASSERT_TRUE(both.wait_reached(2, kSoonMs));  // both have read the block
  both.release();
  first.join();
  second.join();
  EXPECT_EQ(sync_points::hits(SyncPoint::table_block_lost), 1u);
  EXPECT_EQ(sum(CacheCount::kBlockMisses), 2u);
  EXPECT_EQ(values[0].bytes().data(), values[1].bytes().data());
  EXPECT_EQ(values[0].bytes(), value_of(5));
}

}  // namespace
}  // namespace skiplith::testing
