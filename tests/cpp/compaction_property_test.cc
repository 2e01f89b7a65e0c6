// Plans for random stores: what levels promise holds after each, reads answer as before, and
// planning ends.
#include <gtest/gtest.h>

#include <random>

#include "lsm/compaction_debt.h"
#include "support/compaction_testing.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kSeeds = 150;

CompactionParameters random_parameters(std::mt19937_64& random) {
  return {.tiered = random() % 2 == 0,
          .level0_trigger = 1 + static_cast<uint32_t>(random() % 5),
          .base_bytes = uint64_t{20} << random() % 7,
          .factor = 2 + static_cast<uint32_t>(random() % 9),
          .table_bytes = random() % 2 * ModelStore::kTableEntries * kModelEntryBytes,
          .compression = {Compression::kNone, static_cast<Compression>(random() % 2)}};
}

// Applies what `next` plans until it plans nothing; each plan takes entries down, drops some, or
// leaves fewer tables.
template <typename Next>
void apply_to_the_end(ModelStore& store, Next next) {
  while (const std::optional<CompactionPlan> plan = next()) {
    const uint64_t before = store.work_left();
    store.apply(*plan);
    ASSERT_LT(store.work_left(), before) << told(plan);
    ASSERT_FALSE(::testing::Test::HasFailure()) << told(plan);
  }
}

// A life of flushes, snapshots and compactions, of sizes that change: so levels are found in
// states that no single set of sizes leads to.
template <typename Check>
void for_random_stores(Check check) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ModelStore store(seed);
    CompactionParameters parameters = random_parameters(random);
    for (int step = 0; step < 60; ++step) {
      if (random() % 20 == 0) parameters = random_parameters(random);
      if (random() % 4 == 0) store.release_snapshot();
      if (random() % 2 == 0) store.flush();
      if (const auto plan = plan_compaction(store.levels(), parameters, store.snapshots())) {
        if (random() % 2 == 0) store.apply(*plan);
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    check(store, parameters, random);
    if (::testing::Test::HasFailure()) return;  // one store is enough
  }
}

TEST(CompactionProperty, PlanningEndsAndEveryReadAnswersAsBefore) {
  for_random_stores([](ModelStore& store, const CompactionParameters& parameters, auto&) {
    const auto next = [&] {
      return plan_compaction(store.levels(), parameters, store.snapshots());
    };
    apply_to_the_end(store, next);
    while (!store.snapshots().empty()) store.release_snapshot();
    apply_to_the_end(store, next);
    // Nothing is due: no level, and no table that is half obsolete and could lose it.
    const LevelTargets targets(store.levels(), parameters);
    for (uint32_t level = 0; level < kLevels; ++level) {
      EXPECT_FALSE((level == 0 || !parameters.tiered) && targets.is_due(level));
      for (const TableMeta& table : store.levels()[level]) {
        EXPECT_LT(2 * (table.tombstones + table.old_versions), table.entries);
      }
    }
    // Nor are there neighbours of one size that one table could hold.
    for (uint32_t level = 1; level < kLevels; ++level) {
      const auto& tables = store.levels()[level];
      for (size_t i = 0; i + 1 < tables.size(); ++i) {
        if (tables[i].bytes + tables[i + 1].bytes > parameters.table_bytes) continue;
        EXPECT_NE(tables[i].bytes, tables[i + 1].bytes);
      }
    }
  });
}

TEST(CompactionProperty, DebtIsZeroIfAndOnlyIfNoLevelIsDue) {
  for_random_stores([](ModelStore& store, const CompactionParameters& parameters, auto&) {
    for (;;) {
      const auto plan = plan_compaction(store.levels(), parameters, store.snapshots());
      const bool is_due = plan && plan->reason != CompactionReason::kObsolete &&
                          plan->reason != CompactionReason::kSmall;
      ASSERT_EQ(debt_bytes(store.levels(), parameters) > 0, is_due) << told(plan);
      if (!plan) break;
      store.apply(*plan);
    }
  });
}

TEST(CompactionProperty, AFurtherTableInLevel0NeverLessensTheDebt) {
  for_random_stores([](ModelStore& store, const CompactionParameters& parameters, auto&) {
    for (int i = 0; i < 6; ++i) {
      const uint64_t before = debt_bytes(store.levels(), parameters);
      store.flush();
      ASSERT_GE(debt_bytes(store.levels(), parameters), before);
    }
  });
}

TEST(CompactionProperty, ARangeEndsInTheLastLevelWithNothingObsolete) {
  for_random_stores([](ModelStore& store, const CompactionParameters& parameters, auto& random) {
    const std::string start(1, static_cast<char>('0' + random() % 80));
    const std::string stop(1, static_cast<char>('0' + random() % 80));
    apply_to_the_end(store, [&] {
      return plan_range(store.levels(), parameters, store.snapshots(), start, stop);
    });
    while (!store.snapshots().empty()) store.release_snapshot();
    apply_to_the_end(store,
                     [&] { return plan_range(store.levels(), parameters, {}, start, stop); });
    uint32_t last = kLastLevel;
    while (last > 0 && store.levels()[last].empty()) --last;
    for (uint32_t level = 0; level <= last; ++level) {
      for (const TableMeta& table : store.levels()[level]) {
        if (table.largest_key < start || table.smallest_key >= stop) continue;
        EXPECT_EQ(level, last);
        EXPECT_EQ(table.tombstones + table.old_versions, 0u);
      }
    }
  });
}

TEST(CompactionProperty, PlansThatRunAtOnceEndAsIfOneAfterTheOther) {
  for_random_stores([](ModelStore& store, const CompactionParameters& parameters, auto& random) {
    for (;;) {
      std::vector<CompactionPlan> plans;
      std::vector<KeyRange> running;
      while (auto plan = plan_compaction(store.levels(), parameters, store.snapshots(), running)) {
        for (const KeyRange& range : running) EXPECT_FALSE(overlap(range, plan->range));
        running.push_back(plan->range);
        plans.push_back(std::move(*plan));
      }
      if (plans.empty()) break;
      std::ranges::shuffle(plans, random);
      for (const CompactionPlan& plan : plans) store.apply(plan);
      ASSERT_FALSE(::testing::Test::HasFailure());
    }
  });
}

}  // namespace
}  // namespace skiplith::testing
