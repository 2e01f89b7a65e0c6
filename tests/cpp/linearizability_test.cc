// The checker of linearizability: histories by hand, and against trying all orders.

#include "lab/linearizability.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/coding.h"
#include "lab/random.h"
#include "support/history_building.h"

namespace skiplith::testing {
namespace {

using lab::Budget;
using lab::check_linearizability;
using lab::Contents;
using lab::Random;
using lab::Verdict;

std::string number(int64_t value) {
  std::string bytes;
  append_u64(&bytes, static_cast<uint64_t>(value));
  return bytes;
}

Verdict verdict(std::vector<Operation> operations, const Contents& initial = {}) {
  std::ranges::stable_sort(operations, {}, &Operation::begin_ns);
  return check_linearizability(operations, initial).verdict;
}

TEST(Linearizability, NothingHolds) { EXPECT_EQ(verdict({}), Verdict::kHolds); }

TEST(Linearizability, OneAfterTheOtherHolds) {
  EXPECT_EQ(verdict({at(0, 1, put("k", "1")), at(2, 3, get("k", "1")), at(4, 5, erase("k")),
                     at(6, 7, get("k", kNone))}),
            Verdict::kHolds);
}

TEST(Linearizability, AStaleReadIsFound) {
  EXPECT_EQ(verdict({at(0, 1, put("k", "1")), at(2, 3, put("k", "2")), at(4, 5, get("k", "1"))}),
            Verdict::kViolation);
}

TEST(Linearizability, AReadBesideAWriteMayAnswerEither) {
  EXPECT_EQ(verdict({at(0, 9, put("k", "1")), at(1, 2, get("k", kNone)), at(3, 4, get("k", "1"))}),
            Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 9, put("k", "1")), at(1, 2, get("k", "1")), at(3, 4, get("k", kNone))}),
            Verdict::kViolation);
}

TEST(Linearizability, ALostUpdateIsFound) {
  EXPECT_EQ(verdict({at(0, 9, increment("k", 1, 1)), at(1, 8, increment("k", 1, 1))}),
            Verdict::kViolation);
  EXPECT_EQ(verdict({at(0, 9, increment("k", 1, 2)), at(1, 8, increment("k", 1, 1)),
                     at(10, 11, get("k", number(2)))}),
            Verdict::kHolds);
  EXPECT_EQ(
      verdict({at(0, 9, put("k", "1")), at(1, 8, put("k", "2")), at(10, 11, get("k", kNone))}),
      Verdict::kViolation);
}

TEST(Linearizability, OfTwoRacingDeletesOneSucceeds) {
  const auto race = [](bool first, bool second) {
    return verdict({at(0, 9, erase_existing("k", first)), at(1, 8, erase_existing("k", second))},
                   {{"k", "v"}});
  };
  EXPECT_EQ(race(true, true), Verdict::kViolation);
  EXPECT_EQ(race(true, false), Verdict::kHolds);
  EXPECT_EQ(race(false, true), Verdict::kHolds);
  EXPECT_EQ(race(false, false), Verdict::kViolation);
}

TEST(Linearizability, OfTwoRacingPopsOneGetsTheValue) {
  const auto race = [](MaybeValue first, MaybeValue second) {
    return verdict({at(0, 9, pop("k", std::move(first))), at(1, 8, pop("k", std::move(second)))},
                   {{"k", "v"}});
  };
  EXPECT_EQ(race("v", "v"), Verdict::kViolation);
  EXPECT_EQ(race("v", kNone), Verdict::kHolds);
  EXPECT_EQ(race(kNone, kNone), Verdict::kViolation);
}

TEST(Linearizability, ABatchThatIsSeenByHalfIsFound) {
  const Operation batch = at(0, 9, update({{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(verdict({batch, at(1, 2, get("a", "1")), at(3, 4, get("b", kNone))}),
            Verdict::kViolation);
  EXPECT_EQ(verdict({batch, at(1, 2, get("a", kNone)), at(3, 4, get("b", "1"))}), Verdict::kHolds);
  EXPECT_EQ(verdict({batch, at(1, 2, read({{"a", "1"}, {"b", kNone}}))}), Verdict::kViolation);
}

TEST(Linearizability, OfABatchTheLastMutationOfAKeyCounts) {
  const Operation batch = at(0, 1, update({{"a", "1"}, {"b", "1"}, {"a", kNone}}));
  EXPECT_EQ(verdict({batch, at(2, 3, read({{"a", kNone}, {"b", "1"}}))}), Verdict::kHolds);
  EXPECT_EQ(verdict({batch, at(2, 3, get("a", "1"))}), Verdict::kViolation);
}

// Two readers that see two writes in different orders: each key alone looks right.
TEST(Linearizability, ALongForkIsFound) {
  const std::vector<Operation> writes = {at(0, 9, put("a", "1")), at(0, 9, put("b", "1"))};
  std::vector<Operation> forked = writes, apart = writes;
  forked.push_back(at(1, 8, read({{"a", "1"}, {"b", kNone}})));
  forked.push_back(at(1, 8, read({{"a", kNone}, {"b", "1"}})));
  EXPECT_EQ(verdict(forked), Verdict::kViolation);
  // Without a call that names both keys, the two are checked apart, and are right apart.
  for (const char* key : {"a", "b"}) apart.push_back(at(1, 8, get(key, "1")));
  EXPECT_EQ(verdict(apart), Verdict::kHolds);
}

TEST(Linearizability, PopitemTakesTheEdge) {
  const Contents two = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(verdict({at(0, 1, popitem(true, {{"b", "2"}}))}, two), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, popitem(true, {{"a", "1"}}))}, two), Verdict::kViolation);
  EXPECT_EQ(verdict({at(0, 1, popitem(false, {{"a", "1"}}))}, two), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, popitem(false, {}))}, two), Verdict::kViolation);
  EXPECT_EQ(verdict({at(0, 1, popitem(false, {}))}), Verdict::kHolds);
  EXPECT_EQ(
      verdict({at(0, 9, popitem(true, {{"b", "2"}})), at(1, 8, popitem(true, {{"b", "2"}}))}, two),
      Verdict::kViolation);
}

TEST(Linearizability, ClearTakesEverything) {
  const Contents two = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(verdict({at(0, 1, clear()), at(2, 3, get("b", kNone))}, two), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, clear()), at(2, 3, get("b", "2"))}, two), Verdict::kViolation);
}

TEST(Linearizability, SetdefaultHasOneWinner) {
  const auto race = [](const char* first, const char* second) {
    return verdict({at(0, 9, setdefault("k", "1", first)), at(1, 8, setdefault("k", "2", second))});
  };
  EXPECT_EQ(race("1", "1"), Verdict::kHolds);
  EXPECT_EQ(race("2", "2"), Verdict::kHolds);
  EXPECT_EQ(race("1", "2"), Verdict::kViolation);
}

TEST(Linearizability, CompareAndSetMatchesOrNot) {
  EXPECT_EQ(verdict({at(0, 9, compare_and_set("k", kNone, "1", true)),
                     at(1, 8, compare_and_set("k", kNone, "2", true))}),
            Verdict::kViolation);
  EXPECT_EQ(
      verdict({at(0, 9, compare_and_set("k", kNone, "1", true)),
               at(1, 8, compare_and_set("k", "1", kNone, true)), at(10, 11, get("k", kNone))}),
      Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, compare_and_set("k", kNone, "1", false))}), Verdict::kViolation);
}

TEST(Linearizability, AnIncrementIsRefusedForAReason) {
  EXPECT_EQ(verdict({at(0, 1, increment("k", 1, kNone))}, {{"k", "text"}}), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, increment("k", 1, kNone))}, {{"k", number(INT64_MAX)}}),
            Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, increment("k", 1, kNone))}, {{"k", number(7)}}), Verdict::kViolation);
  EXPECT_EQ(verdict({at(0, 1, increment("k", 1, 1))}, {{"k", "text"}}), Verdict::kViolation);
}

TEST(Linearizability, APendingWriteMayHappenLaterOrNever) {
  const Operation pending = unanswered(0, put("k", "1"));
  EXPECT_EQ(verdict({pending, at(5, 6, get("k", kNone))}), Verdict::kHolds);
  EXPECT_EQ(verdict({pending, at(5, 6, get("k", kNone)), at(7, 8, get("k", "1"))}),
            Verdict::kHolds);
  EXPECT_EQ(verdict({pending, at(5, 6, get("k", "1")), at(7, 8, get("k", kNone))}),
            Verdict::kViolation);
  EXPECT_EQ(verdict({unanswered(5, put("k", "1")), at(1, 2, get("k", "1"))}), Verdict::kViolation);
  EXPECT_EQ(verdict({unanswered(0, get("k", "nobody's"))}), Verdict::kHolds);
}

TEST(Linearizability, EqualStampsAreConcurrent) {
  EXPECT_EQ(verdict({at(0, 5, put("k", "1")), at(5, 9, get("k", kNone))}), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 5, put("k", "1")), at(6, 9, get("k", kNone))}), Verdict::kViolation);
  EXPECT_EQ(verdict({at(5, 5, get("k", "1")), at(5, 5, put("k", "1"))}), Verdict::kHolds);
}

TEST(Linearizability, WhatTheDatabaseHeldBeforeCounts) {
  EXPECT_EQ(verdict({at(0, 1, get("k", "old"))}, {{"k", "old"}}), Verdict::kHolds);
  EXPECT_EQ(verdict({at(0, 1, get("k", kNone))}, {{"k", "old"}}), Verdict::kViolation);
}

TEST(Linearizability, OutOfBudgetIsUnknownAndNeverPassed) {
  std::vector<Operation> operations;
  for (uint64_t i = 0; i < 12; ++i) operations.push_back(at(i, 100 + i, increment("k", 1, 12 - i)));
  EXPECT_EQ(check_linearizability(operations, {}).verdict, Verdict::kHolds);
  EXPECT_EQ(check_linearizability(operations, {}, {.steps = 3}).verdict, Verdict::kUnknown);
  operations[0].sum = 13;
  EXPECT_EQ(check_linearizability(operations, {}, {.steps = 3}).verdict, Verdict::kUnknown);
  EXPECT_EQ(check_linearizability(operations, {}).verdict, Verdict::kViolation);
  const lab::Checked checked = check_linearizability(operations, {}, {.steps = 3});
  EXPECT_EQ(checked.steps, 3u);
  EXPECT_NE(checked.explanation.find("budget"), std::string::npos);
}

// 24 puts at once, any subset of which may come first: found out by time, not by patience.
TEST(Linearizability, OutOfTimeIsUnknown) {
  std::vector<Operation> operations;
  for (uint64_t i = 0; i < 24; ++i) {
    operations.push_back(at(i, 100 + i, put("k", std::to_string(i))));
  }
  operations.push_back(at(200, 201, get("k", "nobody's")));
  const Budget hardly_any{.steps = UINT64_MAX, .milliseconds = 20};
  EXPECT_EQ(check_linearizability(operations, {}, hardly_any).verdict, Verdict::kUnknown);
}

TEST(Linearizability, AViolationIsExplained) {
  const lab::Checked checked = check_linearizability(
      {at(1000, 2000, put("k", "1")), at(3000, 4000, put("k", std::string(100, 'x'))),
       at(5000, 6500, get("k", "1")), at(7000, 8000, put("other", "3"))},
      {});
  EXPECT_EQ(checked.explanation,
            "No order of these operations gives the answers that were given by the time of\n"
            "  thread 0, 4.000 to 5.500 us: get(b'k') -> b'1'\n"
            "Of 3 operations on 1 keys the order that came furthest has 2, the last of them\n"
            "  thread 0, 0.000 to 1.000 us: put(b'k', b'1')\n"
            "  thread 0, 2.000 to 3.000 us: put(b'k', b'xxxxxxxxxxxxxxxxxxxxxxxx'... (100 bytes))\n"
            "Then the keys are\n"
            "  b'k': b'xxxxxxxxxxxxxxxxxxxxxxxx'... (100 bytes)\n"
            "and what would have to come next does not fit, or leads nowhere:\n"
            "  thread 0, 4.000 to 5.500 us: get(b'k') -> b'1'");
}

TEST(Linearizability, LongHistoriesAreCheckedInTimeOfTheirLength) {
  std::vector<Operation> operations;
  for (uint64_t i = 0; i < 30'000; ++i) {
    operations.push_back(at(10 * i, 10 * i + 25, increment("k", 1, static_cast<int64_t>(i + 1))));
  }
  const lab::Checked checked = check_linearizability(operations, {});
  EXPECT_EQ(checked.verdict, Verdict::kHolds);
  EXPECT_LE(checked.steps, 90'000u);
}

// --- against all orders ---

// The mapping once more, as plainly as can be.
bool answers_as(const Operation& op, Contents* db) {
  const auto value_of = [&](const std::string& key) -> MaybeValue {
    const auto found = db->find(key);
    return found == db->end() ? kNone : MaybeValue(found->second);
  };
  const auto set = [&](const std::string& key, const MaybeValue& value) {
    value ? static_cast<void>((*db)[key] = *value) : static_cast<void>(db->erase(key));
  };
  const std::string key = op.pairs.empty() ? "" : op.pairs[0].key;
  const MaybeValue before = value_of(key);
  switch (op.kind) {
    case OperationKind::kGet:
    case OperationKind::kRead:
      return std::ranges::all_of(op.pairs, [&](auto& p) { return value_of(p.key) == p.value; });
    case OperationKind::kPut:
    case OperationKind::kDelete:
    case OperationKind::kUpdate:
      for (const Pair& pair : op.pairs) set(pair.key, pair.value);
      return true;
    case OperationKind::kErase:
      set(key, kNone);
      return op.pending || before.has_value() == op.succeeded;
    case OperationKind::kCompareAndSet:
      if (before == op.expected) set(key, op.pairs[0].value);
      return op.pending || (before == op.expected) == op.succeeded;
    case OperationKind::kIncrement: {
      if (before && before->size() != 8) return op.pending || !op.succeeded;
      const int64_t sum = (before ? static_cast<int64_t>(load_u64(before->data())) : 0) + op.amount;
      set(key, number(sum));
      return op.pending || (op.succeeded && op.sum == sum);
    }
    case OperationKind::kSetDefault:
      if (!before) set(key, op.pairs[0].value);
      return op.pending || value_of(key) == op.answer;
    case OperationKind::kPop: set(key, kNone); return op.pending || before == op.pairs[0].value;
    case OperationKind::kPopItem: {
      if (db->empty()) return op.pending || op.pairs.empty();
      const auto edge = op.last ? std::prev(db->end()) : db->begin();
      const Contents::value_type popped = *edge;
      db->erase(edge);
      return op.pending || (!op.pairs.empty() && key == popped.first &&
                            op.pairs[0].value == MaybeValue(popped.second));
    }
    case OperationKind::kClear: db->clear(); return true;
  }
  return false;
}

bool some_order_fits(const std::vector<Operation>& left, const Contents& db) {
  if (std::ranges::all_of(left, &Operation::pending)) return true;
  for (size_t i = 0; i < left.size(); ++i) {
    const bool must_wait = std::ranges::any_of(left, [&](const Operation& other) {
      return !other.pending && other.end_ns < left[i].begin_ns;
    });
    Contents after = db;
    if (must_wait || !answers_as(left[i], &after)) continue;
    std::vector<Operation> rest = left;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    if (some_order_fits(rest, after)) return true;
  }
  return false;
}

// A history that might have been: operations in some order, each answered as the mapping is then,
// and spread over time around it. `lies`: one answer is of a mapping that is wrong.
std::vector<Operation> random_history(Random& random, bool lies) {
  const auto key = [&] { return std::string(1, static_cast<char>('a' + random.below(3))); };
  const auto value = [&] { return random.chance(0.5) ? number(random.below(2)) : "text"; };
  const auto maybe = [&] { return random.chance(0.3) ? kNone : MaybeValue(value()); };
  Contents db;
  std::vector<Operation> operations;
  const size_t count = 2 + random.below(6);
  const size_t lie = lies ? random.below(count) : count;
  for (size_t i = 0; i < count; ++i) {
    Contents seen = db;
    if (i == lie) {
      seen[key()] = value();
      seen.erase(key());
    }
    const auto answer = [&](const std::string& key) {
      return seen.contains(key) ? MaybeValue(seen[key]) : kNone;
    };
    Operation op;
    op.kind = static_cast<OperationKind>(random.below(lab::kOperationKinds));
    const std::string k = key();
    switch (op.kind) {
      case OperationKind::kGet:
      case OperationKind::kPop: op.pairs = {{k, answer(k)}}; break;
      case OperationKind::kPut: op.pairs = {{k, value()}}; break;
      case OperationKind::kSetDefault:
        op.pairs = {{k, value()}};
        op.answer = answer(k) ? answer(k) : op.pairs[0].value;
        break;
      case OperationKind::kDelete: op.pairs = {{k, kNone}}; break;
      case OperationKind::kErase: op = erase_existing(k, answer(k).has_value()); break;
      case OperationKind::kCompareAndSet:
        op = compare_and_set(k, maybe(), maybe(), false);
        op.succeeded = answer(k) == op.expected;
        break;
      case OperationKind::kIncrement: {
        const MaybeValue before = answer(k);
        op = increment(k, 1, 0);
        op.succeeded = !before || before->size() == 8;
        if (op.succeeded)
          op.sum = (before ? static_cast<int64_t>(load_u64(before->data())) : 0) + 1;
        break;
      }
      case OperationKind::kPopItem:
        op = popitem(random.chance(0.5), {});
        if (!seen.empty()) {
          const auto edge = op.last ? *std::prev(seen.end()) : *seen.begin();
          op.pairs = {{edge.first, edge.second}};
        }
        break;
      case OperationKind::kUpdate: op.pairs = {{k, maybe()}, {key(), maybe()}}; break;
      case OperationKind::kRead: op.pairs = {{"a", answer("a")}, {"c", answer("c")}}; break;
      case OperationKind::kClear: break;
    }
    Operation silent = op;
    silent.pending = true;
    answers_as(silent, &db);
    op.pending = random.chance(0.1);
    const uint64_t middle = 10 * (i + 1);
    op.begin_ns = middle - std::min(middle, random.below(25));
    op.end_ns = middle + random.below(25);
    operations.push_back(op);
  }
  std::ranges::stable_sort(operations, {}, &Operation::begin_ns);
  return operations;
}

TEST(Linearizability, AgreesWithTryingAllOrders) {
  Random random(1);
  int held = 0, violated = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::vector<Operation> operations = random_history(random, i % 2 == 0);
    const lab::Checked checked = check_linearizability(operations, {});
    const bool fits = some_order_fits(operations, {});
    ASSERT_EQ(checked.verdict, fits ? Verdict::kHolds : Verdict::kViolation)
        << "history " << i << "\n"
        << checked.explanation;
    ++(fits ? held : violated);
    ASSERT_TRUE(fits || i % 2 == 0) << "a history without a lie: " << i;
  }
  EXPECT_GT(held, 50'000);
  EXPECT_GT(violated, 5'000);
}

}  // namespace
}  // namespace skiplith::testing
