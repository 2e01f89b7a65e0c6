// What it costs to append a record to the log, apart from memtable, lanes and Python.
//
// A record is a put: a 16-byte key, a value of 100, 1,000 or 65,536 bytes; encoding the head is
// part of it, taking a sequence is not. The segment lies in the system's directory for temporary
// files and is allocated (mapped form: faulted in) beforehand, as the engine does it ahead of
// use. One iteration is one record. No sync: this is what an unsynced put waits for.
//
// Traps avoided: every run writes a fresh segment once, front to back, so no store hits a line
// that the run before left in the cache, and the kernel's dirty pages are those of one segment;
// values come from 16 places, not one.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "record/mutation.h"
#include "wal/lane_log.h"

namespace skiplith {
namespace {

constexpr uint64_t kKeyBytes = 16;
constexpr uint64_t kPlaces = 16;

// A segment with room for all records, gone with its directory at the end.
class Scratch {
 public:
  Scratch(SinkForm form, uint64_t capacity) {
    std::string name = std::filesystem::temp_directory_path() / "skiplith_log_bench_";
    name += std::to_string(posix_files().random64());
    directory_ = name;
    std::filesystem::create_directory(directory_);
    auto created =
        Segment::create(posix_files(), directory_ / "segment", 1, {}, form, capacity, capacity);
    SKIPLITH_CHECK(created.is_ok());
    segment_ = std::move(*created);
  }
  ~Scratch() {
    segment_.reset();
    std::filesystem::remove_all(directory_);
  }
  Segment& segment() { return *segment_; }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<Segment> segment_;
};

void append(benchmark::State& state) {
  const auto form = static_cast<SinkForm>(state.range(0));
  const uint64_t value_bytes = state.range(1);
  const std::string values(kPlaces * value_bytes, 'v');
  const std::string key(kKeyBytes, 'k');
  char head[64];
  const uint64_t payload = head_bytes(Kind::kPut, key, value_bytes) + value_bytes;
  const uint64_t blocks = payload < kAreaBytes / 2
                              ? state.max_iterations / (kAreaBytes / record_bytes(payload)) + 2
                              : state.max_iterations * blocks_for(payload) + 2;
  Scratch scratch(form, kHeaderPageBytes + blocks * kBlockBytes);
  LaneLog log(0);
  Sequence sequence = 0;
  for (auto _ : state) {
    const Bytes value = Bytes(values).substr(++sequence % kPlaces * value_bytes, value_bytes);
    const char* end = encode_head(head, Kind::kPut, key, value_bytes);
    SKIPLITH_CHECK(log.try_reserve(scratch.segment(), payload));
    log.write_payload(Bytes(head, end - head), value);
    SKIPLITH_CHECK(log.commit(sequence, 1).is_ok());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * payload));
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const SinkForm form : {SinkForm::kMapped, SinkForm::kWrite}) {
    const auto as_number = static_cast<int64_t>(form);
    bench->Args({as_number, 100})->Args({as_number, 1000})->Args({as_number, 65'536});
  }
  bench->ArgNames({"write_form", "value_bytes"});
}

BENCHMARK(append)->Apply(shapes)->MinTime(0.2);

}  // namespace
}  // namespace skiplith
