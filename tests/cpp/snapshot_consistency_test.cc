// The checker of reads at one point in time.

#include "lab/snapshot_consistency.h"

#include <gtest/gtest.h>

#include "lab/random.h"

namespace skiplith::testing {
namespace {

using lab::Checked;
using lab::Contents;
using lab::MaybeValue;
using lab::Pair;
using lab::PointRead;
using lab::Random;
using lab::SequencedWrite;
using lab::Verdict;

using Pairs = std::vector<Pair>;
constexpr std::nullopt_t kNone = std::nullopt;

SequencedWrite write(uint64_t begin, uint64_t end, Sequence sequence, Pairs pairs) {
  return {.begin_ns = begin, .end_ns = end, .sequence = sequence, .pairs = std::move(pairs)};
}
PointRead read(uint64_t begin, uint64_t end, Pairs pairs) {
  return {.begin_ns = begin, .end_ns = end, .pairs = std::move(pairs)};
}
Verdict verdict(const std::vector<SequencedWrite>& writes, const std::vector<PointRead>& reads,
                const Contents& initial = {}) {
  return lab::check_snapshot_consistency(writes, reads, initial).verdict;
}

TEST(SnapshotConsistency, AReadOfOneMomentHolds) {
  const std::vector<SequencedWrite> writes = {write(0, 10, 1, {{"a", "1"}}),
                                              write(0, 10, 2, {{"b", "2"}})};
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", kNone}, {"b", kNone}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "1"}, {"b", kNone}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "1"}, {"b", "2"}})}), Verdict::kHolds);
}

TEST(SnapshotConsistency, AReadOfTwoMomentsIsFoundAndExplained) {
  const std::vector<SequencedWrite> writes = {write(0, 10, 1, {{"a", "1"}}),
                                              write(0, 10, 2, {{"b", "2"}})};
  const Checked checked =
      lab::check_snapshot_consistency(writes, {read(0, 10, {{"a", kNone}, {"b", "2"}})});
  EXPECT_EQ(checked.verdict, Verdict::kViolation);
  EXPECT_EQ(checked.explanation,
            "A read by thread 0 saw no one moment:\n"
            "  b'a' was absent: as from the beginning\n"
            "  b'b' was b'2': as from 2\n"
            "Writes that ended before it go up to 0, reads before it up to 0.\n"
            "From 2 on, b'a' is never that again.");
}

TEST(SnapshotConsistency, ABatchIsWhole) {
  const std::vector<SequencedWrite> writes = {
      write(0, 10, 2, {{"a", "1"}, {"b", "1"}, {"a", "2"}})};
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "2"}, {"b", "1"}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "2"}, {"b", kNone}})}), Verdict::kViolation);
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "1"}, {"b", "1"}})}), Verdict::kViolation);
}

TEST(SnapshotConsistency, AReadSeesWhatEndedBefore) {
  const std::vector<SequencedWrite> writes = {write(0, 10, 1, {{"a", "1"}})};
  EXPECT_EQ(verdict(writes, {read(20, 30, {{"a", kNone}})}), Verdict::kViolation);
  EXPECT_EQ(verdict(writes, {read(10, 30, {{"a", kNone}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(20, 30, {{"other", kNone}})}), Verdict::kHolds);
}

TEST(SnapshotConsistency, AReadSeesNothingThatBeganAfterIt) {
  const std::vector<SequencedWrite> writes = {write(20, 30, 1, {{"a", "1"}})};
  EXPECT_EQ(verdict(writes, {read(0, 10, {{"a", "1"}})}), Verdict::kViolation);
  EXPECT_EQ(verdict(writes, {read(0, 20, {{"a", "1"}})}), Verdict::kHolds);
}

TEST(SnapshotConsistency, ALaterReadSeesNoEarlierMoment) {
  const std::vector<SequencedWrite> writes = {write(0, 100, 1, {{"a", "1"}})};
  const PointRead with = read(10, 20, {{"a", "1"}}), without = read(30, 40, {{"a", kNone}});
  EXPECT_EQ(verdict(writes, {with, without}), Verdict::kViolation);
  EXPECT_EQ(verdict(writes, {without, with}), Verdict::kViolation);  // in whatever order given
  EXPECT_EQ(verdict(writes, {with, read(20, 40, {{"a", kNone}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {without}), Verdict::kHolds);
}

TEST(SnapshotConsistency, AValueThatCameBackMayBeTheLaterOne) {
  const std::vector<SequencedWrite> writes = {
      write(0, 100, 1, {{"a", "x"}}), write(0, 100, 2, {{"a", kNone}}),
      write(0, 100, 3, {{"b", "y"}}), write(0, 100, 4, {{"a", "x"}})};
  EXPECT_EQ(verdict(writes, {read(0, 100, {{"a", "x"}, {"b", "y"}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(0, 100, {{"a", kNone}, {"b", "y"}})}), Verdict::kHolds);
  EXPECT_EQ(verdict(writes, {read(0, 100, {{"a", "x"}, {"b", kNone}})}), Verdict::kHolds);
}

TEST(SnapshotConsistency, WhatTheDatabaseHeldBeforeCounts) {
  EXPECT_EQ(verdict({}, {read(0, 1, {{"a", "old"}})}, {{"a", "old"}}), Verdict::kHolds);
  EXPECT_EQ(verdict({}, {read(0, 1, {{"a", kNone}})}, {{"a", "old"}}), Verdict::kViolation);
}

// One read against every sequence there is.
TEST(SnapshotConsistency, AgreesWithTryingAllSequences) {
  Random random(1);
  int held = 0, violated = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<SequencedWrite> writes;
    std::vector<Contents> states = {{}};
    for (Sequence sequence = 1; sequence <= 6; ++sequence) {
      SequencedWrite next = write(10 * sequence, 10 * sequence + random.below(40), sequence, {});
      Contents state = states.back();
      for (uint64_t i = 0; i < 1 + random.below(2); ++i) {
        const std::string key(1, static_cast<char>('a' + random.below(3)));
        const MaybeValue value =
            random.chance(0.3) ? kNone : MaybeValue(std::to_string(random.below(2)));
        next.pairs.push_back({key, value});
        value ? static_cast<void>(state[key] = *value) : static_cast<void>(state.erase(key));
      }
      states.push_back(state);
      writes.push_back(next);
    }
    PointRead seen = read(random.below(80), 0, {});
    seen.end_ns = seen.begin_ns + random.below(20);
    const Contents& one = states[random.below(states.size())];
    for (const char* key : {"a", "b", "c"}) {
      const Contents& from = random.chance(0.1) ? states[random.below(states.size())] : one;
      seen.pairs.push_back({key, from.contains(key) ? MaybeValue(from.at(key)) : kNone});
    }
    bool fits = false;
    for (Sequence sequence = 0; sequence < states.size(); ++sequence) {
      bool may = true;
      for (const SequencedWrite& w : writes) {
        may &= !(w.end_ns < seen.begin_ns && w.sequence > sequence);
        may &= !(w.begin_ns > seen.end_ns && w.sequence <= sequence);
      }
      for (const Pair& pair : seen.pairs) {
        const Contents& state = states[sequence];
        may &= pair.value == (state.contains(pair.key) ? MaybeValue(state.at(pair.key)) : kNone);
      }
      fits |= may;
    }
    ASSERT_EQ(verdict(writes, {seen}), fits ? Verdict::kHolds : Verdict::kViolation) << round;
    ++(fits ? held : violated);
  }
  EXPECT_GT(held, 2'000);
  EXPECT_GT(violated, 2'000);
}

}  // namespace
}  // namespace skiplith::testing
