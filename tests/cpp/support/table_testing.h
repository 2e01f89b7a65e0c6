// Tables of one test, the model that they are compared with, and files whose bytes a test damages.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/epoch.h"
#include "base/sync_points.h"
#include "support/faulty_directory.h"
#include "support/faulty_files.h"
#include "table/table.h"
#include "table/table_builder.h"

namespace skiplith::testing {

inline constexpr DatabaseId kTableDatabase{{0x0123456789abcdef, 0xfedcba9876543210}};
inline constexpr uint64_t kTableNumber = 7;
inline const Compression kAllCompressions[] = {Compression::kNone, Compression::kLz4,
                                               Compression::kZstd};

struct ModelVersion {
  Kind kind = Kind::kPut;
  std::string value;
  bool operator==(const ModelVersion&) const = default;
};

// What a table should hold, and so how it should answer.
class TableModel {
 public:
  void put(const std::string& key, Sequence sequence, std::string value) {
    versions_[key][sequence] = {Kind::kPut, std::move(value)};
  }
  void erase(const std::string& key, Sequence sequence) {
    versions_[key][sequence] = {Kind::kDelete, ""};
  }
  using Versions = std::map<Sequence, ModelVersion, std::greater<>>;  // newest first
  const std::map<std::string, Versions>& keys() const { return versions_; }

  // The newest version up to `at`, or null.
  const ModelVersion* get(const std::string& key, Sequence at) const {
    const auto found = versions_.find(key);
    if (found == versions_.end()) return nullptr;
    const auto version = found->second.lower_bound(at);
    return version == found->second.end() ? nullptr : &version->second;
  }
  // What a cursor at `at` goes through.
  std::vector<std::pair<std::string, ModelVersion>> pairs(Sequence at) const {
    std::vector<std::pair<std::string, ModelVersion>> visible;
    for (const auto& [key, versions] : versions_) {
      const auto version = versions.lower_bound(at);
      if (version != versions.end()) visible.emplace_back(key, version->second);
    }
    return visible;
  }
  std::vector<TableEntry> entries() const {
    std::vector<TableEntry> all;
    for (const auto& [key, versions] : versions_) {
      for (const auto& [sequence, version] : versions) {
        all.push_back({key, sequence, version.kind, version.value});
      }
    }
    return all;
  }

 private:
  std::map<std::string, Versions> versions_;
};

class TableTest : public ::testing::Test {
 protected:
  TableTest() { sync_points::arm(); }
  ~TableTest() override { sync_points::reset(); }

  std::string path() const { return directory_.path(kName); }

  // Small blocks: few entries make many.
  static TableOptions options(Compression compression = Compression::kNone) {
    return {.compression = compression, .filter_bits = 10, .block_bytes = 256};
  }
  TableProperties build(const TableModel& model, TableOptions options) {
    auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options);
    EXPECT_TRUE(builder.is_ok()) << builder.status().to_string();
    for (const TableEntry& entry : model.entries()) {
      const Status added = (*builder)->add(entry);
      EXPECT_TRUE(added.is_ok()) << added.to_string();
    }
    auto properties = (*builder)->finish();
    EXPECT_TRUE(properties.is_ok()) << properties.status().to_string();
    return *properties;
  }
  std::unique_ptr<Table> open(uint64_t bytes) {
    return std::make_unique<Table>(open_files_, path(), kTableDatabase, kTableNumber, bytes,
                                   cache_);
  }
  std::unique_ptr<Table> build_and_open(const TableModel& model, TableOptions options) {
    return open(build(model, options).bytes);
  }

  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  static constexpr const char* kName = "000007.sst";
  FaultyDirectory directory_;
  FaultyFiles files_{posix_files()};
  OpenFiles open_files_{files_};
  BlockCache cache_{uint64_t{64} << 20};
};

// What a lookup answers, as a model would say it; null: absent.
struct Answer {
  Lookup lookup = Lookup::kAbsent;
  std::string value;
  Status failure;
};
inline Answer get(Table& table, const std::string& key, Sequence at,
                  Table::Io io = Table::Io::kMayRead) {
  Answer answer;
  PinnedBytes value;
  if (io == Table::Io::kResidentOnly) {
    EpochGuard guard;
    answer.lookup = table.get(SearchedKey(key), at, io, &value, &answer.failure);
    if (answer.lookup == Lookup::kFound) answer.value = value.bytes();
  } else {
    answer.lookup = table.get(SearchedKey(key), at, io, &value, &answer.failure);
    if (answer.lookup == Lookup::kFound) answer.value = value.bytes();
  }
  return answer;
}
inline bool is_answer(const Answer& answer, const ModelVersion* expected) {
  if (expected == nullptr) return answer.lookup == Lookup::kAbsent;
  if (expected->kind == Kind::kDelete) return answer.lookup == Lookup::kDeleted;
  return answer.lookup == Lookup::kFound && answer.value == expected->value;
}

// A file of bytes that a test has made; everything else goes to the real files.
class BytesFiles : public FaultyFiles {
 public:
  explicit BytesFiles(std::string contents)
      : FaultyFiles(posix_files()), contents_(std::move(contents)) {}

  std::string& contents() { return contents_; }
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    return std::unique_ptr<ReadableFile>(std::make_unique<BytesFile>(path, contents_));
  }

 private:
  class BytesFile : public ReadableFile {
   public:
    BytesFile(std::string path, const std::string& contents)
        : path_(std::move(path)), contents_(contents) {}
    Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
      if (offset >= contents_.size()) return size_t{0};
      return contents_.copy(buffer, size, offset);
    }
    Result<uint64_t> size() const override { return uint64_t{contents_.size()}; }
    const std::string& path() const override { return path_; }

   private:
    const std::string path_;
    const std::string& contents_;
  };
  std::string contents_;
};

}  // namespace skiplith::testing
