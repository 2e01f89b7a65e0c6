// Tables of which only so many have a descriptor: every read answers as if all had one.
#include <map>
#include <random>
#include <thread>

#include "io/open_files.h"
#include "support/database_testing.h"
#include "support/faulty_files.h"
#include "support/lowered_limit.h"

namespace skiplith::testing {
namespace {

constexpr int kTables = 50;
constexpr int kKeys = 400;
constexpr size_t kMost = 24;

class OpenTablesTest : public DatabaseTest {
 protected:
  OpenTablesTest() {
    options_.compaction = CompactionStyle::kNone;
    options_.cache_bytes = 0;  // nothing is resident: every read needs its file
    open();
    for (int table = 0; table < kTables; ++table) {
      for (int i = table % 7; i < kKeys; i += 7) {
        put(key_of(i), model_[key_of(i)] = std::to_string(table) + std::string(50, 'v'));
      }
      expect_ok(database_->flush(true));
    }
    EXPECT_EQ(database_->stats()->levels[0].tables, uint64_t{kTables});
  }
  ~OpenTablesTest() override { database_.reset(); }
  Files& files() override { return faulty_; }

  static std::string key_of(int i) { return "key" + std::to_string(1000 + i); }
  void expect_all_reads() {
    for (const auto& [key, value] : model_) ASSERT_EQ(get(key), value);
    EXPECT_LE(OpenFiles::open_now(), kMost);
    auto cursor = std::move(*database_->cursor());
    expect_ok(cursor->first());
    for (const auto& [key, value] : model_) {
      ASSERT_TRUE(cursor->valid()) << cursor->failure().to_string();
      ASSERT_EQ(cursor->key(), key);
      ASSERT_EQ(cursor->value(), value);
      expect_ok(cursor->next());
    }
    EXPECT_FALSE(cursor->valid());
    expect_ok(cursor->last());
    for (auto pair = model_.rbegin(); pair != model_.rend(); ++pair) {
      ASSERT_TRUE(cursor->valid()) << cursor->failure().to_string();
      ASSERT_EQ(cursor->value(), pair->second);
      expect_ok(cursor->prev());
    }
    EXPECT_LE(OpenFiles::open_now(), kMost);
  }

  FaultyFiles faulty_{posix_files()};
  std::map<std::string, std::string> model_;
  const LoweredLimit limit_{kMost * 4};
};

TEST_F(OpenTablesTest, MoreTablesThanDescriptorsAreReadScannedVerifiedAndCompacted) {
  expect_all_reads();
  expect_ok(database_->verify());
  EXPECT_LE(OpenFiles::open_now(), kMost);
  const uint64_t opened = faulty_.calls(Operation::kOpenReadable);
  expect_ok(database_->compact({}, {}, [] { return true; }));  // all of them at once
  EXPECT_GT(faulty_.calls(Operation::kOpenReadable), opened);
  expect_all_reads();
  reopen();
  expect_all_reads();
}

TEST_F(OpenTablesTest, WhatIsResidentNeedsNoDescriptor) {
  options_.cache_bytes = 64 << 20;
  reopen();
  expect_all_reads();
  const uint64_t opened = faulty_.calls(Operation::kOpenReadable);
  EXPECT_GT(opened, 0u);
  expect_all_reads();
  EXPECT_EQ(faulty_.calls(Operation::kOpenReadable), opened);
}

TEST_F(OpenTablesTest, ATableThatCannotBeOpenedAgainFailsThatCallOnly) {
  expect_all_reads();
  for (uint64_t nth = 1; nth <= kTables; ++nth) {
    auto cursor = std::move(*database_->cursor());
    faulty_.fail_at({.operation = Operation::kOpenReadable,
                     .path = "*.sst",
                     .nth = nth,
                     .error_number = EMFILE});
    Status failed = cursor->first();
    size_t shown = 0;
    for (auto pair = model_.begin(); cursor->valid(); ++pair, ++shown) {
      ASSERT_EQ(cursor->key(), pair->first);
      ASSERT_EQ(cursor->value(), pair->second);
      failed = cursor->next();
    }
    ASSERT_EQ(failed.code(), StatusCode::kStorage);
    EXPECT_EQ(failed.error_number(), EMFILE);
    EXPECT_TRUE(failed.path().ends_with(".sst")) << failed.path();
    EXPECT_LT(shown, model_.size());
    expect_ok(cursor->first());  // the same cursor
    EXPECT_EQ(cursor->value(), model_.begin()->second);
  }
  expect_all_reads();
}

TEST_F(OpenTablesTest, ManyThreadsReadWhileTablesAreClosedAndCompacted) {
  std::atomic<bool> compacted{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 300 || !compacted.load(); ++i) {
        const std::string key = key_of(static_cast<int>(random() % kKeys));
        ASSERT_EQ(get(key), model_.at(key));
      }
    });
  }
  expect_ok(database_->compact({}, {}, [] { return true; }));
  compacted.store(true);
  for (auto& reader : readers) reader.join();
  expect_all_reads();
}

}  // namespace
}  // namespace skiplith::testing
