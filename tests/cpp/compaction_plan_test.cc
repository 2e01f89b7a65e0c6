// Which compaction comes next: one promise a layout.
#include "lsm/compaction_plan.h"

#include <gtest/gtest.h>

#include "lsm/amplification.h"
#include "lsm/compaction_debt.h"
#include "support/compaction_testing.h"

namespace skiplith::testing {
namespace {

constexpr CompactionParameters kParameters{.level0_trigger = 3, .base_bytes = 100, .factor = 10};

std::optional<CompactionPlan> plan(const std::string& drawing,
                                   const std::vector<Sequence>& snapshots = {},
                                   const std::vector<KeyRange>& running = {}) {
  return plan_compaction(levels_of(drawing), kParameters, snapshots, running);
}

TEST(CompactionPlan, NothingIsDueInSmallLevels) {
  EXPECT_EQ(told(plan("")), "nothing");
  EXPECT_EQ(told(plan("0: 2:a-c 1:b-d\n"
                      "6: 3:a-z/b99999")),
            "nothing");
}

TEST(CompactionPlan, Level0GoesDownWhenItHasItsTables) {
  EXPECT_EQ(told(plan("0: 3:a-c 2:b-d 1:a-a")), "level0: 3 2 1 -> 6");
}

TEST(CompactionPlan, Level0GoesDownWithAllThatItMeets) {
  EXPECT_EQ(told(plan("0: 8:c-h 7:d-e 6:c-d\n"
                      "6: 1:a-b 2:c-c 3:f-g 4:h-k 5:l-m")),
            "level0: 8 7 6 + 2 3 4 -> 6");
}

TEST(CompactionPlan, Level0GoesDownAsAGroup) {
  // The oldest, and by way of others all that overlap it; 7 does not.
  EXPECT_EQ(told(plan("0: 9:e-g 8:c-e 7:x-z 6:a-c\n"
                      "6: 1:a-b 2:y-z")),
            "level0: 9 8 6 + 1 -> 6");
}

TEST(CompactionPlan, ATableThatMeetsNothingMoves) {
  EXPECT_EQ(told(plan("0: 9:e-g 8:c-d 7:a-b")), "level0: move 7 -> 6");
  EXPECT_EQ(told(plan("5: 2:d-e/b200\n"
                      "6: 1:a-c/b900 3:f-g/b900")),
            "size: move 2 -> 6");
}

TEST(CompactionPlan, AMoveThatCouldDropIsRewritten) {
  EXPECT_EQ(told(plan("0: 9:e-g 8:c-d 7:a-b/t5")), "level0: 7 -> 6");
  // Something lies under the tombstones, though not in the level below.
  EXPECT_EQ(told(plan("4: 2:d-e/b200/t5\n"
                      "5: 4:x-y\n"
                      "6: 1:a-e/b9900")),
            "size: move 2 -> 5");
  // A snapshot may see what old versions there are.
  EXPECT_EQ(told(plan("0: 9:e-g 8:c-d 7:a-b/o5/s3-7", {5})), "level0: move 7 -> 6");
  EXPECT_EQ(told(plan("0: 9:e-g 8:c-d 7:a-b/o5/s3-7", {2, 7})), "level0: 7 -> 6");
}

TEST(CompactionPlan, NothingMovesToALevelThatIsCompressedInAnotherWay) {
  const LevelMetas levels = levels_of("0: 9:e-g 8:c-d 7:a-b");
  CompactionParameters parameters = kParameters;
  EXPECT_EQ(told(plan_compaction(levels, parameters, {})), "level0: move 7 -> 6");
  parameters.compression[6] = Compression::kZstd;
  EXPECT_EQ(told(plan_compaction(levels, parameters, {})), "level0: 7 -> 6");
  parameters.compression[0] = Compression::kZstd;
  EXPECT_EQ(told(plan_compaction(levels, parameters, {})), "level0: move 7 -> 6");
}

TEST(CompactionPlan, TheLastLevelSetsTheTargets) {
  const LevelMetas levels = levels_of("6: 1:a-b/b50000");
  const LevelTargets targets(levels, kParameters);
  EXPECT_EQ(targets.base(), 3u);
  EXPECT_EQ(targets.bytes(2), 0u);
  EXPECT_EQ(targets.bytes(3), 50u);
  EXPECT_EQ(targets.bytes(4), 500u);
  EXPECT_EQ(targets.bytes(5), 5000u);
  EXPECT_EQ(targets.bytes(6), UINT64_MAX);
  EXPECT_EQ(told(plan("0: 4:a-b 3:a-b 2:a-b\n"
                      "6: 1:a-b/b50000")),
            "level0: 4 3 2 -> 3");
}

TEST(CompactionPlan, TargetsBelowTheBaseSizeCollapse) {
  EXPECT_EQ(LevelTargets(levels_of("6: 1:a-b/b100"), kParameters).base(), 6u);
  EXPECT_EQ(LevelTargets(levels_of("6: 1:a-b/b101"), kParameters).base(), 5u);
  EXPECT_EQ(LevelTargets(levels_of("6: 1:a-b/b99999999999999"), kParameters).base(), 1u);
}

TEST(CompactionPlan, Level0GoesBelowNoLevelThatHasTables) {
  EXPECT_EQ(told(plan("0: 4:a-b 3:a-b 2:a-b\n"
                      "3: 5:c-d/b5\n"
                      "6: 1:a-b/b50")),
            "level0: 4 3 2 -> 3");
}

TEST(CompactionPlan, LevelsAboveTheBaseAreEmptied) {
  EXPECT_EQ(told(plan("2: 5:c-d/b20\n"
                      "6: 1:a-d/b500")),
            "size: move 5 -> 5");
  EXPECT_EQ(told(plan("2: 5:c-d/b20\n"
                      "4: 6:a-c/b20\n"
                      "6: 1:a-d/b500")),
            "size: 5 + 6 -> 4");
}

TEST(CompactionPlan, TheLevelFurthestOverItsTargetGoesFirst) {
  const std::string levels =
      "4: 1:a-b/b90\n"
      "5: 2:a-b/b900\n"
      "6: 3:a-b/b5000";  // targets: 50, 500
  EXPECT_EQ(told(plan("0: 9:a-b 8:a-b 7:a-b\n" + levels)), "size: 1 + 2 -> 5");
  EXPECT_EQ(told(plan("0: 9:a-b 8:a-b 7:a-b 6:a-b 5:a-b 4:a-b\n" + levels)),
            "level0: 9 8 7 6 5 4 + 1 -> 4");
}

TEST(CompactionPlan, TheTableWithTheLeastToRewriteGoesFirst) {
  EXPECT_EQ(told(plan("5: 1:a-c/b300 2:d-f/b401 3:g-h/b400\n"
                      "6: 4:a-b/b3000 5:d-e/b3999 6:g-h/b4001")),
            "size: 2 + 5 -> 6");
}

TEST(CompactionPlan, AnObsoleteTableGoesDownWhenNothingElseIsDue) {
  const std::string obsolete =
      "5: 1:a-b/b20/t5 2:c-d/b20/t4 3:e-f/b20/o3/t2\n"
      "6: 4:a-a/b500 5:d-e/b500 ";
  EXPECT_EQ(told(plan(obsolete)), "obsolete: 1 + 4 -> 6");
  EXPECT_EQ(told(plan("0: 9:d-d 8:d-d 7:d-d\n" + obsolete)), "level0: 9 8 7 + 2 -> 5");
  // Also from level 0, also a small one, also below a level with nothing in its range.
  EXPECT_EQ(told(plan("0: 7:a-b/n1/t1\n"
                      "6: 1:a-a")),
            "obsolete: 7 + 1 -> 6");
  EXPECT_EQ(told(plan("4: 7:a-b/b1/t9\n"
                      "5: 1:x-x\n"
                      "6: 2:a-a/b2000")),
            "obsolete: move 7 -> 5");
}

TEST(CompactionPlan, AnObsoleteTableAboveNothingIsRewrittenInPlace) {
  EXPECT_EQ(told(plan("6: 1:a-b/t5 2:c-d/t4")), "obsolete: 1 -> 6");
  EXPECT_EQ(told(plan("5: 1:a-b/o5\n"
                      "6: 2:c-d/b500")),
            "obsolete: 1 -> 5");
}

TEST(CompactionPlan, WhatASnapshotMaySeeIsNotRewrittenInVain) {
  const std::string old_versions = "6: 1:a-b/o5/s10-20";
  EXPECT_EQ(told(plan(old_versions, {9, 20})), "obsolete: 1 -> 6");
  EXPECT_EQ(told(plan(old_versions, {10})), "nothing");
  EXPECT_EQ(told(plan(old_versions, {5, 19, 30})), "nothing");
  EXPECT_EQ(told(plan("0: 1:a-b/t5/s10-20", {10})), "nothing");
}

TEST(CompactionPlan, SmallNeighboursAreJoinedWhenNothingElseIsDue) {
  CompactionParameters parameters = kParameters;
  parameters.table_bytes = 40;
  const auto joined = [&](const std::string& drawing, const std::vector<KeyRange>& running = {}) {
    return plan_compaction(levels_of(drawing), parameters, {}, running);
  };
  // As many as one table holds; level 0 is not in order of keys.
  const std::string small = "6: 1:a-b 2:c-d 3:e-f 4:g-h 5:i-j 6:k-l";
  EXPECT_EQ(told(joined(small)), "small: 1 2 3 4 -> 6");
  EXPECT_EQ(told(joined("0: 8:c-d 7:a-b\n" + small)), "small: 1 2 3 4 -> 6");
  EXPECT_EQ(told(joined("0: 9:x-y 8:x-y 7:x-y\n" + small)), "level0: 9 8 7 -> 6");
  EXPECT_EQ(told(joined(small, {{"c", "c"}})), "small: 3 4 5 6 -> 6");
  // Not again and again to a large one as one more comes: the largest is doubled, or waits.
  EXPECT_EQ(told(joined("6: 1:a-b/b30 2:c-d")), "nothing");
  EXPECT_EQ(told(joined("6: 1:a-b/b20 2:c-d")), "nothing");
  EXPECT_EQ(told(joined("6: 1:a-b/b20 2:c-d 3:e-f")), "small: 1 2 3 -> 6");
  // Not in two tables again, cut where one below ends.
  const auto found = joined(
      "5: 1:a-b/b20 2:c-d/b20\n"
      "6: 3:a-b/b300 4:c-d/b300");
  EXPECT_EQ(told(found), "small: 1 2 -> 5");
  EXPECT_TRUE(found->cuts.empty());
}

TEST(CompactionPlan, DeeperIsWhereOlderVersionsMayLie) {
  const auto found = plan(
      "3: 1:c-h/b1000\n"
      "4: 2:d-e 3:g-l\n"
      "5: 4:a-b 5:c-d 6:k-k 7:m-n\n"
      "6: 8:a-a/b9999 9:d-f/b9999 10:g-g 11:l-l 12:m-m");
  EXPECT_EQ(told(found), "size: 1 + 2 3 -> 4");
  EXPECT_EQ(found->range, (KeyRange{"c", "l"}));
  EXPECT_EQ(told(found->deeper), "c-f g-g k-k l-l");
  EXPECT_EQ(found->cuts, (std::vector<std::string>{"d", "k"}));
}

TEST(CompactionPlan, PlansOverlapNoRunningOne) {
  const std::string levels =
      "0: 9:x-y 8:u-v 7:a-b\n"
      "5: 1:a-b/b90 2:d-e/b90\n"
      "6: 3:a-b/b500 4:d-g/b450";
  EXPECT_EQ(told(plan(levels, {}, {})), "size: 2 + 4 -> 6");
  EXPECT_EQ(told(plan(levels, {}, {{"g", "h"}})), "size: 1 + 3 -> 6");
  EXPECT_EQ(told(plan(levels, {}, {{"b", "d"}})), "level0: move 8 -> 5");
  EXPECT_EQ(told(plan(levels, {}, {{"b", "d"}, {"t", "z"}})), "nothing");
}

TEST(CompactionPlan, DebtIsWhatGoesDownAndWhatItMeets) {
  const auto debt = [](const std::string& drawing) {
    return debt_bytes(levels_of(drawing), kParameters);
  };
  EXPECT_EQ(debt("0: 2:a-b 1:a-b"), 0u);
  EXPECT_EQ(debt("0: 3:a-b 2:a-b 1:b-c\n"
                 "6: 4:a-a/b20 5:c-d/b30 6:e-f/b40"),
            30u + 50u);
  EXPECT_EQ(debt("5: 1:a-b/b150\n"
                 "6: 2:a-b/b1000"),
            50u + 500u);  // ten times what is above the target
  EXPECT_EQ(debt("0: 3:a-b 2:a-b 1:a-b\n"
                 "5: 4:a-b/b100\n"
                 "6: 5:a-b/b1000"),
            30u + 100u + 30u + 300u);
  EXPECT_EQ(debt("6: 1:a-b/t9"), 0u);  // can wait
}

TEST(CompactionPlan, TiersAreMergedWithThoseOfTheirSize) {
  CompactionParameters parameters = kParameters;
  parameters.tiered = true;
  const auto merged = [&](const std::string& below,
                          const std::string& level0 = "3:a-b 2:a-b 1:a-b") {
    const LevelMetas levels = levels_of("0: " + level0 + "\n" + below);
    const auto found = plan_compaction(levels, parameters, {});
    EXPECT_EQ(debt_bytes(levels, parameters) > 0, found.has_value());
    return told(found);
  };
  EXPECT_EQ(merged("", "2:a-b 1:a-b"), "nothing");
  EXPECT_EQ(merged(""), "tiers: 3 2 1 -> 6");
  // Above a larger run, as deep as it can.
  EXPECT_EQ(merged("6: 9:a-b/b31"), "tiers: 3 2 1 -> 5");
  EXPECT_EQ(merged("4: 9:a-b/b31"), "tiers: 3 2 1 -> 3");
  EXPECT_EQ(merged("6: 9:a-b/b30"), "tiers: 3 2 1 + 9 -> 6");
  EXPECT_EQ(merged("4: 7:a-b/b30\n"
                   "5: 8:a-b/b60\n"
                   "6: 9:a-b/b121"),
            "tiers: 3 2 1 + 7 + 8 -> 5");
  // Of the run that it joins, what it does not meet stays.
  EXPECT_EQ(merged("6: 8:a-c/b10 9:d-e/b10"), "tiers: 3 2 1 + 8 -> 6");
  // Nothing can be put above the first level.
  EXPECT_EQ(merged("1: 9:a-b/b31"), "tiers: 3 2 1 + 9 -> 6");
  // Six runs hold what they have to.
  EXPECT_EQ(merged("5: 7:a-b/b60\n"
                   "6: 8:a-b/b21780"),  // all: 30 times 3 ** 6
            "tiers: 3 2 1 + 7 -> 5");
  // What meets nothing moves.
  EXPECT_EQ(merged("6: 9:a-b/b31", "3:a-b 2:a-b 1:c-d"), "tiers: move 1 -> 6");
  EXPECT_EQ(merged("5: 9:a-b/b31\n"
                   "6: 8:a-b/b31",
                   "3:a-b 2:a-b 1:c-d"),
            "tiers: move 1 -> 5");
  EXPECT_EQ(merged("5: 9:a-b/b31\n"
                   "6: 8:a-d/b31",
                   "3:a-b 2:a-b 1:c-d"),
            "tiers: 3 2 1 -> 4");
}

TEST(Amplification, OfReadsIsTheMostTablesAroundAKey) {
  const auto read = [](const std::string& drawing) {
    return read_amplification(levels_of(drawing));
  };
  EXPECT_EQ(read(""), 0u);
  EXPECT_EQ(read("6: 1:a-b 2:c-d"), 1u);
  EXPECT_EQ(read("0: 3:a-b 4:b-c 5:c-d"), 2u);
  EXPECT_EQ(read("0: 5:a-c 4:c-d 3:x-y\n"
                 "5: 6:c-c\n"
                 "6: 1:a-b 2:c-d"),
            4u);
}

TEST(Amplification, OfSpaceTakesWhatLiesAboveToHideWhatLiesBelow) {
  const auto space = [](const std::string& drawing) {
    return space_amplification(levels_of(drawing));
  };
  EXPECT_EQ(space(""), 1);
  EXPECT_EQ(space("6: 1:a-b 2:c-d"), 1);
  EXPECT_EQ(space("0: 3:a-b\n"
                  "6: 2:c-d"),
            1);
  EXPECT_EQ(space("0: 3:a-b\n"
                  "6: 2:a-d/b40/n40"),
            50.0 / 40);
  EXPECT_EQ(space("0: 4:a-b 3:a-c"), 2);
  EXPECT_EQ(space("6: 1:a-b/t5"), 2);
  EXPECT_EQ(space("0: 3:a-b/t10\n"
                  "6: 2:a-d/b40/n40"),
            50.0 / 30);
  EXPECT_EQ(space("0: 3:a-b/t10"), std::numeric_limits<double>::infinity());
}

std::optional<CompactionPlan> range_plan(const std::string& drawing,
                                         std::optional<Bytes> start = std::nullopt,
                                         std::optional<Bytes> stop = std::nullopt,
                                         const std::vector<Sequence>& snapshots = {}) {
  return plan_range(levels_of(drawing), kParameters, snapshots, start, stop);
}

TEST(CompactionPlan, ARangeGoesDownFromTheTop) {
  EXPECT_EQ(told(range_plan("0: 9:a-b 8:x-y\n"
                            "5: 1:a-b\n"
                            "6: 3:a-b/b500",
                            "b", "c")),
            "range: 9 + 1 -> 5");
  EXPECT_EQ(told(range_plan("5: 1:a-b 2:c-d 4:e-f\n"
                            "6: 3:a-e/b500",
                            "c")),
            "range: 2 + 3 -> 6");
  EXPECT_EQ(told(range_plan("4: 1:a-b/t1\n"
                            "6: 3:c-e/b500")),
            "range: 1 -> 6");
  EXPECT_EQ(told(range_plan("4: 1:a-b\n"
                            "6: 3:c-e/b500")),
            "range: move 1 -> 6");
}

TEST(CompactionPlan, ARangeEndsBeforeItsStop) {
  const std::string levels =
      "5: 1:c-d\n"
      "6: 3:a-e/b500";
  EXPECT_EQ(told(range_plan(levels, {}, "c")), "nothing");
  EXPECT_EQ(told(range_plan(levels, {}, "ca")), "range: 1 + 3 -> 6");
  EXPECT_EQ(told(range_plan(levels, "d", {})), "range: 1 + 3 -> 6");
  EXPECT_EQ(told(range_plan(levels, "da", {})), "nothing");
}

TEST(CompactionPlan, ARangeInTheLastLevelLosesWhatIsObsoleteForCertain) {
  EXPECT_EQ(told(range_plan("6: 1:a-b 2:c-d/t1 3:e-f/o1")), "range: 2 -> 6");
  EXPECT_EQ(told(range_plan("6: 1:a-b 3:e-f/o1/s4-6", {}, {}, {4})), "nothing");
  EXPECT_EQ(told(range_plan("6: 1:a-b 3:e-f/o1/s4-6", {}, {}, {3, 6})), "range: 3 -> 6");
  EXPECT_EQ(told(range_plan("6: 1:a-b 3:e-f")), "nothing");
}

}  // namespace
}  // namespace skiplith::testing
