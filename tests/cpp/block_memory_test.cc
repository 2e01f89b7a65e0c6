// Pieces of spans of regions.
#include "table/block_memory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace skiplith::testing {
namespace {

using Piece = BlockMemory::Piece;

struct Owned {
  Piece piece;
  char mark;

  bool is_whole() const {
    const auto* bytes = static_cast<const char*>(piece.memory);
    return std::all_of(bytes, bytes + piece.bytes, [this](char byte) { return byte == mark; });
  }
};

Owned allocate(size_t bytes, char mark) {
  const Piece piece = BlockMemory::allocate(bytes);
  EXPECT_GE(piece.bytes, bytes);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(piece.memory) % BlockMemory::kAlignment, 0u);
  std::memset(piece.memory, mark, piece.bytes);
  return {piece, mark};
}

// Allocates and frees pieces of random sizes; what is in one stays.
void churn(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Owned> all;
  for (int i = 0; i < 20'000; ++i) {
    if (all.size() < 300 || (random() % 2 == 0 && all.size() < 600)) {
      const size_t bytes = random() % 20 == 0 ? random() % 200'000 : random() % 10'000;
      all.push_back(allocate(bytes + 1, static_cast<char>(random())));
    } else {
      std::swap(all[random() % all.size()], all.back());
      ASSERT_TRUE(all.back().is_whole());
      BlockMemory::free(all.back().piece);
      all.pop_back();
    }
  }
  for (const Owned& owned : all) {
    ASSERT_TRUE(owned.is_whole());
    BlockMemory::free(owned.piece);
  }
}

TEST(BlockMemory, PiecesNeverOverlap) { churn(1); }

TEST(BlockMemory, ThreadsShareIt) {
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(churn, seed);
  for (std::thread& thread : threads) thread.join();
}

TEST(BlockMemory, OfAPieceAFifthAtMostIsUnused) {
  for (size_t bytes = 300; bytes <= BlockMemory::kMostPieceBytes; bytes += 97) {
    const Piece piece = BlockMemory::allocate(bytes);
    EXPECT_LE(piece.bytes, bytes + std::max(bytes / 4, BlockMemory::kAlignment)) << bytes;
    BlockMemory::free(piece);
  }
  const Piece block = BlockMemory::allocate(8192 + 64 + 8);
  EXPECT_LE(block.bytes, (8192 + 64 + 8) * 103 / 100);
  BlockMemory::free(block);
}

TEST(BlockMemory, WhatIsFreeIsUsedForOtherSizesOrGoesBack) {
  const uint64_t before = BlockMemory::region_bytes();
  uint64_t most = 0;
  for (const size_t bytes : {1'000, 8'000, 60'000, 300}) {
    std::vector<Piece> pieces;
    for (size_t taken = 0; taken < (size_t{32} << 20); taken += bytes) {
      pieces.push_back(BlockMemory::allocate(bytes));
    }
    most = std::max(most, BlockMemory::region_bytes());
    for (const Piece& piece : pieces) BlockMemory::free(piece);
    EXPECT_LE(BlockMemory::region_bytes(), before + (4 << 20));  // one is kept
  }
  EXPECT_GE(most, before + (32 << 20));
  EXPECT_LE(most, before + (42 << 20));
}

TEST(BlockMemory, AForkedChildHasItsOwn) {
  const Owned parents = allocate(5'000, 'p');
  const pid_t child = fork();
  if (child == 0) {
    bool fine = parents.is_whole();
    BlockMemory::free(parents.piece);  // is left
    churn(1);
    fine = fine && parents.is_whole();
    _exit(fine && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(parents.is_whole());
  BlockMemory::free(parents.piece);
}

}  // namespace
}  // namespace skiplith::testing
