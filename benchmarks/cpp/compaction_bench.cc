// What compaction costs, apart from levels, manifest and Python.
//
// Four tables of level 0 with 100,000 entries each go into a level of 400,000, in four tables.
// Keys are 16 random bytes, values 100 bytes that compress as text does; half of level 0 overwrites
// keys of the level. One iteration is one compaction, in steps of 1 MiB, with the fdatasync of its
// outputs; an item is an entry read. Files lie in the system's directory for temporary files and
// in the page cache, where inputs usually still are.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/coding.h"
#include "io/file_names.h"
#include "lsm/compaction_run.h"
#include "lsm/stored_table.h"

namespace skiplith {
namespace {

constexpr size_t kValueBytes = 100;
constexpr size_t kNewEntries = 100'000;
constexpr size_t kOldEntries = 400'000;
constexpr uint64_t kStepBytes = uint64_t{1} << 20;

class Store {
 public:
  explicit Store(TableOptions options) : options_(options) {
    directory_ = std::filesystem::temp_directory_path() /
                 ("skiplith_compaction_bench_" + std::to_string(posix_files().random64()));
    std::filesystem::create_directory(directory_);
    while (values_.size() < 4096) values_ += "field" + std::to_string(random_() % 1000) + ";";
    std::vector<std::string> old(kOldEntries);
    for (std::string& key : old) key = random_key();
    add_tables(kLastLevel, old, 4);
    for (int table = 0; table < 4; ++table) {
      std::vector<std::string> fresh(kNewEntries);
      for (size_t i = 0; i < fresh.size(); ++i) {
        fresh[i] = i % 2 == 0 ? random_key() : old[(4 * i + table) % old.size()];
      }
      add_tables(0, fresh, 1);
    }
    std::ranges::reverse(levels_[0]);
  }
  ~Store() {
    tables_.clear();
    std::filesystem::remove_all(directory_);
  }

  WrittenTables compact() {
    auto plan = plan_compaction(levels_, {}, {});
    SKIPLITH_CHECK(plan && plan->inputs.size() == 8);
    std::vector<Table*> tables;
    for (const TableMeta& input : plan->inputs) tables.push_back(tables_[input.number - 1].get());
    CompactionRun run(std::move(*plan), tables, output(), {});
    for (bool done = false; !done;) {
      Result<bool> step = run.step(kStepBytes);
      SKIPLITH_CHECK(step.is_ok());
      done = *step;
    }
    return run.take_result();
  }
  void remove(const WrittenTables& written) {
    for (const TableMeta& table : written.tables) std::filesystem::remove(path_of(table.number));
  }

 private:
  TableOutput output() {
    return {.files = posix_files(),
            .directory = directory_,
            .database = {},
            .options = options_,
            .take_file_number = [this] { return tables_.size() + ++number_; }};
  }
  std::string path_of(uint64_t number) const {
    return file_path(directory_, {FileType::kTable, number});
  }
  std::string random_key() {
    std::string key;
    append_u64(&key, random_());
    append_u64(&key, random_());
    return key;
  }
  void add_tables(uint32_t level, std::vector<std::string> keys, size_t count) {
    std::ranges::sort(keys);
    keys.erase(std::ranges::unique(keys).begin(), keys.end());
    const size_t each = keys.size() / count + 1;
    for (size_t begin = 0; begin < keys.size(); begin += each) {
      const uint64_t number = tables_.size() + 1;
      auto builder = TableBuilder::create(posix_files(), path_of(number), {}, number, options_);
      SKIPLITH_CHECK(builder.is_ok());
      for (size_t i = begin; i < std::min(begin + each, keys.size()); ++i) {
        const Bytes value =
            Bytes(values_).substr(random_() % (values_.size() - kValueBytes), kValueBytes);
        SKIPLITH_CHECK((*builder)->add({keys[i], ++sequence_, Kind::kPut, value}).is_ok());
      }
      auto properties = (*builder)->finish();
      SKIPLITH_CHECK(properties.is_ok());
      levels_[level].push_back(meta_of(*properties, level));
      tables_.push_back(std::make_unique<Table>(open_files_, path_of(number), DatabaseId{}, number,
                                                properties->bytes, cache_));
    }
  }

  const TableOptions options_;
  std::string directory_;
  std::mt19937_64 random_{1};
  std::string values_;
  Sequence sequence_ = 0;
  OpenFiles open_files_{posix_files()};
  BlockCache cache_{uint64_t{64} << 20};
  LevelMetas levels_;
  std::vector<std::unique_ptr<Table>> tables_;  // by number, from 1
  uint64_t number_ = 0;
};

void compact(benchmark::State& state) {
  Store store({.compression = static_cast<Compression>(state.range(0))});
  uint64_t entries = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    const WrittenTables written = store.compact();
    entries += written.entries_read;
    bytes += written.bytes_read + written.bytes_written;
    state.PauseTiming();
    store.remove(written);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(entries);
  state.SetBytesProcessed(bytes);
  state.SetLabel(state.range(0) == 0 ? "none" : state.range(0) == 1 ? "lz4" : "zstd");
}
BENCHMARK(compact)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace skiplith
