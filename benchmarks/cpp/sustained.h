// What a store does all day: 20,000,000 puts over 5,000,000 keys, at random, without a pause, and
// then until it has nothing left to do. One thread; keys and values as in store_benchmarks.h.
//
//   wall_ns              a put, until the last has returned
//   settled_ns           a put, until everything is in tables and no compaction is due
//   p9999_us, above_10_ms   the slowest of ten thousand puts; milliseconds in puts of more than 10
//   written              bytes that the process gave to its file system (/proc/self/io) for one put
//   in space                bytes of its files for one of a pair that is there, settled
//   space_compacted      the same once compact() was called
//   resident_MiB, resident_memtables_MiB   memory of the process at its most, less what it was
//                        before; memtables at their most. Then, since writes alone fill no cache,
//                        everything is read and a tenth of the puts made once more:
//   cached_resident_MiB, cached_memtables_MiB, cached_anonymous_MiB   at their most meanwhile; the
//                        last without files' pages, which are the log's
//
// A put's time is read from the clock between it and the next, so no moment belongs to no put, but
// those in which memory is looked at, every 100,000 puts.
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <vector>

#include "store_benchmarks.h"

namespace skiplith {

class SustainedStore : public Store {
 public:
  virtual void settle() = 0;              // after flush(): until no compaction is due
  virtual uint64_t memtable_bytes() = 0;  // those being flushed, too
};
using OpenSustained = std::function<std::unique_ptr<SustainedStore>(const std::string& directory)>;

namespace sustained {

// Counts by logarithm: a percentile is right to a thirty-second.
class Times {
 public:
  void add(uint64_t ns) {
    ++counts_[bucket(ns)];
    if (ns > 10'000'000) above_10_ms_ += ns;
    ++count_;
  }
  double percentile_us(double share) const {
    uint64_t left = static_cast<uint64_t>(share * static_cast<double>(count_));
    size_t at = 0;
    while (at + 1 < counts_.size() && left >= counts_[at]) left -= counts_[at++];
    const int exponent = static_cast<int>(at / kParts);
    return std::ldexp(1.0 + static_cast<double>(at % kParts) / kParts, exponent) / 1e3;
  }
  double above_10_ms() const { return static_cast<double>(above_10_ms_) / 1e6; }

 private:
  static constexpr size_t kParts = 32;
  static size_t bucket(uint64_t ns) {
    const auto value = static_cast<double>(std::max<uint64_t>(ns, 1));
    const int exponent = std::ilogb(value);
    const double part = std::ldexp(value, -exponent) - 1.0;
    return static_cast<size_t>(exponent) * kParts + static_cast<size_t>(part * kParts);
  }
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(64 * kParts);
  uint64_t count_ = 0;
  uint64_t above_10_ms_ = 0;
};

// The number behind `name` in one of this process's files under /proc/self.
inline double of_process(const char* file, const std::string& name) {
  std::ifstream lines(std::string("/proc/self/") + file);
  for (std::string word; lines >> word;) {
    double number = 0;
    if (word == name && lines >> number) return number;
  }
  return 0;
}

inline double bytes_of_files(const std::filesystem::path& directory) {
  double bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += static_cast<double>(file.file_size());
  }
  return bytes;
}

// What a process takes of memory, MiB, at the most of those moments that were looked at.
struct Memory {
  double resident = 0, anonymous = 0, memtables = 0;

  void look(SustainedStore& store) {
    resident = std::max(resident, of_process("status", "VmRSS:") / 1024);
    anonymous = std::max(anonymous, of_process("status", "RssAnon:") / 1024);
    memtables = std::max(memtables, static_cast<double>(store.memtable_bytes()) / (1 << 20));
  }
};

class Run {
 public:
  Run(SustainedStore& store, uint64_t keys) : store_(store), is_there_(keys) {}

  void put() {
    const uint64_t number = random_() % is_there_.size();
    const auto key = pairs_.key(number);
    store_.put({key.data(), key.size()}, pairs_.value(random_()), false);
    there_ += !is_there_[number];
    is_there_[number] = true;
  }
  uint64_t there() const { return there_; }

 private:
  SustainedStore& store_;
  const store_benchmarks::Pairs pairs_{false};
  std::mt19937_64 random_{1};
  std::vector<bool> is_there_;
  uint64_t there_ = 0;
};

inline constexpr uint64_t kBetweenLooks = 100'000;

inline void run(benchmark::State& state, const OpenSustained& open) {
  using Pairs = store_benchmarks::Pairs;
  constexpr double kPairBytes = Pairs::kKeyBytes + Pairs::kValueBytes;
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() /
      ("skiplith_sustained_" + std::to_string(posix_files().random64()));
  std::filesystem::create_directory(directory);
  std::unique_ptr<SustainedStore> store = open(directory);
  Run run(*store, static_cast<uint64_t>(state.range(0)));
  ::sync();
  const double written = of_process("io", "write_bytes:");
  const double before = of_process("status", "VmRSS:") / 1024;
  Times times;
  Memory memory;
  uint64_t until_look = kBetweenLooks;
  const WallTime time(state);
  uint64_t last = monotonic_ns();
  for (auto _ : state) {
    run.put();
    uint64_t now = monotonic_ns();
    times.add(now - last);
    if (--until_look == 0) {
      until_look = kBetweenLooks;
      memory.look(*store);
      now = monotonic_ns();
    }
    last = now;
  }
  time.count("wall_ns");
  store->flush();
  store->settle();
  time.count("settled_ns");
  const double put = static_cast<double>(state.iterations()) * kPairBytes;
  const auto space = [&] {
    return bytes_of_files(directory) / (static_cast<double>(run.there()) * kPairBytes);
  };
  state.counters["p9999_us"] = times.percentile_us(0.9999);
  state.counters["above_10_ms"] = times.above_10_ms();
  state.counters["written"] = (of_process("io", "write_bytes:") - written) / put;
  state.counters["space"] = space();
  state.counters["resident_MiB"] = memory.resident - before;
  state.counters["resident_memtables_MiB"] = memory.memtables;

  SKIPLITH_CHECK(store->reader()->scan(false) == run.there());
  Memory cached;
  for (benchmark::IterationCount i = 0; i < state.iterations() / 10; ++i) {
    run.put();
    if (i % kBetweenLooks == 0) cached.look(*store);
  }
  state.counters["cached_resident_MiB"] = cached.resident - before;
  state.counters["cached_anonymous_MiB"] = cached.anonymous - before;
  state.counters["cached_memtables_MiB"] = cached.memtables;
  store->compact();
  state.counters["space_compacted"] = space();
  store.reset();
  std::filesystem::remove_all(directory);
}

}  // namespace sustained

// Registers it as sustained/NAME/keys:5000000/...
inline bool add_sustained(const std::string& name, const OpenSustained& open) {
  benchmark::RegisterBenchmark(("sustained/" + name).c_str(),
                               [open](benchmark::State& state) { sustained::run(state, open); })
      ->Arg(5'000'000)
      ->ArgName("keys")
      ->Iterations(20'000'000)
      ->UseRealTime();
  return true;
}

}  // namespace skiplith
