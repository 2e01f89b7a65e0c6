#include "mem/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <new>
#include <thread>
#include <vector>

#include "base/coding.h"

namespace skiplith {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

bool all_zero(const char* place, uint64_t bytes) {
  return std::all_of(place, place + bytes, [](char byte) { return byte == 0; });
}

TEST(Arena, OffsetZeroIsNowhere) {
  Arena arena(kMiB);
  EXPECT_NE(arena.offset_of(arena.take(8)), 0u);
}

TEST(Arena, OffsetsAndPlacesAreTheSame) {
  Arena arena(kMiB);
  for (int i = 0; i < 100; ++i) {
    char* place = arena.take(24);
    EXPECT_EQ(arena.at<char>(arena.offset_of(place)), place);
  }
}

TEST(Arena, ChunksOfWholeLinesBeginOnALine) {
  Arena arena(kMiB);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.take(4096)) % 64, 0u);
}

TEST(Arena, UsedCountsWhatWasTaken) {
  Arena arena(kMiB);
  const uint64_t before = arena.used();
  arena.take(4096);
  EXPECT_EQ(arena.used(), before + 4096);
  arena.take(1);
  EXPECT_EQ(arena.used(), before + 4096 + Arena::kUnit);
}

TEST(Arena, FullArenaRefusesAndChangesNothing) {
  Arena arena(kMiB);
  EXPECT_EQ(arena.take(kMiB), nullptr);
  EXPECT_EQ(arena.take(UINT64_MAX), nullptr);
  EXPECT_EQ(arena.used(), Arena::kFirstByte);
  char* all = arena.take(kMiB - Arena::kFirstByte);
  ASSERT_NE(all, nullptr);
  std::fill_n(all, kMiB - Arena::kFirstByte, 'x');
  EXPECT_EQ(arena.take(1), nullptr);
  EXPECT_EQ(arena.used(), kMiB);
}

TEST(Arena, ThreadsGetZeroedChunksOfTheirOwn) {
  constexpr uint64_t kThreads = 4, kChunks = 200'000;  // many and small, so that takes do meet
  Arena arena(8 * kMiB);
  const uint64_t before = arena.used();
  std::barrier start(static_cast<ptrdiff_t>(kThreads));
  std::atomic<uint64_t> not_zero{0}, not_its_own{0};
  std::vector<std::thread> threads;
  for (uint64_t owner = 1; owner <= kThreads; ++owner) {
    threads.emplace_back([&, owner] {
      std::vector<char*> chunks(kChunks);
      start.arrive_and_wait();
      for (char*& chunk : chunks) chunk = arena.take(Arena::kUnit);
      start.arrive_and_wait();
      for (char* chunk : chunks) {
        if (load_u64(chunk) != 0) ++not_zero;
        store_u64(chunk, owner);
      }
      start.arrive_and_wait();
      for (const char* chunk : chunks) {
        if (load_u64(chunk) != owner) ++not_its_own;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(arena.used(), before + kThreads * kChunks * Arena::kUnit);
  EXPECT_EQ(not_zero, 0u);
  EXPECT_EQ(not_its_own, 0u);
}

TEST(Arena, ReservedIsNotUsedMemory) {
  Arena arena(Arena::kMaxBytes);  // 32 GiB: more than the machines that run this have
  EXPECT_NE(arena.take(kMiB), nullptr);
}

TEST(Arena, PopulatedPagesAreStillZero) {
  Arena arena(8 * kMiB);
  EXPECT_TRUE(arena.populate_ahead(3 * kMiB));
  EXPECT_FALSE(arena.populate_ahead(3 * kMiB));
  ASSERT_NE(arena.take(kMiB), nullptr);
  while (arena.populate_ahead(100 * kMiB)) continue;  // past the end: what there is
  EXPECT_TRUE(all_zero(arena.take(7 * kMiB - 64), 7 * kMiB - 64));
}

TEST(Arena, LeavesItsMemoryToTheNextThatIsAsLarge) {
  const auto pool = std::make_shared<ArenaPool>();
  char* place = nullptr;
  {
    Arena first(8 * kMiB, pool);
    place = first.take(kMiB);
    place[0] = 'x';
    first.populate_ahead(8 * kMiB);
  }
  {
    Arena other(4 * kMiB, pool);
    EXPECT_NE(other.take(kMiB), place);
  }
  pool->want(true);
  Arena second(8 * kMiB, pool);
  EXPECT_EQ(second.used(), Arena::kFirstByte);
  EXPECT_FALSE(second.wants_populating(4 * kMiB));
  Arena third(8 * kMiB, pool);
  EXPECT_NE(third.take(kMiB), second.take(kMiB));
}

TEST(Arena, LeavesNothingWhereNoneIsWanted) {
  const auto pool = std::make_shared<ArenaPool>();
  const auto is_kept = [&] {
    Arena next(8 * kMiB, pool);
    return !next.wants_populating(4 * kMiB);
  };
  for (const bool wanted_before : {true, false}) {
    pool->want(wanted_before);
    {
      Arena arena(8 * kMiB, pool);
      arena.populate_ahead(8 * kMiB);
    }
    pool->want(false);
    EXPECT_FALSE(is_kept());
  }
}

TEST(Arena, IsPopulatedAheadByWhatIsUsedInStepsAndUpToItsBudget) {
  constexpr uint64_t kBudget = 40 * kMiB;
  Arena arena(64 * kMiB);
  const auto steps = [&] {
    int count = 0;
    while (arena.populate_ahead(kBudget)) ++count;
    EXPECT_FALSE(arena.wants_populating(kBudget));
    return count;
  };
  EXPECT_TRUE(arena.wants_populating(kBudget));
  EXPECT_EQ(steps(), 1);  // 4 MiB
  ASSERT_NE(arena.take(kMiB), nullptr);
  EXPECT_FALSE(arena.wants_populating(kBudget));
  ASSERT_NE(arena.take(2 * kMiB), nullptr);
  EXPECT_TRUE(arena.wants_populating(kBudget));
  EXPECT_EQ(steps(), 1);  // 4 more
  ASSERT_NE(arena.take(8 * kMiB), nullptr);
  EXPECT_EQ(steps(), 3);  // from the huge page behind the writers on
  ASSERT_NE(arena.take(20 * kMiB), nullptr);
  EXPECT_EQ(steps(), 2);  // all of the budget
  ASSERT_NE(arena.take(20 * kMiB), nullptr);
  EXPECT_FALSE(arena.wants_populating(kBudget));
}

TEST(AddressRange, LargeRangesBeginOnAHugePage) {
  AddressRange range(64 * kMiB);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(range.base()) % (2 * kMiB), 0u);
  range.base()[64 * kMiB - 1] = 'x';
}

TEST(AddressRange, NoAddressSpaceIsBadAlloc) {
  EXPECT_THROW(AddressRange(uint64_t{1} << 60), std::bad_alloc);
}

TEST(ArenaWriter, AllocationsAreAlignedAndApart) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 64, 4096));
  char* first = writer.allocate(13);
  char* second = writer.allocate(1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % Arena::kUnit, 0u);
  EXPECT_EQ(second, first + 16);
  EXPECT_EQ(writer.left(), 4096u - 24);
}

TEST(ArenaWriter, WhatIsLeftIsReservedAlready) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 100, 4096));
  const uint64_t used = arena.used();
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  EXPECT_EQ(arena.used(), used);
}

TEST(ArenaWriter, MoreThanAChunkIsTakenWhole) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 100'000, 4096));
  EXPECT_GE(writer.left(), 100'000u);
}

TEST(ArenaWriter, ChunkThatFollowsExtendsTheLast) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  char* place = writer.allocate(8);
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  EXPECT_EQ(writer.left(), 2 * 4096u - 8);
  EXPECT_EQ(writer.allocate(8), place + 8);
}

TEST(ArenaWriter, ChunkElsewhereReplacesTheLast) {
  Arena arena(kMiB);
  ArenaWriter writer, other;
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  writer.allocate(8);
  ASSERT_TRUE(other.reserve(arena, 4096, 4096));
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  EXPECT_EQ(writer.left(), 4096u);
  EXPECT_EQ(writer.allocate(8), other.allocate(8) + 4096);
}

TEST(ArenaWriter, FullArenaLeavesTheChunkAsItWas) {
  Arena arena(8192);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  EXPECT_FALSE(writer.reserve(arena, 5000, 4096));
  EXPECT_EQ(writer.left(), 4096u);
  writer.allocate(4096);
}

TEST(ArenaWriter, GivenBackSpaceIsAllocatedAgain) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 4096, 4096));
  char* place = writer.allocate(100);
  writer.give_back(place);
  EXPECT_EQ(writer.left(), 4096u);
  EXPECT_EQ(writer.allocate(8), place);
}

TEST(ArenaWriter, ResetForgetsTheChunk) {
  Arena first(kMiB), second(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(first, 100, 4096));
  writer.reset();
  EXPECT_EQ(writer.left(), 0u);
  ASSERT_TRUE(writer.reserve(second, 100, 4096));
  EXPECT_EQ(second.offset_of(writer.allocate(8)), Arena::kFirstByte / Arena::kUnit);
}

TEST(ArenaWriterDeathTest, MoreThanWasReservedIsABug) {
  Arena arena(kMiB);
  ArenaWriter writer;
  ASSERT_TRUE(writer.reserve(arena, 64, 64));
  EXPECT_DEATH(writer.allocate(65), "broken invariant");
}

}  // namespace
}  // namespace skiplith
