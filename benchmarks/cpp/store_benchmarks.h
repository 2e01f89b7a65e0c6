// What every store is asked for, ours and others: the same keys and values, put one by one.
//
// Keys are 16 bytes, random or ascending, values 100. One iteration is one put, and the figures are
//
//   wall_ns      until the last put of the last thread has returned, with all that the store does
//                meanwhile: it writes its memtables to tables, and compacts
//   flushed_ns   until all pairs are in tables, too
//
// `fill_random`, `fill_sequential` and `sync_fill` (random, each put synced) begin with an empty
// store; `overwrite` with one that has all keys, in tables, and takes them in another order. The
// threads take turns with the keys.
//
// Traps avoided: every run has a fresh directory, in the system's directory for temporary files;
// keys come from a few multiplications and values from a megabyte of random bytes, so that neither
// is read from memory that would not be in the cache. A fill of 300,000 fits into one memtable, one
// of 2,000,000 needs six. The disk has finished before the clock starts. A run leaves its heap to
// the next of the same process: for a figure that counts choose one by --benchmark_filter.
#pragma once

#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "io/files.h"
#include "wall_time.h"

namespace skiplith {

// The same for all: the size of a memtable, the bits per key of the tables' filters, and the memory
// for tables' blocks. Nobody compresses.
inline constexpr size_t kWriteBufferBytes = size_t{64} << 20;
inline constexpr int kFilterBits = 10;
inline constexpr size_t kCacheBytes = size_t{256} << 20;

// What one thread reads with. Goes before its store.
class Reader {
 public:
  virtual ~Reader() = default;
  // The value stays until the next get; none: the key is missing.
  virtual std::optional<Bytes> get(Bytes key) = 0;
  // Each looks at pairs in order and returns how many: at most so many from a key on; at all.
  virtual uint64_t seek(Bytes key, uint64_t most) = 0;
  virtual uint64_t scan(bool backwards) = 0;
};

// What a scan does with a pair: it reads a byte of each.
inline void look_at(Bytes key, Bytes value) { benchmark::DoNotOptimize(key.back() + value.back()); }

// A store under measurement. Any thread. Fails by ending the process.
class Store {
 public:
  virtual ~Store() = default;  // closes it
  virtual void put(Bytes key, Bytes value, bool sync) = 0;
  virtual void flush() = 0;    // brings what was put into tables, and waits for that
  virtual void compact() = 0;  // and these down to one level, with one version of each key
  // Just opened: does nothing lie anywhere but in one such level?
  virtual bool is_settled() = 0;
  virtual std::unique_ptr<Reader> reader() = 0;
};
using OpenStore = std::function<std::unique_ptr<Store>(const std::string& directory)>;

enum class Puts { kFillRandom, kFillSequential, kOverwrite, kSyncFill };

namespace store_benchmarks {

class Pairs {
 public:
  static constexpr size_t kKeyBytes = 16;
  static constexpr size_t kValueBytes = 100;

  explicit Pairs(bool ascending) : ascending_(ascending) {}
  std::array<char, kKeyBytes> key(uint64_t number) const {
    const uint64_t first = ascending_ ? __builtin_bswap64(number) : mixed(number);
    return std::bit_cast<std::array<char, kKeyBytes>>(std::array{first, mixed(~number)});
  }
  Bytes value(uint64_t number) const {
    return {random_bytes_.data() + number * kValueBytes % (random_bytes_.size() - kValueBytes),
            kValueBytes};
  }

 private:
  // Of different numbers different ones, as if at random (the last steps of SplitMix64).
  static uint64_t mixed(uint64_t number) {
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
    number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
    return number ^ (number >> 31);
  }
  static const std::string& random_bytes() {
    static const std::string made = [] {
      std::mt19937_64 random(1);
      std::string bytes(size_t{1} << 20, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      return bytes;
    }();
    return made;
  }

  const bool ascending_;
  const std::string& random_bytes_ = random_bytes();
};

// An open store in a directory that goes with it.
class Opened {
 public:
  explicit Opened(const OpenStore& open)
      : directory_(std::filesystem::temp_directory_path() /
                   ("skiplith_store_bench_" + std::to_string(posix_files().random64()))) {
    std::filesystem::create_directory(directory_);
    store_ = open(directory_);
  }
  ~Opened() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void put(const Pairs& pairs, uint64_t number, bool sync) {
    const auto key = pairs.key(number);
    store_->put({key.data(), key.size()}, pairs.value(number), sync);
  }
  void flush() { store_->flush(); }

 private:
  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
};

inline void run(benchmark::State& state, const OpenStore& open, Puts puts) {
  static std::unique_ptr<Opened> store;  // thread 0 makes and removes it, outside of the loop
  const Pairs pairs(puts == Puts::kFillSequential);
  const auto count = static_cast<uint64_t>(state.range(0));
  // Prime, and no divisor of any count here: every pair gets its turn once.
  const uint64_t stride = puts == Puts::kOverwrite ? 611'953 : 1;
  if (state.thread_index() == 0) {
    store = std::make_unique<Opened>(open);
    if (puts == Puts::kOverwrite) {
      for (uint64_t i = 0; i < count; ++i) store->put(pairs, i, false);
      store->flush();
    }
    ::sync();  // what the kernel has still to write, of runs before too, is not this one's time
  }
  auto turn = static_cast<uint64_t>(state.thread_index());
  const WallTime time(state);
  for (auto _ : state) {
    store->put(pairs, turn * stride % count, puts == Puts::kSyncFill);
    turn += state.threads();
  }
  time.count("wall_ns");
  if (state.thread_index() != 0) return;
  store->flush();
  time.count("flushed_ns");
  store.reset();
}

}  // namespace store_benchmarks

// Registers all of it, as fill_random/NAME/pairs:300000/... for one, two and four threads.
inline bool add_store(const std::string& name, const OpenStore& open) {
  const auto add = [&](const char* what, Puts puts, int64_t count) {
    for (const int threads : {1, 2, 4}) {
      const auto run = [open, puts](benchmark::State& state) {
        store_benchmarks::run(state, open, puts);
      };
      benchmark::RegisterBenchmark((what + ("/" + name)).c_str(), run)
          ->Arg(count)
          ->ArgName("pairs")
          ->Iterations(count / threads)
          ->Threads(threads)
          ->UseRealTime();
    }
  };
  for (const int64_t count : {300'000, 2'000'000}) {
    add("fill_random", Puts::kFillRandom, count);
    add("fill_sequential", Puts::kFillSequential, count);
    add("overwrite", Puts::kOverwrite, count);
  }
  add("sync_fill", Puts::kSyncFill, 2'000);
  return true;
}

}  // namespace skiplith
