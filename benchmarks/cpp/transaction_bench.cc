// Snapshots and transactions, from C++.
//
// One iteration is one snapshot taken and let go (with none, one or two threads that put random
// keys meanwhile), one increment of one of 8 keys (1 to 8 threads), one put, or one committed
// transaction; of those the attempts that conflicted are part of the time, and counted. 10,000 keys
// of 16 bytes, values of 100, all in memory; no sync.
//
// Traps avoided: an idle database takes a snapshot by the fast path alone, so the ones with writers
// are the figure; every benchmark has a database of its own, and its keys are there before.
#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "base/coding.h"
#include "db/database.h"
#include "db/snapshots.h"
#include "db/transaction.h"

namespace skiplith {
namespace {

constexpr uint64_t kKeys = 10'000;

std::string key_of(uint64_t number) {
  std::string key;
  append_u64(&key, number);
  append_u64(&key, number * 7919);
  return key;
}

// One for all threads of a benchmark: thread 0 makes and removes it, outside of the clock.
struct Store {
  Store() {
    std::string name = std::filesystem::temp_directory_path() / "skiplith_transaction_bench_";
    directory = name + std::to_string(posix_files().random64());
    auto opened = Database::open(posix_files(), directory, OpenMode::kCreate, {});
    SKIPLITH_CHECK(opened.is_ok());
    database = std::move(*opened);
    for (uint64_t i = 0; i < kKeys; ++i) put(i);
  }
  ~Store() {
    SKIPLITH_CHECK(database->close().is_ok());
    std::filesystem::remove_all(directory);
  }
  void put(uint64_t number) {
    SKIPLITH_CHECK(database->put(key_of(number), std::string(100, 'v'), false).is_ok());
  }
  std::filesystem::path directory;
  std::shared_ptr<Database> database;
};
std::unique_ptr<Store> store;

void set_up(const benchmark::State&) { store = std::make_unique<Store>(); }
void tear_down(const benchmark::State&) { store.reset(); }

void snapshot(benchmark::State& state) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int64_t i = 0; i < state.range(0); ++i) {
    writers.emplace_back([&, i] {
      std::mt19937_64 random(i);
      while (!stop) store->put(random() % kKeys);
    });
  }
  for (auto _ : state) benchmark::DoNotOptimize(*store->database->snapshot());
  stop = true;
  for (std::thread& writer : writers) writer.join();
}
BENCHMARK(snapshot)
    ->Arg(0)
    ->Arg(1)
    ->Arg(2)
    ->ArgName("writers")
    ->UseRealTime()
    ->Setup(set_up)
    ->Teardown(tear_down);

void increment(benchmark::State& state) {
  std::mt19937_64 random(state.thread_index());
  for (auto _ : state) {
    Increment one(1);
    SKIPLITH_CHECK(store->database->modify("n" + std::to_string(random() % 8), one, false).is_ok());
  }
}
BENCHMARK(increment)->ThreadRange(1, 8)->UseRealTime()->Setup(set_up)->Teardown(tear_down);

void put(benchmark::State& state) {
  std::mt19937_64 random(state.thread_index());
  for (auto _ : state) store->put(random() % kKeys);
}
BENCHMARK(put)->UseRealTime()->Setup(set_up)->Teardown(tear_down);

void one_put_transaction(benchmark::State& state) {
  std::mt19937_64 random(state.thread_index());
  for (auto _ : state) {
    Transaction transaction(store->database);
    SKIPLITH_CHECK(transaction.put(key_of(random() % kKeys), std::string(100, 'v')).is_ok());
    SKIPLITH_CHECK(transaction.commit(false).is_ok());
  }
}
BENCHMARK(one_put_transaction)->UseRealTime()->Setup(set_up)->Teardown(tear_down);

// Reads two of `keys` keys and writes both (by their bits), or one of them (with all lanes).
void two_keys(benchmark::State& state, bool writes_both) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  std::mt19937_64 random(state.thread_index());
  uint64_t conflicts = 0;
  Value value;
  const std::string written(100, 'w');
  for (auto _ : state) {
    const std::string first = key_of(random() % keys), second = key_of(random() % keys);
    for (;;) {
      Transaction transaction(store->database);
      SKIPLITH_CHECK(transaction.get(first, &value).is_ok());
      SKIPLITH_CHECK(transaction.get(second, &value).is_ok());
      SKIPLITH_CHECK(transaction.put(first, written).is_ok());
      if (writes_both) SKIPLITH_CHECK(transaction.put(second, written).is_ok());
      const Status committed = transaction.commit(false);
      if (committed.is_ok()) break;
      SKIPLITH_CHECK(committed.code() == StatusCode::kConflict);
      ++conflicts;
    }
  }
  state.counters["conflicts"] =
      benchmark::Counter(static_cast<double>(conflicts), benchmark::Counter::kAvgIterations);
}
void by_bits(benchmark::State& state) { two_keys(state, true); }
void with_all_lanes(benchmark::State& state) { two_keys(state, false); }

void contention(benchmark::internal::Benchmark* bench) {
  bench->Arg(10'000)->Arg(4)->ArgName("keys")->ThreadRange(1, 4)->UseRealTime();
  bench->Setup(set_up)->Teardown(tear_down);
}
BENCHMARK(by_bits)->Apply(contention);
BENCHMARK(with_all_lanes)->Apply(contention);

}  // namespace
}  // namespace skiplith
