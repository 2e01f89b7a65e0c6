// Random histories of the engine, each checked: some order of its operations must explain all
// answers, while memtables freeze, tables are written and compacted, and threads dawdle at every
// step of a write.
//
//   SKIPLITH_HISTORIES=10000 histories_test     checks so many
//
// Built once more for each engine that is broken on purpose (tests/cpp/CMakeLists.txt), with
// SKIPLITH_EXPECT_VIOLATION: there it passes only if a violation is found soon.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "base/clock.h"
#include "io/memory_files.h"
#include "lab/jitter.h"
#include "lab/linearizability.h"
#include "lab/random.h"
#include "lab/recorded_database.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

using lab::CallForm;
using lab::Checked;
using lab::Contents;
using lab::History;
using lab::kOperationKinds;
using lab::MaybeValue;
using lab::Operation;
using lab::OperationKind;
using lab::Random;
using lab::RecordedDatabase;
using lab::Verdict;

#ifdef SKIPLITH_EXPECT_VIOLATION
constexpr bool kIsBroken = true;
#else
constexpr bool kIsBroken = false;
#endif
// Histories within which a broken engine must be found out. Without the gate it takes 13 on
// average: one run in ten million needs more.
constexpr uint64_t kSoon = 200;

// What one history is made of.
struct Plan {
  explicit Plan(Random& random)
      : seed(random.next()),
        threads(random.chance(0.25) ? 3 : 4),
        operations(15 + random.below(26)) {
    keys.resize(3 + (random.chance(0.5) ? random.below(3) : 0));
    for (size_t key = 0; key < keys.size(); ++key) keys[key] = "key" + std::to_string(key);
    using enum OperationKind;
    // Half of the histories are of few kinds, which then meet each other often.
    switch (random.below(8)) {
      case 0:
      case 1: all_do({{kUpdate, 1}, {kGet, 3}}); break;
      case 2:
      case 3:
        all_do({{kPut, 1}, {kGet, 3}});
        weights[0] = only({{kRead, 1}});
        weights[1] = only({{kPut, 1}});
        break;
      case 4: all_do({{kPut, 1}, {kGet, 1}, {kPop, 1}, {kPopItem, 1}}); break;
      default:
        Weights some;
        for (double& weight : some) weight = random.chance(0.4) ? 2 : 0.2;
        some[static_cast<size_t>(kClear)] = random.chance(0.1) ? 0.2 : 0;
        some[static_cast<size_t>(kGet)] += 1;
        weights.assign(threads, some);
    }
  }
  using Weights = std::array<double, kOperationKinds>;
  using Kinds = std::initializer_list<std::pair<OperationKind, double>>;
  static Weights only(Kinds kinds) {
    Weights weights{};
    for (const auto& [kind, weight] : kinds) weights[static_cast<size_t>(kind)] = weight;
    return weights;
  }
  void all_do(Kinds kinds) { weights.assign(threads, only(kinds)); }
  OperationKind kind(uint32_t thread, Random& random) const {
    double left =
        random.fraction() * std::accumulate(weights[thread].begin(), weights[thread].end(), 0.0);
    for (size_t kind = 0; kind < kOperationKinds; ++kind) {
      if ((left -= weights[thread][kind]) < 0) return static_cast<OperationKind>(kind);
    }
    return OperationKind::kGet;
  }

  uint64_t seed;
  uint32_t threads;
  uint64_t operations;  // of each thread
  std::vector<std::string> keys;
  std::vector<Weights> weights;  // how often a thread does which
};

// One thread's part of a history.
class Caller {
 public:
  Caller(const Plan& plan, uint32_t thread, RecordedDatabase& database)
      : plan_(plan), database_(database), thread_(thread), random_(plan.seed + 1 + thread) {}

  void run() {
    for (uint64_t i = 0; i < plan_.operations; ++i) {
      pause();
      const Status status = call(plan_.kind(thread_, random_));
      const bool refused = status.code() == StatusCode::kInvalidArgument;  // an increment of text
      if (!status.is_ok() && !refused && !kIsBroken) ADD_FAILURE() << status.to_string();
    }
  }

 private:
  // As long as a write with its delays takes: who only reads would else be done before one begins.
  void pause() {
    const uint64_t until = monotonic_ns() + random_.below(20'000);
    while (monotonic_ns() < until) std::this_thread::yield();
  }
  const std::string& key() { return plan_.keys[random_.below(plan_.keys.size())]; }
  // Never written before: a number that can be counted on, or a text that fills memtables.
  std::string value() {
    const uint64_t unique = (plan_.seed << 20) + (uint64_t{thread_} << 16) + ++written_;
    std::string made;
    append_u64(&made, unique >> 1);
    if (random_.chance(0.5)) made.resize(1000 + random_.below(4000), 't');
    return made;
  }
  Status call(OperationKind kind) {
    const std::string& key = this->key();
    MaybeValue& known = known_[key];
    bool done;
    int64_t sum;
    switch (kind) {
      case OperationKind::kGet: {
        Status status = database_.get(form(), key, &answers_[0]);
        if (status.is_ok()) know(known);
        return status;
      }
      case OperationKind::kPut: return database_.put(form(), key, value());
      case OperationKind::kDelete: return database_.erase(form(), key);
      case OperationKind::kErase: return database_.erase_existing(form(), key, &done);
      case OperationKind::kCompareAndSet: {
        const MaybeValue desired = random_.chance(0.2) ? std::nullopt : MaybeValue(value());
        Status status = database_.compare_and_set(form(), key, known, desired, &done);
        if (status.is_ok() && done) known = desired;
        return status;
      }
      case OperationKind::kIncrement: return database_.increment(form(), key, 1, &sum);
      case OperationKind::kSetDefault: {
        Status status = database_.setdefault(form(), key, value(), &answers_[0]);
        if (status.is_ok()) know(known);
        return status;
      }
      case OperationKind::kPop: return database_.pop(form(), key, &answers_[0]);
      case OperationKind::kPopItem:
        return database_.pop_edge(random_.chance(0.5), &answers_[0], &answers_[1], false);
      case OperationKind::kUpdate: return update();
      case OperationKind::kRead:
        return database_.read(form(), {plan_.keys.begin(), plan_.keys.end()}, answers_);
      case OperationKind::kClear: return database_.clear(false);
    }
    return Status::ok();
  }
  Status update() {
    Batch batch;
    for (const std::string& key : plan_.keys) {
      if (random_.chance(0.3)) continue;
      const Status added = random_.chance(0.2) ? batch.erase(key) : batch.put(key, value());
      EXPECT_TRUE(added.is_ok());
    }
    return database_.write(batch, false);
  }
  void know(MaybeValue& known) {
    known = answers_[0].found() ? MaybeValue(answers_[0].bytes()) : std::nullopt;
  }
  static CallForm form() { return {}; }

  const Plan& plan_;
  RecordedDatabase& database_;
  const uint32_t thread_;
  Random random_;
  uint64_t written_ = 0;
  std::map<std::string, MaybeValue> known_;  // what was read last
  Value answers_[8];
};

struct Totals {
  uint64_t histories = 0;
  uint64_t operations = 0;
  double overlapping = 0;  // operations
  uint64_t steps = 0;
  uint64_t violations = 0;
  uint64_t unknown = 0;
};

class Histories : public DatabaseTest {
 protected:
  ~Histories() override { database_.reset(); }  // before its files
  Files& files() override { return files_; }

  // On all threads at once, from the database's contents `before`; and then what is there at rest.
  std::unique_ptr<History> record(const Plan& plan, Contents before) {
    auto history = std::make_unique<History>();
    history->begin_with(std::move(before));
    RecordedDatabase recorded(*database_, history.get());
    std::atomic<uint32_t> waiting_for{plan.threads};
    std::vector<std::thread> threads;
    for (uint32_t thread = 0; thread < plan.threads; ++thread) {
      threads.emplace_back([&, thread] {
        Caller caller(plan, thread, recorded);
        waiting_for.fetch_sub(1);
        while (waiting_for.load() != 0) std::this_thread::yield();
        caller.run();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return history;
  }
  Contents contents() {
    Contents found;
    const auto cursor = std::move(*database_->cursor());
    for (expect_ok(cursor->first()); cursor->valid(); expect_ok(cursor->next())) {
      found.emplace(cursor->key(), cursor->value());
    }
    return found;
  }
  // The contents at rest, as an answer that has to fit like any other.
  static void add_final_read(const Plan& plan, const Contents& contents, History& history) {
    Operation read{.kind = OperationKind::kRead};
    read.begin_ns = read.end_ns = monotonic_ns();
    for (const std::string& key : plan.keys) {
      const auto found = contents.find(key);
      read.pairs.push_back(
          {key, found == contents.end() ? std::nullopt : MaybeValue(found->second)});
    }
    history.append(std::move(read));
  }

  void check(const History& history, Totals* totals) {
    const std::vector<Operation> operations = history.operations();
    const Checked checked =
        lab::check_linearizability(operations, history.initial(), {.steps = 2'000'000});
    ++totals->histories;
    totals->operations += operations.size();
    totals->overlapping += lab::overlap(operations) * static_cast<double>(operations.size());
    totals->steps += checked.steps;
    totals->unknown += checked.verdict == Verdict::kUnknown ? 1 : 0;
    totals->violations += checked.verdict == Verdict::kViolation ? 1 : 0;
    if (checked.verdict == Verdict::kViolation) {
      std::cout << "history " << totals->histories << ": " << checked.explanation << "\n";
    }
  }

  MemoryFiles files_{SinkForm::kMapped};
};

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_F(Histories, EveryHistoryHasAnOrder) {
  open();
  const uint64_t seed = from_environment("SKIPLITH_SEED", posix_files().random64());
  const uint64_t count = kIsBroken ? kSoon : from_environment("SKIPLITH_HISTORIES", 300);
  Random random(seed);
  Totals totals;
  {
    const lab::Jitter jitter(seed, 0.3);
    Contents now;
    for (uint64_t i = 0; i < count && totals.violations == 0; ++i) {
      const Plan plan(random);
      const std::unique_ptr<History> history = record(plan, now);
      now = contents();
      add_final_read(plan, now, *history);
      check(*history, &totals);
      if (kIsBroken && !database_->stats()->background_error.empty()) {
        // It found out by itself that it is broken; from here on it would only refuse.
        directory_ += "-again";
        open();
        now.clear();
      }
    }
  }
  const Stats stats = *database_->stats();
  const double overlap = totals.overlapping / static_cast<double>(totals.operations);
  std::cout << "seed " << seed << ": " << totals.histories << " histories, " << totals.operations
            << " operations, " << static_cast<int>(100 * overlap) << " % beside another; "
            << stats.freezes << " freezes, " << stats.flushes << " flushes, " << stats.compactions
            << " compactions; " << totals.steps << " steps, " << totals.unknown << " unknown\n";
  if (kIsBroken) {
    EXPECT_EQ(totals.violations, 1u);
    return;
  }
  EXPECT_EQ(totals.violations, 0u);
  EXPECT_EQ(totals.unknown, 0u);
  EXPECT_GE(overlap, 0.3);
  EXPECT_GT(stats.freezes, 0u);
  EXPECT_GT(stats.flushes, 0u);
  EXPECT_GT(stats.compactions, 0u);
  EXPECT_EQ(stats.background_error, "");
}

}  // namespace
}  // namespace skiplith::testing
