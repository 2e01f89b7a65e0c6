// The three rules of replay, on facts that no file had to be written for.
//
// A segment is told in a few words, one token each:
//   1 2-4   valid records with sequence 1, and with sequences 2 to 4, of lane 0
//   b5      a record of lane b (lanes a to d; a is lane 0)
//   b       lane b has a block and may have had a record in flight
//   b~6-7   lane b had the record with sequences 6 and 7 in flight
//   T3      synced through 3        F9/4  closed cleanly: last sequence 9, 4 records
//   !       damaged
#include "wal/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace skiplith {
namespace {

constexpr BootId kNow{{1, 1}};
constexpr BootId kBefore{{2, 2}};
constexpr BootId kUnknown{};

class Told {
 public:
  // "now: 1 2 b3", "before: ..." or "unknown: ...".
  explicit Told(const std::string& text, uint64_t number) {
    contents_.path = "segment " + std::to_string(number);
    contents_.number = number;
    std::istringstream tokens(text);
    std::string token;
    tokens >> token;
    contents_.boot = token == "now:" ? kNow : token == "before:" ? kBefore : kUnknown;
    while (tokens >> token) read(token);
    for (const auto& [number_of, lane] : lanes_) contents_.lanes.push_back(lane);
    std::ranges::sort(contents_.records, {}, &LoggedRecord::first_sequence);
  }
  SegmentContents take() { return std::move(contents_); }

 private:
  void read(std::string token) {
    if (token[0] == 'T') {
      contents_.synced_through = std::stoull(token.substr(1));
    } else if (token[0] == 'F') {
      const size_t slash = token.find('/');
      contents_.footer = Footer{.last_sequence = std::stoull(token.substr(1)),
                                .records = std::stoull(token.substr(slash + 1)),
                                .end_offset = 0};
    } else if (token[0] == '!') {
      contents_.damage = Damage{77, "damaged"};
    } else {
      read_record(token);
    }
  }
  void read_record(std::string token) {
    uint32_t number = 0;
    if (token[0] >= 'a') {
      number = token[0] - 'a';
      token.erase(0, 1);
    }
    LaneTail& lane = lanes_[number];
    lane.lane = number;
    if (token.empty()) return;
    const bool in_flight = token[0] == '~';
    if (in_flight) token.erase(0, 1);
    const size_t dash = token.find('-');
    const Sequence first = std::stoull(token);
    const Sequence last = dash == std::string::npos ? first : std::stoull(token.substr(dash + 1));
    const auto count = static_cast<uint32_t>(last - first + 1);
    if (in_flight) {
      lane.in_flight_first = first;
      lane.in_flight_count = count;
    } else {
      contents_.records.push_back({.first_sequence = first,
                                   .count = count,
                                   .lane = number,
                                   .offset = 4096 + first,
                                   .payload = "payload"});
      lane.last_sequence = std::max(lane.last_sequence, last);
    }
  }

  SegmentContents contents_;
  std::map<uint32_t, LaneTail> lanes_;
};

// "1 2-4 -> 4", with "dropped n" and "clean" where it is so, or "corrupt: <path>".
std::string plan_of(const std::vector<std::string>& texts, Sequence base) {
  std::vector<SegmentContents> segments;
  for (const std::string& text : texts) segments.push_back(Told(text, segments.size() + 1).take());
  Result<ReplayPlan> plan = plan_replay(segments, base, kNow);
  if (!plan.is_ok()) {
    EXPECT_EQ(plan.status().code(), StatusCode::kCorruption);
    return "corrupt: " + plan.status().path();
  }
  std::string told;
  for (const LoggedRecord& record : plan->records) {
    told += std::to_string(record.first_sequence);
    if (record.count > 1) told += "-" + std::to_string(record.last_sequence());
    told += " ";
  }
  told += "-> " + std::to_string(plan->last_sequence);
  if (plan->dropped_records > 0) told += " dropped " + std::to_string(plan->dropped_records);
  EXPECT_EQ(plan->dropped_bytes, plan->dropped_records * 7);
  if (plan->clean) told += " clean";
  return told;
}

struct Case {
  std::vector<std::string> segments;
  std::string plan;
  Sequence base = 0;
};

void expect_plans(const std::vector<Case>& cases) {
  for (const Case& item : cases) {
    std::string all;
    for (const std::string& segment : item.segments) all += "[" + segment + "] ";
    EXPECT_EQ(plan_of(item.segments, item.base), item.plan) << all << "base " << item.base;
  }
}

TEST(Replay, NothingToReplayIsClean) {
  expect_plans({
      {{}, "-> 0 clean"},
      {{}, "-> 9 clean", 9},
      {{"now:"}, "-> 0"},
      {{"now: F0/0"}, "-> 0 clean"},
  });
}

TEST(Replay, RecordsComeInOrderOfSequence) {
  expect_plans({
      {{"now: b2-3 1 c4 5"}, "1 2-3 4 5 -> 5"},
      {{"before: b2-3 1 c4 5"}, "1 2-3 4 5 -> 5"},
      {{"unknown: b2-3 1 c4 5"}, "1 2-3 4 5 -> 5"},
      {{"now: 8 9"}, "8 9 -> 9", 7},
      {{"before: 1 2 F2/2", "now: b3 4"}, "1 2 3 4 -> 4"},
      {{"now: 1 2 F2/2", "now: 3 F3/1"}, "1 2 3 -> 3 clean"},
      {{"before: 1 2", "before: 3"}, "1 2 3 -> 3"},
      {{"now: 1 2", "now: 3", "now:"}, "1 2 3 -> 3"},
  });
}

TEST(Replay, WhatWasDurableIsNeverCutSilently) {
  expect_plans({
      {{"before: 1 T1"}, "1 -> 1"},
      {{"before: 1 T2"}, "corrupt: segment 1"},
      {{"before: 1 3 T2"}, "corrupt: segment 1"},
      {{"before: 1 3 T1"}, "1 -> 1 dropped 1"},
      {{"now: 1 b T2"}, "corrupt: segment 1"},
      {{"now: 1 3 b T2"}, "corrupt: segment 1"},
      {{"now: 1 b~2 T2"}, "corrupt: segment 1"},
      {{"now: 1 b~2-4 5 T3"}, "corrupt: segment 1"},
      {{"now: 1 b~2 T1"}, "1 -> 1"},
      {{"before: 1", "before: T3"}, "corrupt: segment 2"},
      {{"before: T5"}, "-> 5", 5},
  });
}

TEST(Replay, WhatIsMissingAndWasDurableIsLookedForInTheDamagedSegment) {
  expect_plans({
      {{"before: 1 !", "before: 3 T3"}, "corrupt: segment 1"},
      {{"before: 1 T3", "before: 3 !"}, "corrupt: segment 2"},
      {{"before: !", "before: T3"}, "corrupt: segment 1"},
      {{"before: 1 !", "before: ! T3"}, "corrupt: segment 1"},
      // Damage elsewhere has nothing to do with it.
      {{"before: 1 !", "before: 2 4 T3"}, "corrupt: segment 2"},
      {{"before: 1 3 T3", "before: 4 !"}, "corrupt: segment 1"},
  });
}

TEST(Replay, ACleanSegmentIsComplete) {
  expect_plans({
      {{"before: 1 2 F2/2"}, "1 2 -> 2 clean"},
      {{"before: 1 2 F3/2"}, "corrupt: segment 1"},
      {{"before: 1 2 F2/3"}, "corrupt: segment 1"},
      {{"before: 1 2 F1/2"}, "corrupt: segment 1"},
      {{"before: 1 3 F3/2"}, "corrupt: segment 1"},
      {{"before: 2 F2/1"}, "corrupt: segment 1"},
      {{"now: 1 3 b F3/2"}, "corrupt: segment 1"},
      {{"now: 1 b~2 3 F3/2"}, "corrupt: segment 1"},
      {{"now: 1 b~2 F1/1"}, "corrupt: segment 1"},
      {{"before: 1 ! F1/1"}, "corrupt: segment 1"},
      {{"before: F4/0"}, "-> 4 clean", 4},
  });
}

TEST(Replay, AfterTheProcessDiedAGapNeedsALaneThatExplainsIt) {
  expect_plans({
      {{"now: 1 3 b"}, "1 3 -> 3"},          // b had taken 2
      {{"now: 1 3"}, "corrupt: segment 1"},  // lane a went on behind the gap
      {{"now: 1 b2 4 c3 7 d"}, "1 2 3 4 7 -> 7"},
      {{"now: b2"}, "corrupt: segment 1"},  // nobody can have had 1
      {{"now: b2 a"}, "2 -> 2"},
      {{"now: 1 b2 3 b5"}, "1 2 3 5 -> 5"},      // a itself may have had 4
      {{"now: 1 3 5 b"}, "corrupt: segment 1"},  // one lane, two gaps
      {{"now: 1 3 5 b c"}, "1 3 5 -> 5"},
      {{"now: 1 b3 5 c"}, "1 3 5 -> 5"},  // 2 was c's, 4 was b's
      {{"now: 1 b3 5 b6 c"}, "corrupt: segment 1"},
      {{"now: 1 b~2-4 5"}, "1 5 -> 5"},
      {{"now: 1 b~2-3 5"}, "corrupt: segment 1"},
      {{"now: 1 b~2-3 5 c"}, "1 5 -> 5"},
      {{"now: 1 b~3 c"}, "1 -> 1"},  // c had taken 2
      {{"now: 1 2 b~3"}, "1 2 -> 2"},
      {{"now: 1 b~1"}, "corrupt: segment 1"},
      {{"now: 1-3 b~2"}, "corrupt: segment 1"},
      {{"now: b~9 1"}, "1 -> 1"},  // lane a took 2 to 8 as one batch
      {{"now: b~9 c~10"}, "corrupt: segment 1"},
      {{"now: 1 !"}, "corrupt: segment 1"},
  });
}

TEST(Replay, OnlyTheLastSegmentWrittenToCanHaveGaps) {
  expect_plans({
      {{"now: 1 3 b", "now:"}, "1 3 -> 3"},  // the next was prepared and never written to
      {{"now: 1 3 b", "now: 4"}, "corrupt: segment 1"},
      {{"now: 1 b~2", "now: 3"}, "corrupt: segment 1"},
      {{"now: 1 2", "now: 4 b"}, "1 2 4 -> 4"},
      {{"now: 1 2", "now: 4"}, "corrupt: segment 2"},
  });
}

TEST(Replay, AfterTheMachineDiedThePrefixIsKept) {
  expect_plans({
      {{"before: 1 2 4 b5-6"}, "1 2 -> 2 dropped 2"},
      {{"before: 2 3"}, "-> 0 dropped 2"},
      {{"unknown: 1 3"}, "1 -> 1 dropped 1"},
      {{"before: 1 !"}, "1 -> 1"},
      {{"before: 1 b~2 3"}, "1 -> 1 dropped 1"},
      {{"before: 1 3", "before: 4 5"}, "1 -> 1 dropped 3"},
      {{"before: 1 2", "before: 4 5"}, "1 2 -> 2 dropped 2"},
      {{"before: 1 2 F2/2", "before: 4"}, "1 2 -> 2 dropped 1"},
      {{"before: 1 3", "before: 4 F4/1"}, "corrupt: segment 2"},
      {{"before: 1 3", "now: 4"}, "corrupt: segment 2"},
      {{"before: 1", "now: 3 b"}, "corrupt: segment 2"},
      {{"before: 1", "now:"}, "1 -> 1"},
  });
}

TEST(Replay, NoSequenceIsTakenTwice) {
  expect_plans({
      {{"now: 1 b1"}, "corrupt: segment 1"},
      {{"before: 1-3 b3"}, "corrupt: segment 1"},
      {{"before: 1 2", "before: 2"}, "corrupt: segment 2"},
      {{"before: 3", "before: 1 2"}, "corrupt: segment 2"},
      {{"before: 5 6"}, "corrupt: segment 1", 5},
      {{"now: 1-4"}, "corrupt: segment 1", 2},
  });
}

}  // namespace
}  // namespace skiplith
