// Power cuts and kills at every step that a database takes on its files: what is found is a prefix
// of what was written, never less than what was synced.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/coding.h"
#include "db/database.h"
#include "io/memory_files.h"

namespace skiplith::testing {
namespace {

using Pairs = std::map<std::string, std::string>;

// One way in which the process or the machine may stop.
struct Stop {
  const char* what;
  std::unique_ptr<MemoryFiles> (*at)(const MemoryFiles& files, uint64_t step);
};

const Stop kKill = {"kill", [](const MemoryFiles& files, uint64_t) { return files.kill(); }};
const Stop kBareCrash = {"crash, nothing kept",
                         [](const MemoryFiles& files, uint64_t) { return files.crash(0, 0); }};
const Stop kCrash = {"crash, some kept", [](const MemoryFiles& files, uint64_t step) {
                       return files.crash(step, 0.5);
                     }};

// What a stop has left, and the last write that had been acknowledged as synced by then.
struct Left {
  std::unique_ptr<MemoryFiles> files;
  size_t synced;
  std::string where;
};

class PowerCutTest : public ::testing::TestWithParam<SinkForm> {
 protected:
  PowerCutTest() { options_.memtable_bytes = kMinMemtableBytes; }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  Result<std::shared_ptr<Database>> open(Files& files) const {
    return Database::open(files, "/db", OpenMode::kCreate, options_);
  }
  // What a database holds that is opened on them; it is closed again.
  Pairs found_in(MemoryFiles& files) const {
    auto database = open(files);
    EXPECT_TRUE(database.is_ok()) << database.status().to_string();
    return database.is_ok() ? pairs_of(**database) : Pairs{{"it", "does not open"}};
  }
  static Pairs pairs_of(Database& database) {
    Pairs pairs;
    auto cursor = database.cursor();
    expect_ok((*cursor)->first());
    while ((*cursor)->valid()) {
      pairs[std::string((*cursor)->key())] = (*cursor)->value();
      expect_ok((*cursor)->next());
    }
    return pairs;
  }
  // Runs `work`, and makes of the files what a stop before every step on the way leaves.
  template <typename Work>
  std::vector<Left> stopped_at_every_step(MemoryFiles& files, const Stop& stop, Work work) {
    Mutex mutex;  // the background thread takes steps too
    std::vector<Left> left;
    files.on_operation([&](Operation operation, const std::string& path, uint64_t step) {
      const MutexLock lock(mutex);
      const size_t synced = synced_.load();  // before the stop
      left.push_back({.files = stop.at(files, step),
                      .synced = synced,
                      .where = std::string(stop.what) + " before " + operation_name(operation) +
                               " " + path + ", step " + std::to_string(left.size())});
    });
    work();
    files.on_operation({});
    return left;
  }

  // One write of the workload, which makes the pairs what they are `after` it.
  template <typename Write>
  void write(bool sync, Pairs after, Write write) {
    states_.push_back(std::move(after));
    expect_ok(write(sync));
    if (sync) synced_.store(states_.size() - 1);
  }

  std::vector<Pairs> states_ = {{}};  // after each write
  std::atomic<size_t> synced_{0};
  Options options_;
  MemoryFiles files_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Forms, PowerCutTest,
                         ::testing::Values(SinkForm::kMapped, SinkForm::kWrite),
                         [](const auto& form) {
                           return form.param == SinkForm::kMapped ? "Mapped" : "Write";
                         });

TEST_P(PowerCutTest, WhatIsFoundIsAPrefixAndNeverLessThanWasSynced) {
  for (const Stop& stop : {kBareCrash, kCrash, kKill}) {
    // The background thread's steps come while records are stored, which kill() may not.
    if (stop.what == kKill.what && GetParam() == SinkForm::kMapped) continue;
    MemoryFiles files(GetParam());
    states_ = {{}};
    synced_.store(0);
    const auto work = [&] {
      auto opened = open(files);
      ASSERT_TRUE(opened.is_ok());
      Database& database = **opened;
      for (int i = 0; i < 24; ++i) {
        Pairs after = states_.back();
        const std::string key = "key" + std::to_string(i % 5);
        if (i % 6 == 5) {
          after.erase(key);
          write(i % 4 == 3, after, [&](bool sync) { return database.erase(key, sync); });
        } else if (i == 16) {
          write(false, {}, [&](bool sync) { return database.clear(sync); });
        } else {
          // Large enough to freeze now and then.
          after[key] = std::string(i % 3 == 0 ? 15'000 : 10, static_cast<char>('a' + i));
          after["also " + key] = std::to_string(i);
          Batch batch;
          expect_ok(batch.put(key, after[key]));
          expect_ok(batch.put("also " + key, after["also " + key]));
          write(i % 4 == 3, after, [&](bool sync) { return database.write(batch, sync); });
        }
      }
      EXPECT_GT(database.stats()->freezes, 0u);
      expect_ok(database.close());
    };
    for (const Left& left : stopped_at_every_step(files, stop, work)) {
      const Pairs found = found_in(*left.files);
      size_t at = states_.size();
      while (at-- > left.synced && states_[at] != found) {
      }
      ASSERT_TRUE(at + 1 > left.synced) << left.where;
      // What was recovered stays: nothing comes back, nothing goes.
      ASSERT_EQ(found_in(*left.files->crash(0, 0)), found) << left.where;
    }
    EXPECT_EQ(found_in(files), states_.back());
  }
}

TEST_P(PowerCutTest, RecoveryMayStopAnywhereAndStopAgain) {
  const Pairs written = {{"a", "1"}, {"b", std::string(600, '2')}};
  auto database = open(files_);
  ASSERT_TRUE(database.is_ok());
  for (const auto& [key, value] : written) expect_ok((*database)->put(key, value, true));
  const auto crashed = files_.crash(0, 0);
  for (const Stop& first : {kKill, kCrash}) {
    const auto base = crashed->kill();
    const auto once = stopped_at_every_step(*base, first, [&] { found_in(*base); });
    ASSERT_GT(once.size(), 10u);
    for (const Left& left : once) {
      for (const Stop& second : {kBareCrash, kCrash}) {
        const auto again = left.files->kill();
        const auto twice =
            stopped_at_every_step(*again, second, [&] { EXPECT_EQ(found_in(*again), written); });
        for (const Left& last : twice) {
          ASSERT_EQ(found_in(*last.files), written) << left.where << "; " << last.where;
        }
      }
    }
  }
}

}  // namespace
}  // namespace skiplith::testing
