// Load, the choice of its keys, and jitter.

#include "lab/load.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab/jitter.h"
#include "lab/linearizability.h"
#include "support/recorded_database_testing.h"

namespace skiplith::testing {
namespace {

using lab::Distribution;
using lab::History;
using lab::KeyChoice;
using lab::kOperationKinds;
using lab::Load;
using lab::Operation;
using lab::OperationKind;
using lab::Random;
using lab::RecordedDatabase;
using lab::Verdict;
using LoadTest = RecordedDatabaseTest;

std::vector<uint64_t> drawn(Distribution distribution, uint64_t seed, uint32_t thread, size_t count,
                            uint64_t keys = 100) {
  const KeyChoice choice(distribution, keys, 4);
  KeyChoice::State state = choice.state(seed, thread);
  std::vector<uint64_t> numbers;
  while (numbers.size() < count) numbers.push_back(choice.choose(state));
  return numbers;
}

TEST(KeyChoice, IsWithinTheKeysAndTheSameForASeedAndThread) {
  for (const char* name : {"uniform", "zipfian", "sequential"}) {
    const Distribution distribution = *lab::distribution_named(name);
    for (const uint64_t keys : {1, 2, 3, 100}) {
      for (const uint64_t key : drawn(distribution, 1, 0, 1000, keys)) ASSERT_LT(key, keys);
    }
    EXPECT_EQ(drawn(distribution, 1, 2, 50), drawn(distribution, 1, 2, 50));
    EXPECT_NE(drawn(distribution, 1, 2, 50), drawn(distribution, 1, 3, 50));
    if (distribution == Distribution::kSequential) continue;
    EXPECT_NE(drawn(distribution, 1, 2, 50), drawn(distribution, 2, 2, 50));
  }
  EXPECT_EQ(lab::distribution_named("normal"), std::nullopt);
}

TEST(KeyChoice, SequentialThreadsGoUpFromTheirPlacesAndAround) {
  EXPECT_EQ(drawn(Distribution::kSequential, 0, 1, 4), (std::vector<uint64_t>{25, 26, 27, 28}));
  EXPECT_EQ(drawn(Distribution::kSequential, 0, 3, 26)[25], 0u);
}

TEST(KeyChoice, UniformIsUniform) {
  std::vector<uint64_t> counts(100);
  for (const uint64_t key : drawn(Distribution::kUniform, 1, 0, 100'000)) ++counts[key];
  for (const uint64_t count : counts) EXPECT_NEAR(static_cast<double>(count), 1000, 200);
}

// Of rank n about n^-0.99 times as many as of rank 0.
TEST(KeyChoice, ZipfianRanksFallOffAsTheySay) {
  const KeyChoice choice(Distribution::kZipfian, 1000, 1);
  Random random(1);
  std::vector<double> counts(1000);
  for (int i = 0; i < 1'000'000; ++i) ++counts[choice.rank(random)];
  for (const size_t rank : {1, 10, 100}) {
    const double expected = counts[0] * std::pow(static_cast<double>(rank + 1), -0.99);
    EXPECT_NEAR(counts[rank] / expected, 1, 0.25) << rank;
  }
}

Load some_load() {
  Load load{.operations = 2001, .keys = 20, .threads = 4, .seed = 7, .value_bytes = 16};
  for (size_t kind = 0; kind < kOperationKinds; ++kind) {
    load.mix[kind] = static_cast<double>(1 + kind % 3);
  }
  // Syncs files, and empties memtables before they are full.
  load.mix[static_cast<size_t>(OperationKind::kClear)] = 0.01;
  return load;
}
bool go_on() { return true; }

TEST_F(LoadTest, ALoadDoesItsOperationsInItsMix) {
  open();
  const Load load = some_load();
  auto result = lab::run_load(load, recorded(), go_on);
  ASSERT_TRUE(result.is_ok());
  EXPECT_GT(result->seconds, 0);
  std::array<size_t, kOperationKinds> recorded{};
  for (const Operation& operation : history_.operations()) {
    ++recorded[static_cast<size_t>(operation.kind)];
  }
  size_t all = 0;
  const double weights = std::accumulate(load.mix.begin(), load.mix.end(), 0.0);
  for (size_t kind = 0; kind < kOperationKinds; ++kind) {
    EXPECT_EQ(result->latencies[kind].size(), recorded[kind]);
    EXPECT_NEAR(static_cast<double>(recorded[kind]), 2001 * load.mix[kind] / weights, 60);
    all += recorded[kind];
  }
  EXPECT_EQ(all, 2001u);
}

TEST_F(LoadTest, ALoadsThreadsDoTheSameForTheSameSeed) {
  open();
  const auto asked = [&](uint64_t seed) {
    History history;
    RecordedDatabase target(*database_, &history);
    Load load = some_load();
    load.seed = seed;
    EXPECT_TRUE(lab::run_load(load, target, go_on).is_ok());
    // What was asked, not what was answered; threads are numbered as they come.
    std::map<uint32_t, std::string> by_thread;
    for (const Operation& operation : history.operations()) {
      const bool keys_are_answers = operation.kind == OperationKind::kPopItem;
      by_thread[operation.thread] += lab::operation_name(operation.kind);
      if (!keys_are_answers && !operation.pairs.empty()) {
        by_thread[operation.thread] += operation.pairs[0].key;
      }
    }
    std::vector<std::string> asked;
    for (auto& [thread, text] : by_thread) asked.push_back(text);
    std::ranges::sort(asked);
    return asked;
  };
  const std::vector<std::string> first = asked(7);
  EXPECT_EQ(first.size(), 4u);
  EXPECT_EQ(first, asked(7));
  EXPECT_NE(first, asked(8));
}

TEST_F(LoadTest, ALoadsValuesAreToldApart) {
  open();
  Load load{.operations = 1000, .keys = 5, .threads = 4, .value_bytes = 16};
  load.mix[static_cast<size_t>(OperationKind::kPut)] = 1;
  ASSERT_TRUE(lab::run_load(load, recorded(), go_on).is_ok());
  std::vector<std::string> values;
  for (const Operation& operation : history_.operations()) {
    values.push_back(*operation.pairs[0].value);
    EXPECT_EQ(operation.pairs[0].key.substr(0, 14), "key00000000000");
  }
  std::ranges::sort(values);
  EXPECT_EQ(std::ranges::adjacent_find(values), values.end());
  EXPECT_EQ(lab::load_key(1234), "key000000001234");
}

TEST_F(LoadTest, ALoadEndsWithTheFirstFailureOrWhenAsked) {
  open();
  Load endless = some_load();
  endless.operations = uint64_t{1} << 40;
  EXPECT_EQ(lab::run_load(endless, recorded(), [] { return false; }).status().code(),
            StatusCode::kClosed);
  expect_ok(database_->close());
  EXPECT_EQ(lab::run_load(endless, recorded(), go_on).status().code(), StatusCode::kClosed);
}

TEST_F(LoadTest, ALoadThatMakesNoSenseIsRefused) {
  open();
  const auto code = [&](auto change) {
    Load load = some_load();
    change(load);
    return lab::run_load(load, recorded(), go_on).status().code();
  };
  constexpr StatusCode kRefused = StatusCode::kInvalidArgument;
  EXPECT_EQ(code([](Load& load) { load.keys = 0; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.threads = 0; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.threads = 257; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.mix = {}; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.mix[0] = -1; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.mix[0] = NAN; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.value_bytes = uint64_t{1} << 40; }), kRefused);
  EXPECT_EQ(code([](Load& load) { load.operations = 0; }), StatusCode::kOk);
}

// With every thread dawdling at every point, all goes its way; then the points are disarmed.
TEST_F(LoadTest, JitterHoldsNobodyUpForGood) {
  open();
  {
    const lab::Jitter jitter(1, 1.0);
    Load load = some_load();
    load.value_bytes = 2000;
    ASSERT_TRUE(lab::run_load(load, recorded(), go_on).is_ok());
    EXPECT_GT(sync_points::hits(SyncPoint::write_sequenced), 100u);
    EXPECT_GT(sync_points::hits(SyncPoint::freeze_swapped), 0u);
  }
  EXPECT_FALSE(sync_points::armed.load());
  EXPECT_EQ(lab::check_linearizability(history_.operations(), {}).verdict, Verdict::kHolds);
}

}  // namespace
}  // namespace skiplith::testing
