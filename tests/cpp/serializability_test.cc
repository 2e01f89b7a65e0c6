// The checker of transactions: the anomalies by name, and against trying all orders.

#include "lab/serializability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "lab/graph.h"
#include "lab/random.h"

namespace skiplith::testing {
namespace {

using lab::Checked;
using lab::Contents;
using lab::MaybeValue;
using lab::Outcome;
using lab::Pair;
using lab::Random;
using lab::Transaction;
using lab::Verdict;

using Pairs = std::vector<Pair>;
constexpr std::nullopt_t kNone = std::nullopt;

// All at once unless said otherwise: time decides nothing.
Transaction committed(Sequence sequence, Pairs reads, Pairs writes) {
  return {
      .end_ns = 100, .sequence = sequence, .reads = std::move(reads), .writes = std::move(writes)};
}
Transaction at(uint64_t begin, uint64_t end, Transaction transaction) {
  transaction.begin_ns = begin;
  transaction.end_ns = end;
  return transaction;
}
Transaction with(Outcome outcome, Transaction transaction) {
  transaction.outcome = outcome;
  return transaction;
}

Checked check(const std::vector<Transaction>& transactions, Contents initial = {}) {
  return lab::check_serializability(transactions, {.initial = std::move(initial)});
}
Verdict verdict(const std::vector<Transaction>& transactions, Contents initial = {}) {
  return check(transactions, std::move(initial)).verdict;
}

TEST(Serializability, NothingHolds) { EXPECT_EQ(verdict({}), Verdict::kHolds); }

TEST(Serializability, OneAfterTheOtherHolds) {
  EXPECT_EQ(verdict({committed(1, {{"x", kNone}}, {{"x", "1"}}),
                     committed(2, {{"x", "1"}}, {{"x", "2"}}), committed(2, {{"x", "2"}}, {})}),
            Verdict::kHolds);
}

TEST(Serializability, ALostUpdateIsACycle) {
  EXPECT_EQ(
      verdict({committed(1, {{"x", "0"}}, {{"x", "1"}}), committed(2, {{"x", "0"}}, {{"x", "2"}})},
              {{"x", "0"}}),
      Verdict::kViolation);
}

// Each reads both and writes one: no order lets both read what they read.
TEST(Serializability, AWriteSkewIsACycleAndIsPrinted) {
  const Checked checked = check({committed(1, {{"x", "0"}, {"y", "0"}}, {{"x", "1"}}),
                                 committed(2, {{"x", "0"}, {"y", "0"}}, {{"y", "1"}})},
                                {{"x", "0"}, {"y", "0"}});
  EXPECT_EQ(checked.verdict, Verdict::kViolation);
  EXPECT_EQ(checked.explanation,
            "These transactions form a cycle, so they fit into no order:\n"
            "  transaction 0 (thread 0, sequence 1): reads b'x'=b'0' b'y'=b'0'; writes b'x'=b'1'\n"
            "    rw on b'y'\n"
            "  transaction 1 (thread 0, sequence 2): reads b'x'=b'0' b'y'=b'0'; writes b'y'=b'1'\n"
            "    rw on b'x'\n"
            "  and that is the first again");
}

// Two that look for what the other inserts.
TEST(Serializability, APhantomIsACycle) {
  const Pairs nobody = {{"a", kNone}, {"b", kNone}};
  EXPECT_EQ(verdict({committed(1, nobody, {{"a", "1"}}), committed(2, nobody, {{"b", "2"}})}),
            Verdict::kViolation);
  EXPECT_EQ(verdict({committed(1, nobody, {{"a", "1"}}),
                     committed(2, {{"a", "1"}, {"b", kNone}}, {{"b", "2"}})}),
            Verdict::kHolds);
}

// Fekete, O'Neil, O'Neil, 2004: without the reader the two writers have an order.
TEST(Serializability, AReadOnlyAnomalyIsACycle) {
  const Contents initial = {{"x", "0"}, {"y", "0"}};
  const Transaction withdraw = committed(2, {{"x", "0"}, {"y", "0"}}, {{"x", "-11"}});
  const Transaction deposit = committed(1, {{"y", "0"}}, {{"y", "20"}});
  const Transaction reader = committed(1, {{"x", "0"}, {"y", "20"}}, {});
  EXPECT_EQ(verdict({withdraw, deposit}, initial), Verdict::kHolds);
  EXPECT_EQ(verdict({withdraw, deposit, reader}, initial), Verdict::kViolation);
}

TEST(Serializability, ALongForkIsACycle) {
  EXPECT_EQ(verdict({committed(1, {}, {{"x", "1"}}), committed(2, {}, {{"y", "1"}}),
                     committed(1, {{"x", "1"}, {"y", kNone}}, {}),
                     committed(2, {{"x", kNone}, {"y", "1"}}, {})}),
            Verdict::kViolation);
}

TEST(Serializability, ATransactionSeenByHalfIsACycle) {
  EXPECT_EQ(verdict({committed(2, {}, {{"x", "1"}, {"y", "1"}}),
                     committed(2, {{"x", "1"}, {"y", kNone}}, {})}),
            Verdict::kViolation);
}

TEST(Serializability, ReadingWhatNobodyWroteIsAViolation) {
  const Checked checked = check({committed(1, {{"x", "ghost"}}, {})});
  EXPECT_EQ(checked.verdict, Verdict::kViolation);
  EXPECT_NE(checked.explanation.find("which nobody wrote"), std::string::npos);
}

TEST(Serializability, ReadingWhatAnAbortedTransactionWroteIsAViolation) {
  const Checked checked = check(
      {with(Outcome::kAborted, committed(0, {}, {{"x", "1"}})), committed(1, {{"x", "1"}}, {})});
  EXPECT_EQ(checked.verdict, Verdict::kViolation);
  EXPECT_NE(checked.explanation.find("one that aborted"), std::string::npos);
}

TEST(Serializability, ReadingWhatItsWriterWroteOverIsAViolation) {
  const Transaction twice = committed(1, {}, {{"x", "1"}, {"x", "2"}});
  EXPECT_EQ(verdict({twice, committed(1, {{"x", "2"}}, {})}), Verdict::kHolds);
  const Checked checked = check({twice, committed(1, {{"x", "1"}}, {})});
  EXPECT_EQ(checked.verdict, Verdict::kViolation);
  EXPECT_NE(checked.explanation.find("wrote over"), std::string::npos);
}

TEST(Serializability, ReadingAbsenceThatNeverWasIsAViolation) {
  EXPECT_EQ(verdict({committed(1, {{"x", kNone}}, {})}, {{"x", "0"}}), Verdict::kViolation);
}

TEST(Serializability, TwoWritersWithOneSequenceAreAViolation) {
  EXPECT_EQ(verdict({committed(1, {}, {{"x", "1"}}), committed(1, {}, {{"x", "2"}})}),
            Verdict::kViolation);
}

TEST(Serializability, WhatAbortedMayHaveReadAnything) {
  EXPECT_EQ(verdict({with(Outcome::kAborted, committed(0, {{"x", "ghost"}}, {}))}),
            Verdict::kHolds);
}

TEST(Serializability, WithoutAnAnswerItCountsOnceSomebodyHasReadFromIt) {
  const Transaction unanswered =
      with(Outcome::kUnknown, committed(0, {{"y", kNone}}, {{"x", "1"}}));
  EXPECT_EQ(verdict({unanswered}), Verdict::kHolds);
  EXPECT_EQ(verdict({unanswered, committed(1, {{"x", "1"}}, {})}), Verdict::kHolds);
  // It has not seen y, which its reader has overwritten before.
  const Transaction writer = committed(1, {{"x", "1"}}, {{"y", "2"}});
  EXPECT_EQ(verdict({unanswered, writer}), Verdict::kHolds);
  const Transaction has_seen = with(Outcome::kUnknown, committed(0, {{"y", "2"}}, {{"x", "1"}}));
  EXPECT_EQ(verdict({has_seen, writer}), Verdict::kViolation);
  const Transaction never_read = with(Outcome::kUnknown, committed(0, {{"y", "ghost"}}, {}));
  EXPECT_EQ(verdict({never_read, writer, unanswered}), Verdict::kHolds);
}

TEST(Serializability, AnAbsentReadIsTheLastDeleteBelowTheReader) {
  const std::vector<Transaction> history = {
      committed(1, {}, {{"x", "1"}}), committed(2, {}, {{"x", kNone}}),
      committed(3, {}, {{"x", "3"}}), committed(4, {}, {{"x", kNone}, {"y", "4"}})};
  const auto with_reader = [&](Sequence sequence, MaybeValue y, Pairs writes) {
    std::vector<Transaction> all = history;
    all.push_back(committed(sequence, {{"x", kNone}, {"y", std::move(y)}}, std::move(writes)));
    return verdict(all);
  };
  EXPECT_EQ(with_reader(2, kNone, {}), Verdict::kHolds);
  EXPECT_EQ(with_reader(4, "4", {}), Verdict::kHolds);
  EXPECT_EQ(with_reader(3, "4", {}), Verdict::kViolation);  // the second delete's y, not its x
  EXPECT_EQ(with_reader(5, "4", {{"z", "5"}}), Verdict::kHolds);
}

TEST(Serializability, TimeForbidsAStaleReadAndOnlyIfAsked) {
  const std::vector<Transaction> stale = {at(0, 10, committed(1, {}, {{"x", "1"}})),
                                          at(20, 30, committed(0, {{"x", kNone}}, {}))};
  const Checked strict = lab::check_serializability(stale);
  EXPECT_EQ(strict.verdict, Verdict::kViolation);
  EXPECT_NE(strict.explanation.find("rt: it ended before the next began"), std::string::npos);
  EXPECT_EQ(lab::check_serializability(stale, {.real_time = false}).verdict, Verdict::kHolds);
  const std::vector<Transaction> touching = {at(0, 20, committed(1, {}, {{"x", "1"}})),
                                             at(20, 30, committed(0, {{"x", kNone}}, {}))};
  EXPECT_EQ(verdict(touching), Verdict::kHolds);
}

// Deep and wide: no recursion, no edge for each two.
TEST(Serializability, AHundredThousandInARowAreNoTrouble) {
  constexpr uint64_t kCount = 100'000;
  std::vector<Transaction> chain;
  for (uint64_t i = 1; i <= kCount; ++i) {
    chain.push_back(at(10 * i, 10 * i + 5,
                       committed(i, {{"x", i == 1 ? kNone : MaybeValue(std::to_string(i - 1))}},
                                 {{"x", std::to_string(i)}})));
  }
  EXPECT_EQ(verdict(chain), Verdict::kHolds);
  chain[kCount - 1].reads.push_back({"y", kNone});
  chain[0].writes.push_back({"y", "late"});
  EXPECT_EQ(verdict(chain), Verdict::kViolation);
}

TEST(Graph, FindsAShortestCycle) {
  lab::Graph graph(6);
  EXPECT_TRUE(graph.find_cycle().empty());
  for (uint32_t node = 0; node < 5; ++node) graph.add_edge(node, node + 1, node);
  EXPECT_TRUE(graph.find_cycle().empty());
  graph.add_edge(5, 0, 5);
  EXPECT_EQ(graph.find_cycle().size(), 6u);
  graph.add_edge(4, 2, 6);
  const auto cycle = graph.find_cycle();
  ASSERT_EQ(cycle.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const auto& edges = graph.edges(cycle[i].from);
    EXPECT_TRUE(std::ranges::any_of(edges, [&](const auto& edge) {
      return edge.to == cycle[(i + 1) % 3].from && edge.label == cycle[i].label;
    }));
  }
}

// --- against all orders ---

// Does running them in this order give what was read, and the versions of each key in the order of
// their sequences?
bool explains(const std::vector<Transaction>& all, const std::vector<size_t>& order) {
  Contents db;
  std::map<std::string, Sequence> last_sequence;
  for (size_t i = 0; i < order.size(); ++i) {
    const Transaction& transaction = all[order[i]];
    for (size_t later = i + 1; later < order.size(); ++later) {
      if (all[order[later]].end_ns < transaction.begin_ns) return false;
    }
    for (const Pair& pair : transaction.reads) {
      const auto found = db.find(pair.key);
      if ((found == db.end() ? kNone : MaybeValue(found->second)) != pair.value) return false;
    }
    for (const Pair& pair : transaction.writes) {
      if (last_sequence[pair.key] > transaction.sequence) return false;
      last_sequence[pair.key] = transaction.sequence;
      pair.value ? static_cast<void>(db[pair.key] = *pair.value)
                 : static_cast<void>(db.erase(pair.key));
    }
  }
  return true;
}

bool some_order_explains(const std::vector<Transaction>& all) {
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    if (explains(all, order)) return true;
  } while (std::ranges::next_permutation(order).found);
  return false;
}

// Without deletes: which of them an absent read means is a convention, not a matter of order.
TEST(Serializability, AgreesWithTryingAllOrders) {
  Random random(1);
  int held = 0, violated = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Transaction> all;
    std::map<std::string, std::vector<MaybeValue>> written;
    const auto key = [&] { return std::string(1, static_cast<char>('a' + random.below(2))); };
    for (uint64_t i = 1; i <= 2 + random.below(4); ++i) {
      Transaction transaction = committed(i, {}, {});
      transaction.begin_ns = 10 * i - random.below(10);
      transaction.end_ns = 10 * i + random.below(30);
      for (const char* name : {"a", "b"}) {
        if (random.chance(0.5)) continue;
        const auto& values = written[name];
        const bool is_stale = values.size() > 1 && random.chance(0.4);
        transaction.reads.push_back(
            {name, values.empty() ? kNone : values[values.size() - (is_stale ? 2 : 1)]});
      }
      if (random.chance(0.7)) {
        const std::string name = key();
        transaction.writes.push_back({name, std::to_string(i)});
        written[name].push_back(std::to_string(i));
      }
      all.push_back(std::move(transaction));
    }
    const bool fits = some_order_explains(all);
    ASSERT_EQ(verdict(all), fits ? Verdict::kHolds : Verdict::kViolation) << round << "\n"
                                                                          << check(all).explanation;
    ++(fits ? held : violated);
  }
  EXPECT_GT(held, 5'000);
  EXPECT_GT(violated, 500);
}

}  // namespace
}  // namespace skiplith::testing
