// What a store that has come to rest is asked for, and one that has not: keys and values as in
// store_benchmarks.h, each figure nanoseconds for one get, seek or pair.
//
//   fresh_get             right after 300,000 puts, which fit into a memtable
//   cold_get              all 1,000,000 pairs are in tables, settled; the store has just been
//                         opened, and neither it nor the system has any of its files in memory
//   get, get_2_threads    by now all of it is in the store's cache; threads: time over the gets of
//                         both
//   missing_get           of keys that were never put
//   seek_10, seek_100     to a random key, and so many pairs from there on
//   scan, scan_backwards  of everything
//   get_beside_puts, put_beside_gets    one thread gets, another overwrites, each as fast as it can
//
// Keys are got in random order, each once. Traps avoided: what is called settled has been asked
// whether it is; every key that is there has to be found, a hundredth of the values is compared
// after the clock has stopped; a pass over all keys and a scan come before the first warm figure.
#pragma once

#include <fcntl.h>

#include <barrier>
#include <thread>
#include <vector>

#include "store_benchmarks.h"

namespace skiplith::reads {

using store_benchmarks::Pairs;

constexpr uint64_t kFreshPairs = 300'000;
constexpr uint64_t kPairs = 1'000'000;
constexpr uint64_t kColdGets = 10'000;
constexpr uint64_t kSeeks = 50'000;
constexpr uint64_t kScans = 3;
constexpr uint64_t kGetsBesidePuts = 500'000;

// A directory that goes with it, and the store in it.
class Place {
 public:
  explicit Place(const OpenStore& open)
      : open_(open),
        directory_(std::filesystem::temp_directory_path() /
                   ("skiplith_reads_" + std::to_string(posix_files().random64()))) {
    std::filesystem::create_directory(directory_);
    reopen();
  }
  ~Place() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Store& store() { return *store_; }
  // With nothing of its files in the system's memory.
  void reopen() {
    store_.reset();
    for (const auto& file : std::filesystem::directory_iterator(directory_)) forget(file.path());
    store_ = open_(directory_);
  }

 private:
  static void forget(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY);
    SKIPLITH_CHECK(file != -1);
    SKIPLITH_CHECK(::fsync(file) == 0);  // what is not written yet stays
    SKIPLITH_CHECK(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
    ::close(file);
  }

  const OpenStore& open_;
  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
};

inline Bytes bytes_of(const std::array<char, Pairs::kKeyBytes>& key) {
  return {key.data(), key.size()};
}

class Run {
 public:
  Run(benchmark::State& state, const OpenStore& open) : state_(state), open_(open) {}

  void fresh() {
    Place place(open_);
    fill(place.store(), kFreshPairs);
    const auto reader = place.store().reader();
    timed("fresh_get", kFreshPairs, [&] { get(*reader, 0, kFreshPairs, 1, kFreshPairs); });
  }
  void at_rest(Store& store) {
    const auto reader = store.reader();
    timed("cold_get", kColdGets, [&] { get(*reader, 0, kColdGets, 1, kPairs); });
    SKIPLITH_CHECK(reader->scan(false) == kPairs);
    get(*reader, 0, kPairs, 1, kPairs);
    timed("get", kPairs, [&] { get(*reader, 0, kPairs, 1, kPairs); });
    two_threads(store);
    timed("missing_get", kPairs, [&] {
      for (uint64_t i = kPairs; i < 2 * kPairs; ++i) {
        SKIPLITH_CHECK(!reader->get(bytes_of(pairs_.key(i))).has_value());
      }
    });
    for (const uint64_t most : {10, 100}) {
      timed("seek_" + std::to_string(most), kSeeks, [&] {
        for (uint64_t i = 0; i < kSeeks; ++i) {
          benchmark::DoNotOptimize(reader->seek(bytes_of(pairs_.key(shuffled(i))), most));
        }
      });
    }
    for (const bool backwards : {false, true}) {
      timed(backwards ? "scan_backwards" : "scan", kScans * kPairs, [&] {
        for (uint64_t i = 0; i < kScans; ++i) SKIPLITH_CHECK(reader->scan(backwards) == kPairs);
      });
    }
    for (uint64_t i = 0; i < kPairs; i += 100) {
      SKIPLITH_CHECK(reader->get(bytes_of(pairs_.key(i))) == pairs_.value(i));
    }
  }
  void beside_puts(Store& store) {
    const auto reader = store.reader();
    std::atomic<bool> is_over{false};
    uint64_t puts = 0;
    std::barrier start(2);
    std::thread writer([&] {
      start.arrive_and_wait();
      for (; !is_over; ++puts) {
        // Another order than the reader's: in the same one, who is behind finds in the processor's
        // caches what the other has brought there, and both go side by side.
        const uint64_t number = puts * 7'368'787 % kPairs;
        store.put(bytes_of(pairs_.key(number)), pairs_.value(number), false);
      }
    });
    start.arrive_and_wait();
    const double ns = timed("get_beside_puts", kGetsBesidePuts,
                            [&] { get(*reader, 0, kGetsBesidePuts, 1, kPairs); });
    is_over = true;
    writer.join();
    state_.counters["put_beside_gets"] = ns * kGetsBesidePuts / static_cast<double>(puts);
  }
  void fill(Store& store, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      store.put(bytes_of(pairs_.key(i)), pairs_.value(i), false);
    }
  }

 private:
  // Prime, and no divisor of any count here: every number below `count` once.
  static uint64_t shuffled(uint64_t i, uint64_t count = kPairs) { return i * 611'953 % count; }

  // Every step-th of the shuffled keys, from `first` up to `end`.
  void get(Reader& reader, uint64_t first, uint64_t end, uint64_t step, uint64_t count) const {
    for (uint64_t i = first; i < end; i += step) {
      const auto value = reader.get(bytes_of(pairs_.key(shuffled(i, count))));
      SKIPLITH_CHECK(value.has_value() && value->size() == Pairs::kValueBytes);
      benchmark::DoNotOptimize(value->back());
    }
  }
  void two_threads(Store& store) {
    std::barrier start(3);
    std::vector<std::thread> threads;
    for (uint64_t first : {0, 1}) {
      threads.emplace_back([&, first] {
        const auto reader = store.reader();
        start.arrive_and_wait();
        get(*reader, first, kPairs, 2, kPairs);
      });
    }
    start.arrive_and_wait();
    timed("get_2_threads", kPairs, [&] {
      for (std::thread& thread : threads) thread.join();
    });
  }
  template <typename Work>
  double timed(const std::string& counter, uint64_t operations, Work work) {
    const uint64_t begun = monotonic_ns();
    work();
    const double ns = static_cast<double>(monotonic_ns() - begun) / static_cast<double>(operations);
    state_.counters[counter] = ns;
    return ns;
  }

  benchmark::State& state_;
  const OpenStore& open_;
  const Pairs pairs_{false};
};

}  // namespace skiplith::reads

namespace skiplith {

// Registers all of it, as reads/NAME: one iteration.
inline bool add_reads(const std::string& name, const OpenStore& open) {
  const auto run = [open](benchmark::State& state) {
    reads::Run run(state, open);
    for (auto _ : state) {
      run.fresh();
      reads::Place place(open);
      run.fill(place.store(), reads::kPairs);
      place.store().compact();
      place.reopen();
      SKIPLITH_CHECK(place.store().is_settled());
      run.at_rest(place.store());
      run.beside_puts(place.store());
    }
  };
  benchmark::RegisterBenchmark(("reads/" + name).c_str(), run)->Iterations(1)->UseRealTime();
  return true;
}

}  // namespace skiplith
