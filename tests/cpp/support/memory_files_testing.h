// Memory files with a directory /d, and what crashes may leave of them.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/memory_files.h"

namespace skiplith::testing {

inline constexpr uint64_t kSeeds = 200;

class MemoryFilesTest : public ::testing::Test {
 protected:
  MemoryFilesTest() { expect_ok(files_.make_directories("/d")); }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

  // Made and written to; neither the file nor its name is synced.
  std::unique_ptr<AppendableFile> write(const std::string& path, const std::string& contents) {
    auto file = files_.create_appendable(path);
    expect_ok(file.status());
    expect_ok((*file)->append(contents));
    return std::move(*file);
  }
  std::unique_ptr<SegmentFile> create_segment(SinkForm form, uint64_t capacity) {
    auto segment = files_.create_segment("/d/s", form, capacity, 1 << 20);
    expect_ok(segment.status());
    expect_ok(files_.sync_directory("/d"));
    return std::move(*segment);
  }
  static void store(SegmentFile& segment, uint64_t offset, const std::string& bytes) {
    if (segment.mapped() != nullptr) {
      std::memcpy(segment.mapped() + offset, bytes.data(), bytes.size());
    } else {
      expect_ok(segment.write(offset, bytes));
    }
  }
  static std::string contents(const MemoryFiles& files, const std::string& path) {
    auto found = files.contents(path);
    return found.is_ok() ? *found : "<" + std::to_string(found.status().error_number()) + ">";
  }
  // All that crashes with these seeds leave of a file.
  std::set<std::string> outcomes(const std::string& path, double keep = 0.5) const {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      found.insert(contents(*files_.crash(seed, keep), path));
    }
    return found;
  }
  std::set<std::vector<std::string>> lists(double keep = 0.5) const {
    std::set<std::vector<std::string>> found;
    for (uint64_t seed = 0; seed < kSeeds; ++seed)
      found.insert(*files_.crash(seed, keep)->list("/d"));
    return found;
  }

  using Names = std::set<std::vector<std::string>>;
  MemoryFiles files_;
};

inline const std::string kMissing = "<" + std::to_string(ENOENT) + ">";

}  // namespace skiplith::testing
