// The files that keep the promises of io/files.h, each with an empty directory: a test that runs
// on both says what an engine may rely on.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/memory_files.h"
#include "support/faulty_directory.h"

namespace skiplith::testing {

enum class FilesKind : uint8_t { kPosix, kMemory };

inline std::string name_of(FilesKind kind) {
  return kind == FilesKind::kPosix ? "Posix" : "Memory";
}

class AnyFiles {
 public:
  explicit AnyFiles(FilesKind kind) {
    if (kind == FilesKind::kPosix) return;
    memory_ = std::make_unique<MemoryFiles>();
    path_ = "/directory";
    SKIPLITH_CHECK(memory_->make_directories(path_).is_ok());
  }

  Files& files() { return memory_ ? static_cast<Files&>(*memory_) : posix_files(); }
  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

  bool has(const std::string& name) { return *files().kind_of(path(name)) != PathKind::kMissing; }
  void write(const std::string& name, const std::string& contents) {
    auto file = files().create_appendable(path(name));
    SKIPLITH_CHECK(file.is_ok() && (*file)->append(contents).is_ok() && (*file)->close().is_ok());
  }
  std::string read(const std::string& name) {
    auto file = files().open_readable(path(name));
    SKIPLITH_CHECK(file.is_ok());
    std::string contents(*(*file)->size(), '\0');
    SKIPLITH_CHECK(*(*file)->read(0, contents.data(), contents.size()) == contents.size());
    return contents;
  }

 private:
  FaultyDirectory directory_;
  std::unique_ptr<MemoryFiles> memory_;
  std::string path_ = directory_.path();
};

}  // namespace skiplith::testing
