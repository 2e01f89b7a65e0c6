// Every small history: what readers see is the same before and after, and nothing is kept that
// they would not miss.
#include "lsm/version_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace skiplith::testing {
namespace {

struct Version {
  char key;
  Sequence sequence;
  Kind kind;
  bool operator==(const Version&) const = default;
};
// In internal order.
using History = std::vector<Version>;

// What lies deeper, the same for every key: older than all that the filter sees.
enum class Deeper : uint8_t { kNothing, kPut, kTombstone };

constexpr Sequence kDeeperSequence = 1;
constexpr char kKeys[] = {'a', 'b'};

// The sequence of the put that a reader finds; nullopt: no such key.
std::optional<Sequence> read(const History& history, Deeper deeper, char key, Sequence at) {
  for (const Version& version : history) {
    if (version.key != key || version.sequence > at) continue;
    if (version.kind == Kind::kDelete) return std::nullopt;
    return version.sequence;
  }
  if (deeper == Deeper::kPut && at >= kDeeperSequence) return kDeeperSequence;
  return std::nullopt;
}

bool reads_alike(const History& a, const History& b, Deeper deeper,
                 const std::vector<Sequence>& snapshots) {
  std::vector<Sequence> points = snapshots;
  points.push_back(kMaxSequence);
  for (const Sequence at : points) {
    for (const char key : kKeys) {
      if (read(a, deeper, key, at) != read(b, deeper, key, at)) return false;
    }
  }
  return true;
}

struct Filtered {
  History kept;
  uint64_t dropped = 0;
};

Filtered filter(const History& history, const std::vector<Sequence>& snapshots,
                bool may_lie_deeper) {
  std::string asked;
  VersionFilter filter(snapshots, [&](Bytes key) {
    EXPECT_LT(asked, key);
    asked = key;
    return may_lie_deeper;
  });
  Filtered result;
  const auto keep = [&](const TableEntry& entry) {
    EXPECT_EQ(entry.value, entry.kind == Kind::kDelete ? "" : "value");
    result.kept.push_back({entry.key[0], entry.sequence, entry.kind});
  };
  for (const Version& version : history) {
    const std::string key(1, version.key);  // gone when the filter is asked next
    const TableEntry entry{.key = key,
                           .sequence = version.sequence,
                           .kind = version.kind,
                           .value = version.kind == Kind::kPut ? "value" : ""};
    const VersionFilter::Verdict verdict = filter.next(entry);
    if (verdict.held != nullptr) keep(*verdict.held);
    if (verdict.keeps) keep(entry);
  }
  if (const TableEntry* held = filter.finish()) keep(*held);
  result.dropped = filter.dropped();
  return result;
}

constexpr Sequence kFirst = kDeeperSequence + 1;
constexpr int kSequences = 5;

// Each sequence: nobody's, or a put or a tombstone of one of the keys.
History history_of(int code) {
  History history;
  history.reserve(kSequences);
  for (int i = 0; i < kSequences; ++i, code /= 5) {
    const int choice = code % 5;
    if (choice == 0) continue;
    history.push_back(
        {kKeys[(choice - 1) / 2], kFirst + i, choice % 2 == 0 ? Kind::kDelete : Kind::kPut});
  }
  std::ranges::sort(history, [](const Version& a, const Version& b) {
    return a.key != b.key ? a.key < b.key : a.sequence > b.sequence;
  });
  return history;
}

template <typename Check>
void for_all_histories_and_snapshots(Check check) {
  int histories = 1;
  for (int i = 0; i < kSequences; ++i) histories *= 5;
  for (int code = 0; code < histories; ++code) {
    const History history = history_of(code);
    for (int set = 0; set < 1 << (kSequences + 1); ++set) {
      std::vector<Sequence> snapshots;
      for (int i = 0; i <= kSequences; ++i) {
        if (set >> i & 1) snapshots.push_back(kDeeperSequence + i);
      }
      check(history, snapshots);
      if (::testing::Test::HasFailure()) {
        FAIL() << "history " << code << ", snapshots " << set;  // one is enough
      }
    }
  }
}

TEST(VersionFilter, EveryReadAnswersAsBefore) {
  for_all_histories_and_snapshots([](const History& history, const auto& snapshots) {
    const Filtered alone = filter(history, snapshots, false);
    EXPECT_TRUE(reads_alike(history, alone.kept, Deeper::kNothing, snapshots));
    const Filtered above = filter(history, snapshots, true);
    for (const Deeper deeper : {Deeper::kNothing, Deeper::kPut, Deeper::kTombstone}) {
      EXPECT_TRUE(reads_alike(history, above.kept, deeper, snapshots));
    }
  });
}

TEST(VersionFilter, EveryKeptVersionWouldBeMissed) {
  for_all_histories_and_snapshots([](const History& history, const auto& snapshots) {
    for (const bool may_lie_deeper : {false, true}) {
      const History kept = filter(history, snapshots, may_lie_deeper).kept;
      for (size_t i = 0; i < kept.size(); ++i) {
        History without = kept;
        without.erase(without.begin() + i);
        const bool missed =
            !reads_alike(history, without, Deeper::kNothing, snapshots) ||
            (may_lie_deeper && !reads_alike(history, without, Deeper::kPut, snapshots));
        EXPECT_TRUE(missed);
      }
    }
  });
}

TEST(VersionFilter, KeptAndDroppedAreAllInOrder) {
  for_all_histories_and_snapshots([](const History& history, const auto& snapshots) {
    for (const bool may_lie_deeper : {false, true}) {
      const Filtered filtered = filter(history, snapshots, may_lie_deeper);
      EXPECT_EQ(filtered.kept.size() + filtered.dropped, history.size());
      auto place = history.begin();
      for (const Version& version : filtered.kept) {
        place = std::find(place, history.end(), version);
        ASSERT_NE(place, history.end());
        ++place;
      }
    }
  });
}

TEST(VersionFilter, AsksAboutDeeperOnlyForATombstoneWithNothingOlder) {
  std::vector<std::string> asked;
  VersionFilter filter({}, [&](Bytes key) {
    asked.emplace_back(key);
    return true;
  });
  filter.next({.key = "a", .sequence = 9, .kind = Kind::kPut});
  filter.next({.key = "b", .sequence = 8, .kind = Kind::kDelete});
  filter.next({.key = "b", .sequence = 7, .kind = Kind::kPut});
  const auto verdict = filter.next({.key = "c", .sequence = 6, .kind = Kind::kDelete});
  ASSERT_NE(verdict.held, nullptr);
  EXPECT_EQ(verdict.held->key, "b");
  EXPECT_EQ(verdict.held->sequence, 8u);
  EXPECT_FALSE(verdict.keeps);
  ASSERT_NE(filter.finish(), nullptr);
  EXPECT_EQ(asked, (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace skiplith::testing
