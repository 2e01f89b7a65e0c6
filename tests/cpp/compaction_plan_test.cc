// What is compacted when: small layouts of levels, and what must hold for all of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "lsm/compaction_plan.h"
#include "lsm/version_filter.h"

namespace skiplith {
namespace {

constexpr uint32_t kDeepest = kLevels - 1;

// A layout: tables of 100 entries and `bytes`, from key to key.
class Layout {
 public:
  Layout& add(uint32_t level, const std::string& first, const std::string& last,
              uint64_t bytes = 100, uint64_t tombstones = 0) {
    ++number_;
    TableMeta table{.number = number_,
                    .level = level,
                    .bytes = bytes,
                    .entries = 100,
                    .tombstones = tombstones,
                    .smallest_sequence = number_,
                    .largest_sequence = number_,
                    .smallest_key = first,
                    .largest_key = last};
    if (level == 0) {
      levels_[0].insert(levels_[0].begin(), table);
    } else {
      levels_[level].push_back(table);
    }
    return *this;
  }
  const LevelMetas& levels() const { return levels_; }

 private:
  LevelMetas levels_;
  uint64_t number_ = 0;
};

constexpr CompactionSizes kSizes{.level0_tables = 4, .base_bytes = 1000, .table_bytes = 100};

std::set<uint64_t> numbers(const CompactionPlan& plan) {
  std::set<uint64_t> found;
  for (const TableMeta& table : plan.inputs) found.insert(table.number);
  return found;
}

std::optional<CompactionPlan> plan(const Layout& layout) {
  return plan_compaction(layout.levels(), kSizes, {});
}

TEST(CompactionPlan, NothingIsDueInAnEmptyOrASmallStore) {
  EXPECT_FALSE(plan(Layout()));
  Layout small;
  small.add(0, "a", "z").add(0, "a", "z").add(kDeepest, "a", "z", 5000);
  EXPECT_FALSE(plan(small));
  EXPECT_EQ(compaction_debt(small.levels(), kSizes), 0u);
}

TEST(CompactionPlan, AllOfLevel0GoesWithWhatItOverlaps) {
  Layout layout;
  layout.add(kDeepest, "a", "c").add(kDeepest, "d", "f").add(kDeepest, "x", "z");
  for (int i = 0; i < 4; ++i) layout.add(0, "b", "e");
  const auto due = plan(layout);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->output_level, kDeepest);
  EXPECT_EQ(numbers(*due), (std::set<uint64_t>{1, 2, 4, 5, 6, 7}));
  EXPECT_FALSE(due->is_move);
  EXPECT_GT(compaction_debt(layout.levels(), kSizes), 0u);
}

TEST(CompactionPlan, WhatLiesBetweenTheInputsIsAnInputToo) {
  Layout layout;
  layout.add(kDeepest, "m", "n");
  for (int i = 0; i < 2; ++i) layout.add(0, "a", "b").add(0, "y", "z");
  EXPECT_EQ(plan(layout)->inputs.size(), 5u);  // else an output from b to y would overlap it
}

TEST(CompactionPlan, Level0NeverGoesBelowALevelThatHasData) {
  Layout layout;
  layout.add(3, "a", "z", 100);
  for (int i = 0; i < 4; ++i) layout.add(0, "b", "e");
  EXPECT_EQ(plan(layout)->output_level, 3u);
}

TEST(CompactionPlan, LevelsAreSizedFromTheDeepest) {
  Layout layout;
  layout.add(kDeepest, "a", "z", 250'000);
  const LevelTargets targets = level_targets(layout.levels(), kSizes);
  EXPECT_EQ(targets.base_level, kDeepest - 2);
  EXPECT_EQ(targets.bytes[kDeepest - 1], 25'000u);
  EXPECT_EQ(targets.bytes[kDeepest - 2], 2'500u);
}

TEST(CompactionPlan, ALevelOverItsSizeGivesOneTableInTurn) {
  Layout layout;
  layout.add(kDeepest, "a", "z", 50'000);
  layout.add(kDeepest - 1, "a", "c", 3'000).add(kDeepest - 1, "d", "f", 3'000);
  CompactionPlaces places;
  EXPECT_EQ(numbers(*plan_compaction(layout.levels(), kSizes, places)), (std::set<uint64_t>{1, 2}));
  places[kDeepest - 1] = "c";
  EXPECT_EQ(numbers(*plan_compaction(layout.levels(), kSizes, places)), (std::set<uint64_t>{1, 3}));
}

TEST(CompactionPlan, WhatOverlapsNothingMoves) {
  Layout layout;
  layout.add(kDeepest, "a", "c", 50'000).add(kDeepest - 1, "x", "z", 9'000);
  const auto due = plan(layout);
  ASSERT_TRUE(due && due->is_move);
  EXPECT_EQ(numbers(*due), (std::set<uint64_t>{2}));
}

TEST(CompactionPlan, NothingMovesToALevelOfAnotherFormat) {
  Layout layout;
  layout.add(kDeepest, "a", "c", 50'000).add(kDeepest - 1, "x", "z", 9'000);
  CompactionSizes sizes = kSizes;
  sizes.compression[kDeepest] = Compression::kZstd;
  EXPECT_FALSE(plan_compaction(layout.levels(), sizes, {})->is_move);
}

TEST(CompactionPlan, TombstonesAreReasonEnough) {
  Layout shallow;
  shallow.add(kDeepest, "a", "z").add(0, "b", "c", 100, 60);
  EXPECT_EQ(numbers(*plan(shallow)), (std::set<uint64_t>{1, 2}));
  Layout deep;
  deep.add(kDeepest, "a", "z", 100, 60);
  EXPECT_EQ(plan(deep)->output_level, kDeepest);
  EXPECT_FALSE(plan(deep)->is_move);
  // With an old snapshot they may have to stay: planning that again and again would not end.
  CompactionSizes sizes = kSizes;
  sizes.has_old_snapshots = true;
  EXPECT_FALSE(plan_compaction(deep.levels(), sizes, {}));
}

TEST(CompactionPlan, ARangeIsBroughtDownStepByStep) {
  Layout layout;
  layout.add(kDeepest, "a", "z").add(4, "a", "c").add(4, "x", "z").add(0, "b", "d");
  EXPECT_EQ(numbers(*plan_range(layout.levels(), kSizes, "b", "d")), (std::set<uint64_t>{2, 4}));
  EXPECT_EQ(numbers(*plan_range(layout.levels(), kSizes, "y", std::nullopt)),
            (std::set<uint64_t>{1, 3}));
  EXPECT_FALSE(plan_range(layout.levels(), kSizes, "e", "f"));
}

// What a merge of the inputs would leave, if each input keeps its entries: outputs of table_bytes.
LevelMetas apply(LevelMetas levels, const CompactionPlan& plan, uint64_t* next_number) {
  const std::set<uint64_t> gone = numbers(plan);
  for (auto& level : levels) {
    std::erase_if(level, [&](const TableMeta& table) { return gone.contains(table.number); });
  }
  auto& out = levels[plan.output_level];
  if (plan.is_move) {
    for (TableMeta table : plan.inputs) {
      table.level = plan.output_level;
      out.push_back(table);
    }
  } else {
    TableMeta merged = plan.inputs.front();
    merged.number = ++*next_number;
    merged.level = plan.output_level;
    merged.bytes = merged.tombstones = 0;
    for (const TableMeta& table : plan.inputs) {
      merged.bytes += table.bytes;
      merged.smallest_key = std::min(merged.smallest_key, table.smallest_key);
      merged.largest_key = std::max(merged.largest_key, table.largest_key);
      if (plan.output_level != kDeepest) merged.tombstones += table.tombstones;
    }
    merged.tombstones = std::min(merged.tombstones, merged.entries);
    out.push_back(merged);
  }
  std::ranges::sort(out, {}, &TableMeta::smallest_key);
  return levels;
}

TEST(CompactionPlan, EveryStoreComesToRestWithDisjointLevels) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    LevelMetas levels;
    uint64_t number = 0;
    for (uint32_t level = 0; level < kLevels; ++level) {
      const uint64_t tables = random() % 6;
      for (uint64_t i = 0; i < tables; ++i) {
        // Deeper tables lie side by side.
        const uint64_t from = level == 0 ? random() % 90 : i * 16 + random() % 8;
        const uint64_t to = from + random() % (level == 0 ? 40 : 8);
        levels[level].push_back({.number = ++number,
                                 .level = level,
                                 .bytes = 1 + random() % 20'000,
                                 .entries = 100,
                                 .tombstones = random() % 3 == 0 ? random() % 100 : 0,
                                 .smallest_sequence = number,
                                 .largest_sequence = number,
                                 .smallest_key = std::to_string(1000 + from),
                                 .largest_key = std::to_string(1000 + to)});
      }
    }
    int steps = 0;
    while (const auto due = plan_compaction(levels, kSizes, {})) {
      ASSERT_LT(++steps, 500);
      ASSERT_GT(compaction_debt(levels, kSizes), 0u);
      // Nothing newer may pass below something older of the same keys.
      const uint32_t from = due->inputs.front().level;
      for (uint32_t between = from + 1; between < due->output_level; ++between) {
        ASSERT_TRUE(levels[between].empty());
      }
      levels = apply(std::move(levels), *due, &number);
      for (uint32_t level = 1; level < kLevels; ++level) {
        for (size_t i = 1; i < levels[level].size(); ++i) {
          ASSERT_LT(levels[level][i - 1].largest_key, levels[level][i].smallest_key);
        }
      }
    }
    ASSERT_EQ(compaction_debt(levels, kSizes), 0u);
    ASSERT_LT(levels[0].size(), kSizes.level0_tables);
  }
}

// Every history of up to four versions of a key, under every set of snapshots, over older data or
// none: every reader reads the same before and after, and the filter keeps no more than it must.
TEST(VersionFilterTest, EveryReaderReadsTheSameBeforeAndAfter) {
  constexpr Sequence kMost = 4;
  for (uint32_t history = 0; history < 81; ++history) {  // each of 4 sequences: none, put, delete
    for (uint32_t held = 0; held < 16; ++held) {
      for (const bool deeper : {false, true}) {
        std::vector<Sequence> snapshots;
        for (Sequence s = 1; s <= kMost; ++s) {
          if (held >> (s - 1) & 1) snapshots.push_back(s);
        }
        VersionFilter filter(snapshots);
        std::vector<TableEntry> before, after;
        uint32_t rest = history;
        for (Sequence s = kMost; s >= 1; --s, rest /= 3) {
          if (rest % 3 == 0) continue;
          const Kind kind = rest % 3 == 1 ? Kind::kPut : Kind::kDelete;
          before.push_back({.key = "k", .sequence = s, .kind = kind});
          if (filter.keep(before.back(), [&](Bytes) { return deeper; })) {
            after.push_back(before.back());
          }
        }
        // The sequence read, 0: nothing, 100: from deeper.
        const auto read = [&](const std::vector<TableEntry>& versions, Sequence at) -> Sequence {
          for (const TableEntry& entry : versions) {
            if (entry.sequence > at) continue;
            return entry.kind == Kind::kPut ? entry.sequence : 0;
          }
          return deeper ? 100 : 0;
        };
        std::vector<Sequence> readers = snapshots;
        readers.push_back(kMost);
        for (const Sequence at : readers) {
          ASSERT_EQ(read(before, at), read(after, at)) << history << " " << held << " " << deeper;
        }
        // One version a stripe at most.
        ASSERT_LE(after.size(), readers.size());
        if (!deeper && !after.empty()) {
          const bool oldest_is_read =
              after.back().kind == Kind::kPut ||
              (!snapshots.empty() && after.back().sequence > snapshots.front());
          ASSERT_TRUE(oldest_is_read);
        }
      }
    }
  }
}

}  // namespace
}  // namespace skiplith
