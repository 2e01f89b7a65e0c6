// What the memtable's engines cost, apart from log, lanes and Python.
//
// 450,000 keys of 16 bytes with a version of 100 bytes each, as a put would leave them: about
// 90 MB, more than the caches of most machines. Keys are random; or random, but all beginning
// alike (an index that compares prefixes gains nothing from those); or ascending. The memory of
// the memtable is there, as in the engine, where a thread makes it ahead and the next memtable
// takes over that of the last. An overwrite puts a second version on a key that is there; `next`
// and `prev` walk in key order and read keys and values, each thread from a place of its own. One
// iteration is one operation, and threads share them: half the time is perfect scaling. The figure
// is wall_ns (wall_time.h).
//
// Traps avoided: lookups have an order of their own (that of the inserts would walk the arena
// forwards) and take their keys from an array read front to back (so its misses are few); every
// run of an insert starts from an empty memtable; values are read, not only found.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "mem/memtable.h"
#include "wall_time.h"

namespace skiplith {
namespace {

constexpr size_t kKeys = 450'000;
constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 100;
constexpr uint64_t kBudgetBytes = uint64_t{256} << 20;
constexpr size_t kBatch = 100;

enum Order : int64_t { kRandom, kAlike, kAscending };
constexpr const char* kOrderNames[] = {"random", "alike", "ascending"};

std::string make_key(Order order, uint64_t number, std::mt19937_64& random) {
  const uint64_t words[2] = {order == kAscending ? __builtin_bswap64(number) : random(), random()};
  std::string key(reinterpret_cast<const char*>(words), kKeyBytes);
  if (order == kAlike) key.replace(0, 8, "customer");
  return key;
}

// All keys end to end, in the order of their insertion or shuffled.
class Keys {
 public:
  Keys(Order order, bool shuffled) {
    std::mt19937_64 random(1);
    std::vector<std::string> keys(kKeys);
    for (size_t i = 0; i < kKeys; ++i) keys[i] = make_key(order, i, random);
    if (shuffled) std::shuffle(keys.begin(), keys.end(), random);
    for (const std::string& key : keys) all_ += key;
  }
  Bytes operator[](size_t i) const { return Bytes(all_).substr(i * kKeyBytes, kKeyBytes); }

 private:
  std::string all_;
};

// Called from one thread first, by make_empty: made when asked for, and kept.
const Keys& keys(int64_t order, bool shuffled = false) {
  static std::unique_ptr<const Keys> all[std::size(kOrderNames)][2];
  std::unique_ptr<const Keys>& found = all[order][shuffled];
  if (!found) found = std::make_unique<const Keys>(static_cast<Order>(order), shuffled);
  return *found;
}

IndexKind kind_of(const benchmark::State& state) { return static_cast<IndexKind>(state.range(0)); }
int64_t order_of(const benchmark::State& state) { return state.range(1); }

// Thread t of n takes every nth key from the tth.
class Turn {
 public:
  explicit Turn(const benchmark::State& state)
      : next_(state.thread_index()), step_(state.threads()) {}
  size_t operator()() {
    const size_t turn = next_;
    next_ = (next_ + step_) % kKeys;
    return turn;
  }

 private:
  size_t next_;
  const size_t step_;
};

std::unique_ptr<Memtable> memtable;  // made before the threads start

void link_version(Entry& entry, ArenaWriter& writer) {
  static const std::string value(kValueBytes, 'v');
  entry.lock.lock();
  entry.link(memtable->make_version(writer, 1, Kind::kPut, value, entry.head()));
  entry.lock.unlock();
}

void reserve(ArenaWriter& writer, size_t mutations) {
  const uint64_t bytes = mutations * memtable->mutation_bytes(kKeyBytes, kValueBytes);
  SKIPLITH_CHECK(writer.reserve(memtable->arena(), bytes, memtable->chunk_bytes()));
}

void make_empty(const benchmark::State& state) {
  static const auto pool = std::make_shared<ArenaPool>();
  const bool has_memory = memtable != nullptr;
  memtable.reset();
  const auto make = [&] {
    return std::make_unique<Memtable>(kind_of(state), 2 * kBudgetBytes, kBudgetBytes, pool);
  };
  if (!has_memory) {
    auto first = make();
    char* const all = first->arena().take(kBudgetBytes);
    SKIPLITH_CHECK(all != nullptr);
    std::memset(all, 1, kBudgetBytes);
  }
  memtable = make();
  for (const bool shuffled : {false, true}) keys(order_of(state), shuffled);
}

void make_full(const benchmark::State& state) {
  make_empty(state);
  ArenaWriter writer;
  for (size_t i = 0; i < kKeys; ++i) {
    reserve(writer, 1);
    link_version(*memtable->index().find_or_insert(keys(order_of(state))[i], writer), writer);
  }
}

void put(benchmark::State& state, const Keys& all) {
  Turn turn(state);
  ArenaWriter writer;
  const WallTime time(state);
  for (auto _ : state) {
    reserve(writer, 1);
    link_version(*memtable->index().find_or_insert(all[turn()], writer), writer);
  }
  time.count("wall_ns");
}
void insert(benchmark::State& state) { put(state, keys(order_of(state))); }
void overwrite(benchmark::State& state) { put(state, keys(order_of(state), true)); }

// As a batch does: ascending keys through one sorted inserter.
void insert_batches(benchmark::State& state) {
  const Keys& all = keys(order_of(state));
  Turn turn(state);
  ArenaWriter writer;
  std::vector<Bytes> batch(kBatch);
  const WallTime time(state);
  for (auto _ : state) {
    for (Bytes& key : batch) key = all[turn()];
    std::sort(batch.begin(), batch.end());
    reserve(writer, kBatch);
    const auto inserter = memtable->index().sorted_inserter();
    for (const Bytes key : batch) link_version(*inserter->find_or_insert(key, writer), writer);
  }
  time.count("wall_ns");
}

void get(benchmark::State& state) {
  const Keys& all = keys(order_of(state), true);
  Turn turn(state);
  uint64_t sum = 0;
  const WallTime time(state);
  for (auto _ : state) {
    Bytes value;
    SKIPLITH_CHECK(memtable->get(all[turn()], kLatest, &value) == Lookup::kFound);
    sum += static_cast<unsigned char>(value.back());
  }
  time.count("wall_ns");
  benchmark::DoNotOptimize(sum);
}

template <bool forward>
void walk(benchmark::State& state) {
  const auto cursor = memtable->cursor(kLatest);
  cursor->seek(keys(order_of(state), true)[state.thread_index()]);
  uint64_t sum = 0;
  const WallTime time(state);
  for (auto _ : state) {
    if (!cursor->valid()) forward ? cursor->first() : cursor->last();
    sum += cursor->key().size() + static_cast<unsigned char>(cursor->value().front());
    forward ? cursor->next() : cursor->prev();
  }
  time.count("wall_ns");
  benchmark::DoNotOptimize(sum);
}

void add(const char* name, void (*body)(benchmark::State&), void (*setup)(const benchmark::State&),
         size_t operations) {
  for (const IndexKind kind :
       {IndexKind::kSkiplist, IndexKind::kArt, IndexKind::kMutexMap, IndexKind::kRwlockMap}) {
    for (const Order order : {kRandom, kAlike, kAscending}) {
      const std::string full_name =
          std::string(name) + "/" + index_kind_name(kind) + "/" + kOrderNames[order];
      for (int threads = 1; threads <= 4; threads *= 2) {
        benchmark::RegisterBenchmark(full_name.c_str(), body)
            ->Args({static_cast<int64_t>(kind), order})
            ->Setup(setup)
            ->Iterations(static_cast<benchmark::IterationCount>(operations) / threads)
            ->Threads(threads)
            ->UseRealTime();
      }
    }
  }
}

[[maybe_unused]] const bool added = [] {
  add("insert", insert, make_empty, kKeys);
  add("insert_batches_of_100", insert_batches, make_empty, kKeys / kBatch);
  add("overwrite", overwrite, make_full, kKeys);
  add("get", get, make_full, kKeys);
  add("next", walk<true>, make_full, kKeys);
  add("prev", walk<false>, make_full, kKeys);
  return true;
}();

}  // namespace
}  // namespace skiplith
