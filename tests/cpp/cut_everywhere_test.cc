// A workload with all that a database does to its files, stopped before every single operation on
// them, in many ways, each opened again and compared with what had been written by then.
//
// The short form runs always; SKIPLITH_CUT_SEEDS=N makes N workloads with ten variants of each cut
// (make prove).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "db/loader.h"
#include "io/file_names.h"
#include "support/lying_files.h"

namespace skiplith::testing {
namespace {

using Pairs = std::map<std::string, std::string>;

// What was written so far, and what of it was acknowledged as synced.
class History {
 public:
  // Before the write: from here on its outcome may be found.
  void begin(Pairs after) {
    MutexLock lock(mutex_);
    states_.push_back(std::move(after));
  }
  void acknowledge(bool sync) {
    MutexLock lock(mutex_);
    if (sync) synced_ = states_.size() - 1;
  }
  Pairs last() const {
    MutexLock lock(mutex_);
    return states_.back();
  }
  size_t synced() const {
    MutexLock lock(mutex_);
    return synced_;
  }
  bool has(const Pairs& found, size_t at_least) const {
    MutexLock lock(mutex_);
    for (size_t at = states_.size(); at-- > at_least;) {
      if (states_[at] == found) return true;
    }
    return false;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Pairs> states_ = {{}};
  size_t synced_ = 0;
};

// "append .sst", "rename CURRENT": what is done to which kind of file.
std::string site_of(Operation operation, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto parsed = parse_file_name(name);
  const size_t dot = name.rfind('.');
  std::string kind = "directory";
  if (parsed) kind = parsed->number != 0 ? name.substr(dot) : name;
  return std::string(operation_name(operation)) + " " + kind;
}

struct Variant {
  double keep;
  bool process_only;  // a kill: the page cache survives
};
constexpr Variant kVariants[] = {{0, false},   {0.5, false}, {0, true},    {0.1, false},
                                 {0.3, false}, {0.7, false}, {0.9, false}, {0.99, false},
                                 {1, false},   {0.5, false}};

// Sanitizers look for races and bad memory, not for lost data.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
constexpr size_t kShortVariants = kIsSanitized ? 1 : 2;

class CutEverywhereTest : public ::testing::TestWithParam<SinkForm> {
 protected:
  CutEverywhereTest() {
    options_.memtable_bytes = kMinMemtableBytes;
    const char* seeds = std::getenv("SKIPLITH_CUT_SEEDS");
    seeds_ = seeds == nullptr ? 1 : std::strtoull(seeds, nullptr, 10);
    variants_ = seeds == nullptr ? kShortVariants : std::size(kVariants);
  }

  // What is wrong with what a stop has left; empty: nothing.
  std::string judge(MemoryFiles& left, size_t synced) {
    ++recoveries_;
    Pairs found;
    const std::string wrong = read(left, &found);
    if (!wrong.empty()) return wrong;
    if (!history_->has(found, synced)) return "not a state since the last sync";
    // What was recovered stays: nothing comes back, nothing goes.
    Pairs again;
    ++recoveries_;
    const auto later = left.crash(1, 0);
    const std::string wrong_later = read(*later, &again);
    if (!wrong_later.empty()) return "after a second cut: " + wrong_later;
    return again == found ? "" : "another state after a second cut";
  }
  std::string read(MemoryFiles& files, Pairs* found) const {
    auto database = Database::open(files, "/db", OpenMode::kCreate, options_);
    if (!database.is_ok()) return database.status().to_string();
    auto cursor = (*database)->cursor();
    Status status = (*cursor)->first();
    while (status.is_ok() && (*cursor)->valid()) {
      (*found)[std::string((*cursor)->key())] = (*cursor)->value();
      status = (*cursor)->next();
    }
    cursor->reset();
    if (status.is_ok()) status = (*database)->close();
    return status.is_ok() ? "" : status.to_string();
  }
  // As judge(), and then stops that recovery everywhere too.
  std::string judge_deeply(MemoryFiles& left, size_t synced) {
    std::string wrong;
    uint64_t seed = 0;
    left.on_operation([&](Operation operation, const std::string& path, uint64_t) {
      if (!wrong.empty()) return;
      wrong = judge(*left.crash(++seed, 0.5), synced);
      if (!wrong.empty()) wrong += ", stopped again before " + site_of(operation, path);
    });
    Pairs found;
    const std::string whole = read(left, &found);
    left.on_operation({});
    return wrong.empty() ? whole : wrong;
  }

  // Runs the workload of this seed and looks at what each stop on the way leaves. Returns the first
  // violation.
  std::string cut_workload(uint64_t seed, Lie lie = Lie::kNone) {
    history_ = std::make_unique<History>();
    MemoryFiles memory(GetParam());
    LyingFiles files(memory, lie);
    std::string violation;
    Mutex one_at_a_time;
    std::atomic<uint64_t> cuts{0};
    memory.on_operation([&](Operation operation, const std::string& path, uint64_t) {
      const MutexLock lock(one_at_a_time);
      if (!violation.empty()) return;
      const std::string site = site_of(operation, path);
      visited_.insert(site);
      const uint64_t cut = ++cuts;
      const size_t synced = history_->synced();
      for (size_t i = 0; i < variants_ && violation.empty(); ++i) {
        const Variant variant = kVariants[i];
        // A copy of stores in progress is no kill; the other form has none.
        if (variant.process_only && GetParam() == SinkForm::kMapped) continue;
        const auto left =
            variant.process_only ? memory.kill() : memory.crash(seed * 1000 + cut, variant.keep);
        const bool deeply = (cut + i) % (kIsSanitized ? 400 : 40) == 0;
        violation = deeply ? judge_deeply(*left, synced) : judge(*left, synced);
        if (violation.empty()) continue;
        violation += "; before " + site + ", cut " + std::to_string(cut) + ", kept " +
                     std::to_string(variant.keep) + ", seed " + std::to_string(seed);
      }
    });
    work(files, seed);
    memory.on_operation({});
    return violation;
  }

  // Freezes, flushes, compactions, a clear, closing and opening again.
  void work(Files& files, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int life = 0; life < 3; ++life) {
      auto opened = Database::open(files, "/db", OpenMode::kCreate, options_);
      ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
      Database& database = **opened;
      for (int step = 0; step < 14; ++step) {
        Pairs after = history_->last();
        const bool sync = random() % 4 == 0;
        if (life == 1 && step == 9) {
          history_->begin({});
          expect_ok(database.clear(sync));
        } else if (step == 6 || step == 11) {
          load(database, after, random());
        } else {
          Batch batch;
          for (uint64_t i = 0; i < 1 + random() % 4; ++i) {
            const std::string key = "key " + std::to_string(random() % 12);
            if (random() % 5 == 0) {
              after.erase(key);
              expect_ok(batch.erase(key));
            } else {
              after[key] =
                  std::to_string(random()) + std::string(random() % 6 == 0 ? 40'000 : 5, 'v');
              expect_ok(batch.put(key, after[key]));
            }
          }
          history_->begin(std::move(after));
          expect_ok(database.write(batch, sync));
        }
        history_->acknowledge(sync);
        if (step % 3 == 1) {
          // What is in tables is durable.
          expect_ok(database.flush(true));
          history_->acknowledge(true);
        }
      }
      if (life == 2) expect_ok(database.compact({}, {}, [] { return true; }));
      expect_ok(database.close());
      history_->acknowledge(true);
    }
  }
  // Over some of what is there; all that came before is durable with it.
  void load(Database& database, Pairs after, uint64_t choice) {
    Batch batch;
    for (int i = 0; i < 10; i += 1 + static_cast<int>(choice % 3)) {
      const std::string key = "key " + std::to_string(i);
      after[key] = std::to_string(choice) + std::string(choice % 2 == 0 ? 20'000 : 5, 'l');
      expect_ok(batch.put(key, after[key]));
    }
    history_->begin(std::move(after));
    auto loader = std::move(*database.loader());
    expect_ok(loader->add(batch));
    expect_ok(loader->finish());
    history_->acknowledge(true);
  }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  Options options_;
  uint64_t seeds_ = 1;
  size_t variants_ = 2;
  std::unique_ptr<History> history_;
  std::set<std::string> visited_;
  std::atomic<uint64_t> recoveries_{0};
};

INSTANTIATE_TEST_SUITE_P(Forms, CutEverywhereTest,
                         ::testing::Values(SinkForm::kMapped, SinkForm::kWrite),
                         [](const auto& form) {
                           return form.param == SinkForm::kMapped ? "Mapped" : "Write";
                         });

TEST_P(CutEverywhereTest, WhatSurvivesIsAPrefixWithBatchesWholeAndAllThatWasSynced) {
  for (uint64_t seed = 1; seed <= seeds_; ++seed) {
    const std::string violation = cut_workload(seed);
    ASSERT_EQ(violation, "");
  }
  // Every kind of operation on every kind of file that a database has.
  std::set<std::string> sites = {"lock directory",
                                 "make_directories directory",
                                 "sync_directory directory",
                                 "create_appendable .manifest",
                                 "append .manifest",
                                 "append_sync .manifest",
                                 "create_appendable CURRENT.tmp",
                                 "append CURRENT.tmp",
                                 "append_sync CURRENT.tmp",
                                 "rename CURRENT.tmp",
                                 "remove .manifest",
                                 "create_segment .log",
                                 "segment_grow .log",
                                 "segment_sync .log",
                                 "segment_finish .log",
                                 "remove .log",
                                 "create_appendable .sst",
                                 "append .sst",
                                 "append_sync .sst",
                                 "remove .sst"};
  if (GetParam() == SinkForm::kWrite) sites.insert("segment_write .log");
  EXPECT_EQ(visited_, sites);
  std::printf("%s: %llu recoveries, %zu sites, 0 violations\n",
              GetParam() == SinkForm::kMapped ? "mapped" : "write",
              static_cast<unsigned long long>(recoveries_.load()), visited_.size());
}

// Files that say that they have synced and have not are what the engine would look like that forgot
// a sync, or did things in another order.
TEST_P(CutEverywhereTest, AForgottenSyncIsCaught) {
  if (!kIsSanitized) variants_ = std::size(kVariants);
  for (const Lie lie :
       {Lie::kDirectorySync, Lie::kManifestSync, Lie::kSegmentSync, Lie::kTableSync}) {
    EXPECT_NE(cut_workload(1, lie), "") << static_cast<int>(lie);
  }
}

}  // namespace
}  // namespace skiplith::testing
