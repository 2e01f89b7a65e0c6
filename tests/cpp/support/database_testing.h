// A database in a temporary directory, and threads that a test parks and lets go.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "base/coding.h"
#include "base/sync_points.h"
#include "db/database.h"
#include "io/files.h"

namespace skiplith::testing {

inline constexpr uint64_t kSoonMs = 60'000;  // a bound for what must happen, not a duration

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "_" + test->name();
    std::replace(name.begin(), name.end(), '/', '_');  // of a test with parameters
    directory_ = std::string(::testing::TempDir()) + "skiplith_" + name + "_" +
                 std::to_string(posix_files().random64());
    options_.memtable_bytes = kMinMemtableBytes;
    sync_points::arm();
  }
  ~DatabaseTest() override {
    sync_points::reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  Status try_open(OpenMode mode = OpenMode::kCreate) {
    auto opened = Database::open(files(), directory_, mode, options_);
    if (!opened.is_ok()) return opened.take_status();
    database_ = std::move(*opened);
    return Status::ok();
  }
  void open(OpenMode mode = OpenMode::kCreate) { expect_ok(try_open(mode)); }
  void reopen() {
    expect_ok(database_->close());
    database_.reset();
    open();
  }
  virtual Files& files() { return posix_files(); }

  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  void put(Bytes key, Bytes value, bool sync = false) {
    expect_ok(database_->put(key, value, sync));
  }
  std::string get(Bytes key) {  // "<absent>" when there is none
    Value value;
    expect_ok(database_->get(key, &value));
    return value.found() ? std::string(value.bytes()) : "<absent>";
  }
  std::string get_at(const ReadPoint& point, Bytes key) {
    Value value;
    expect_ok(database_->get_at(point, key, &value));
    return value.found() ? std::string(value.bytes()) : "<absent>";
  }
  int64_t increment(Bytes key, int64_t amount = 1) {
    Increment increment(amount);
    expect_ok(database_->modify(key, increment, false));
    expect_ok(increment.status());
    return increment.result();
  }
  // Freezes the active memtable by filling it with other keys.
  void fill_until_frozen() {
    const uint64_t before = database_->stats()->freezes;
    for (int i = 0; database_->stats()->freezes == before; ++i) {
      put("zz-filler-" + std::to_string(i), std::string(1000, 'f'));
    }
  }
  // Short keys of few bytes: many are each other's prefixes and neighbours.
  static std::string crowded_key(std::mt19937_64& random, size_t most_bytes) {
    std::string key;
    for (size_t length = random() % (most_bytes + 1); key.size() < length;) {
      key.push_back(
          "\0\x01"
          "abz\xff"[random() % 6]);
    }
    return key;
  }
  static std::string number(int64_t value) {
    std::string bytes;
    append_u64(&bytes, static_cast<uint64_t>(value));
    return bytes;
  }

  std::string directory_;
  Options options_;
  std::shared_ptr<Database> database_;
};

}  // namespace skiplith::testing
