#include "support/damage_sample.h"

#include <thread>

#include "io/faulty_files.h"

namespace skiplith::testing {
namespace {

constexpr int kKeys = 90;
constexpr size_t kValueBytes = 300;

void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

std::string key_of(int i) { return "key " + std::to_string(1000 + i); }

// Small, and compressible as values are.
std::string value_of(const std::string& what, int i) {
  std::string value;
  for (int word = 0; value.size() < kValueBytes; ++word) {
    value += what + " " + std::to_string(i * 7919 + word * 104'729) + ", ";
  }
  return value;
}

class SampleWriter {
 public:
  explicit SampleWriter(Stop stop)
      : stop_(stop),
        memory_(is_of_this_boot(stop) ? SinkForm::kMapped : SinkForm::kWrite),
        files_(memory_) {}

  DamageSample make() {
    write_tables();
    write_log();
    DamageSample sample{.files = stop(), .history = std::move(history_), .keys = {}};
    for (int i = -1; i <= kKeys; ++i) sample.keys.push_back(key_of(i));
    for (const auto& [key, value] : ever_) sample.keys.push_back(key);
    for (const char* missing : {"", "a", "key 1000 ", "zz"}) sample.keys.emplace_back(missing);
    return sample;
  }

 private:
  void open(Compression compression) {
    auto opened =
        Database::open(files_, kSampleDirectory, OpenMode::kCreate, sample_options(compression));
    ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
    database_ = std::move(*opened);
  }

  void put(const std::string& key, const std::string& value, bool sync = false) {
    expect_ok(database_->put(key, value, sync));
    note(1, [&] { pairs_[key] = ever_[key] = value; });
  }
  void erase(const std::string& key) {
    expect_ok(database_->erase(key, false));
    note(1, [&] { pairs_.erase(key); });
  }
  // Two pairs and a tombstone.
  void write_batch(const std::string& name, const std::string& gone, bool sync = false) {
    Batch batch;
    expect_ok(batch.put(name + " 1", "one"));
    expect_ok(batch.erase(gone));
    expect_ok(batch.put(name + " 2", "two"));
    expect_ok(database_->write(batch, sync));
    note(3, [&] {
      pairs_[name + " 1"] = ever_[name + " 1"] = "one";
      pairs_.erase(gone);
      pairs_[name + " 2"] = ever_[name + " 2"] = "two";
    });
  }
  template <typename Change>
  void note(Sequence mutations, Change change) {
    change();
    last_sequence_ += mutations;
    if (in_log_) history_[last_sequence_] = pairs_;
  }
  // A thread of its own writes in a lane of its own.
  template <typename Work>
  static void in_another_lane(Work work) {
    std::thread(work).join();
  }

  void write_tables() {
    open(Compression::kZstd);
    for (int i = 0; i < kKeys; ++i) put(key_of(i), value_of("first", i));
    expect_ok(database_->compact({}, {}, [] { return true; }));
    expect_ok(database_->close());

    open(Compression::kLz4);
    for (int i = 0; i < kKeys; i += 5) erase(key_of(i));
    for (int i = 0; i < kKeys; i += 2) put(key_of(i), value_of("second", i));
    expect_ok(database_->flush(true));
    expect_ok(database_->close());

    open(Compression::kNone);
    for (int i = 0; i < kKeys; i += 3) put(key_of(i), value_of("third", i));
    for (int i = 0; i < 30; ++i) put("new " + std::to_string(i), value_of("third", i));
    expect_ok(database_->flush(true));
  }

  // Two segments, as no table can be made any more.
  void write_log() {
    files_.fail_at({.operation = Operation::kCreateAppendable,
                    .path = "*.sst",
                    .error_number = ENOSPC,
                    .sticky = true});
    in_log_ = true;
    history_[last_sequence_] = pairs_;
    const bool early = stop_ == Stop::kPowerCut;
    put("log 1", "value 1");
    write_batch("batch", key_of(1));
    in_another_lane([&] {
      put(key_of(2), "value 2", early);
      put("log 2", std::string(60, 'w'));
    });
    // Larger than a block; of bytes that are zero, so that all others can be tried.
    put("large", std::string(33'000, '\0'));
    erase(key_of(4));
    in_another_lane([&] { put("log 1", "value 3"); });

    expect_ok(database_->flush(false));
    put("log 3", "value 4");
    in_another_lane([&] {
      put(key_of(6), "value 5");
      write_batch("another", "batch 1", !early);
      erase(key_of(8));
    });
    put("log 1", std::string(45, 'z'));
    // The flush has failed, and only fails again: nothing happens to the files any more.
    while (database_->stats()->background_error.empty()) std::this_thread::yield();
  }

  std::unique_ptr<MemoryFiles> stop() {
    // The flush's failure; the log is closed all the same.
    if (is_clean(stop_)) {
      EXPECT_EQ(database_->close().error_number(), ENOSPC);
    }
    return is_of_this_boot(stop_) ? memory_.kill() : memory_.crash(1, 1);
  }

  const Stop stop_;
  MemoryFiles memory_;
  FaultyFiles files_;
  std::shared_ptr<Database> database_;
  Pairs pairs_;
  Pairs ever_;
  Sequence last_sequence_ = 0;
  bool in_log_ = false;
  std::map<Sequence, Pairs> history_;
};

}  // namespace

const char* name_of(Stop stop) {
  switch (stop) {
    case Stop::kClosed: return "Closed";
    case Stop::kClosedAndCut: return "ClosedAndCut";
    case Stop::kKilled: return "Killed";
    case Stop::kPowerCut: return "PowerCut";
    case Stop::kPowerCutSynced: return "PowerCutSynced";
  }
  return "";
}

std::vector<std::string> DamageSample::names() const {
  auto listed = files->list(kSampleDirectory);
  return listed.is_ok() ? *listed : std::vector<std::string>();
}

Options sample_options(Compression compression) {
  return {.memtable_bytes = 4 << 20,
          .compression = every_level(compression),
          .compaction = CompactionStyle::kNone};
}

DamageSample make_damage_sample(Stop stop) { return SampleWriter(stop).make(); }

}  // namespace skiplith::testing
