// What a table costs, apart from levels, view and Python.
//
// A million keys of 16 random bytes with values of 100 bytes, uncompressed, 10 bits of filter:
// about 120 MB, more than the caches of most machines. Everything is resident, but where a name
// says otherwise; files lie in the system's directory for temporary files and in the page cache.
// One iteration is one operation: a lookup, a step, an added entry, a block.
//
// Traps avoided: lookups have an order of their own and take their keys from an array read front
// to back; keys that are absent are as random as those present; found values are copied, as a
// caller under a guard has to; hashing the key is part of a lookup.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/epoch.h"
#include "table/table.h"
#include "table/table_builder.h"

namespace skiplith {
namespace {

constexpr size_t kKeys = 1'000'000;
constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 100;
constexpr uint64_t kNumber = 1;

// Keys end to end.
class Keys {
 public:
  explicit Keys(uint64_t seed) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < kKeys; ++i) {
      append_u64(&bytes_, random());
      append_u64(&bytes_, random());
    }
  }
  Bytes operator[](size_t i) const { return Bytes(bytes_).substr(i * kKeyBytes, kKeyBytes); }
  std::vector<Bytes> sorted() const {
    std::vector<Bytes> keys(kKeys);
    for (size_t i = 0; i < kKeys; ++i) keys[i] = (*this)[i];
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  std::string bytes_;
};
const Keys& present() {
  static const Keys keys(1);
  return keys;
}
const Keys& absent() {
  static const Keys keys(2);
  return keys;
}

// A directory that is gone with the program.
class Scratch {
 public:
  Scratch() {
    path_ = std::filesystem::temp_directory_path() /
            ("skiplith_table_bench_" + std::to_string(posix_files().random64()));
    std::filesystem::create_directory(path_);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string table() const { return path_ / "table"; }

 private:
  std::filesystem::path path_;
};

// The entries that a benchmark adds; values differ, and compress as text does.
uint64_t build(const std::string& path, TableOptions options) {
  std::filesystem::remove(path);
  auto builder = TableBuilder::create(posix_files(), path, {}, kNumber, options);
  SKIPLITH_CHECK(builder.is_ok());
  std::mt19937_64 random(3);
  std::string values;
  while (values.size() < 4096) values += "field" + std::to_string(random() % 1000) + ";";
  for (const Bytes key : present().sorted()) {
    const Bytes value = Bytes(values).substr(random() % (values.size() - kValueBytes), kValueBytes);
    SKIPLITH_CHECK((*builder)->add({key, random() % kKeys, Kind::kPut, value}).is_ok());
  }
  auto properties = (*builder)->finish();
  SKIPLITH_CHECK(properties.is_ok());
  return properties->bytes;
}

// One table at a time; the last one stays for the next benchmark with the same options.
struct Opened {
  Scratch scratch;
  uint32_t block_bytes = 0;
  Compression compression = Compression::kNone;
  uint64_t cache_bytes = 0;
  uint64_t bytes = 0;
  OpenFiles files{posix_files()};
  std::unique_ptr<BlockCache> cache;
  std::unique_ptr<Table> table;
};
Table& open(uint32_t block_bytes, Compression compression, uint64_t cache_bytes) {
  static Opened opened;
  const bool same_file =
      opened.bytes != 0 && opened.block_bytes == block_bytes && opened.compression == compression;
  if (same_file && opened.cache_bytes == cache_bytes) return *opened.table;
  opened.table.reset();
  if (!same_file) {
    opened.bytes =
        build(opened.scratch.table(),
              {.compression = compression, .filter_bits = 10, .block_bytes = block_bytes});
  }
  opened.block_bytes = block_bytes;
  opened.compression = compression;
  opened.cache_bytes = cache_bytes;
  opened.cache = std::make_unique<BlockCache>(cache_bytes);
  opened.table = std::make_unique<Table>(opened.files, opened.scratch.table(), DatabaseId{},
                                         kNumber, opened.bytes, *opened.cache);
  const auto warm = opened.table->cursor(kLatest);
  for (warm->first(); warm->valid(); warm->next()) continue;
  SKIPLITH_CHECK(warm->status().is_ok());
  return *opened.table;
}
constexpr uint64_t kRoomForAll = uint64_t{1} << 30;
constexpr uint64_t kRoomForTenth = uint64_t{12} << 20;
constexpr uint32_t kDefaultBlockBytes = TableOptions().block_bytes;

Table& table_of(const benchmark::State& state) {
  return open(static_cast<uint32_t>(state.range(0)), Compression::kNone, kRoomForAll);
}

template <Lookup expected>
void get(benchmark::State& state) {
  Table& table = table_of(state);
  const Keys& keys = expected == Lookup::kFound ? present() : absent();
  size_t turn = static_cast<size_t>(state.thread_index()) * kKeys / 2;
  char copy[kValueBytes];
  PinnedBytes value;
  Status failure;
  for (auto _ : state) {
    EpochGuard guard;
    const SearchedKey key(keys[turn]);
    turn = turn + 1 == kKeys ? 0 : turn + 1;
    const Lookup found = table.get(key, kLatest, Table::Io::kResidentOnly, &value, &failure);
    if (found != expected && expected == Lookup::kFound) state.SkipWithError("not found");
    if (found == Lookup::kFound) value.bytes().copy(copy, kValueBytes);
    benchmark::DoNotOptimize(copy);
  }
}

// One in ten blocks is resident: most lookups read, check, (decompress,) publish and evict.
void get_reading(benchmark::State& state) {
  Table& table = open(static_cast<uint32_t>(state.range(0)),
                      static_cast<Compression>(state.range(1)), kRoomForTenth);
  size_t turn = 0;
  PinnedBytes value;
  Status failure;
  for (auto _ : state) {
    const SearchedKey key(present()[turn]);
    turn = turn + 1 == kKeys ? 0 : turn + 1;
    const Lookup found = table.get(key, kLatest, Table::Io::kMayRead, &value, &failure);
    if (found != Lookup::kFound) state.SkipWithError("not found");
    benchmark::DoNotOptimize(value.bytes().front());
  }
}

template <bool forward>
void walk(benchmark::State& state) {
  const auto cursor = table_of(state).cursor(kLatest);
  uint64_t sum = 0;
  for (auto _ : state) {
    if (!cursor->valid()) forward ? cursor->first() : cursor->last();
    sum += cursor->key().size() + static_cast<unsigned char>(cursor->value().front());
    forward ? cursor->next() : cursor->prev();
  }
  benchmark::DoNotOptimize(sum);
}

void seek(benchmark::State& state) {
  const auto cursor = table_of(state).cursor(kLatest);
  size_t turn = 0;
  uint64_t sum = 0;
  for (auto _ : state) {
    cursor->seek(absent()[turn]);
    turn = turn + 1 == kKeys ? 0 : turn + 1;
    if (cursor->valid()) sum += static_cast<unsigned char>(cursor->value().front());
  }
  benchmark::DoNotOptimize(sum);
}

void next_version(benchmark::State& state) {
  Table& table = open(kDefaultBlockBytes, static_cast<Compression>(state.range(0)), kRoomForAll);
  const auto versions = table.versions();
  uint64_t sum = 0;
  for (auto _ : state) {
    if (!versions->valid()) versions->first();
    sum += versions->entry().sequence;
    versions->next();
  }
  benchmark::DoNotOptimize(sum);
}

// All entries of a table; the time of one is real_time / entries.
void build_table(benchmark::State& state) {
  const Scratch scratch;
  const TableOptions options = {.compression = static_cast<Compression>(state.range(1)),
                                .block_bytes = static_cast<uint32_t>(state.range(0))};
  uint64_t bytes = 0;
  for (auto _ : state) bytes = build(scratch.table(), options);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kKeys));
  state.counters["file_bytes_per_raw_byte"] =
      static_cast<double>(bytes) / static_cast<double>(kKeys * (kKeyBytes + kValueBytes));
}

void by_block_size(benchmark::internal::Benchmark* bench) {
  bench->ArgName("block_bytes");
  for (const uint32_t bytes : {4096u, kDefaultBlockBytes, 16384u}) bench->Arg(bytes);
}
void by_compression(benchmark::internal::Benchmark* bench) {
  bench->ArgName("compression")->Arg(0)->Arg(1)->Arg(2);
}

BENCHMARK(get<Lookup::kFound>)->Name("get_present")->Apply(by_block_size);
BENCHMARK(get<Lookup::kAbsent>)->Name("get_absent")->Apply(by_block_size);
BENCHMARK(get<Lookup::kFound>)
    ->Name("get_present_threads")
    ->ArgName("block_bytes")
    ->Arg(kDefaultBlockBytes)
    ->ThreadRange(1, 2)
    ->UseRealTime();
BENCHMARK(seek)->Apply(by_block_size);
BENCHMARK(walk<true>)->Name("next")->ArgName("block_bytes")->Arg(kDefaultBlockBytes);
BENCHMARK(walk<false>)->Name("prev")->ArgName("block_bytes")->Arg(kDefaultBlockBytes);
BENCHMARK(next_version)->Apply(by_compression);
void by_both(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"block_bytes", "compression"})
      ->ArgsProduct({{4096, kDefaultBlockBytes, 16384}, {0, 1, 2}});
}
BENCHMARK(get_reading)->Apply(by_both);
BENCHMARK(build_table)->Apply(by_both)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace skiplith
