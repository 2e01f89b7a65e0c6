// A directory of one test: made fresh, gone with the test, and its files read and damaged behind
// the engine's back.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"

namespace skiplith::testing {

class FaultyDirectory {
 public:
  FaultyDirectory() : path_(::testing::TempDir() + "skiplith_XXXXXX") {
    SKIPLITH_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~FaultyDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FaultyDirectory(const FaultyDirectory&) = delete;
  FaultyDirectory& operator=(const FaultyDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      found.push_back(entry.path().filename());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    SKIPLITH_CHECK(file.good());
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void write(const std::string& name, const std::string& contents) const {
    // Not std::ios::trunc: ext4 would sync the file at once, and tests write it thousandfold.
    std::ofstream file(path(name), std::ios::binary | std::ios::app);
    SKIPLITH_CHECK(file.good());
    file.close();
    file.open(path(name), std::ios::binary | std::ios::in);
    file << contents;
    SKIPLITH_CHECK(file.flush().good());
    std::filesystem::resize_file(path(name), contents.size());
  }
  void remove(const std::string& name) const {
    SKIPLITH_CHECK(std::filesystem::remove(path(name)));
  }

 private:
  std::string path_;
};

}  // namespace skiplith::testing
