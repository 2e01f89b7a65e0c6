// Files in memory behind a disk that says it has synced and has not, for one kind of sync: what is
// lost then is what that sync is there for.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "io/memory_files.h"

namespace skiplith::testing {

enum class Lie : uint8_t { kNone, kDirectorySync, kManifestSync, kSegmentSync, kTableSync };

class LyingFiles : public Files {
 public:
  LyingFiles(MemoryFiles& inner, Lie lie) : inner_(inner), lie_(lie) {}

  Status sync_directory(const std::string& directory) override {
    return lie_ == Lie::kDirectorySync ? Status::ok() : inner_.sync_directory(directory);
  }
  Result<std::unique_ptr<AppendableFile>> create_appendable(const std::string& path) override {
    auto file = inner_.create_appendable(path);
    const bool lies = (lie_ == Lie::kManifestSync && path.ends_with(".manifest")) ||
                      (lie_ == Lie::kTableSync && path.ends_with(".sst"));
    if (!file.is_ok() || !lies) return file;
    return std::unique_ptr<AppendableFile>(std::make_unique<Appendable>(std::move(*file)));
  }
  Result<std::unique_ptr<SegmentFile>> create_segment(const std::string& path, SinkForm form,
                                                      uint64_t capacity,
                                                      uint64_t reserved) override {
    auto file = inner_.create_segment(path, form, capacity, reserved);
    if (!file.is_ok() || lie_ != Lie::kSegmentSync) return file;
    return std::unique_ptr<SegmentFile>(std::make_unique<Segment>(std::move(*file)));
  }

  Result<PathKind> kind_of(const std::string& path) override { return inner_.kind_of(path); }
  Status make_directories(const std::string& directory) override {
    return inner_.make_directories(directory);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return inner_.list(directory);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return inner_.rename(from, to);
  }
  Status remove(const std::string& path) override { return inner_.remove(path); }
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    return inner_.open_readable(path);
  }
  Result<SinkForm> best_form(const std::string& directory) override {
    return inner_.best_form(directory);
  }
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, bool shared) override {
    return inner_.lock(directory, shared);
  }
  BootId boot_id() override { return inner_.boot_id(); }
  uint64_t random64() override { return inner_.random64(); }

 private:
  struct Appendable : AppendableFile {
    explicit Appendable(std::unique_ptr<AppendableFile> file) : inner(std::move(file)) {}
    Status append(Bytes bytes) override { return inner->append(bytes); }
    Status sync() override { return Status::ok(); }
    Status close() override { return inner->close(); }
    const std::string& path() const override { return inner->path(); }
    const std::unique_ptr<AppendableFile> inner;
  };
  struct Segment : SegmentFile {
    explicit Segment(std::unique_ptr<SegmentFile> file) : inner(std::move(file)) {}
    SinkForm form() const override { return inner->form(); }
    char* mapped() const override { return inner->mapped(); }
    uint64_t capacity() const override { return inner->capacity(); }
    uint64_t reserved() const override { return inner->reserved(); }
    Status grow(uint64_t bytes) override { return inner->grow(bytes); }
    void populate(uint64_t begin, uint64_t end) override { inner->populate(begin, end); }
    void release(uint64_t begin, uint64_t end) override { inner->release(begin, end); }
    bool write_beside_stores(uint64_t offset, std::span<const Bytes> pieces) override {
      return inner->write_beside_stores(offset, pieces);
    }
    Status write(uint64_t offset, Bytes bytes) override { return inner->write(offset, bytes); }
    Status sync() override { return Status::ok(); }
    Status finish(uint64_t bytes) override { return inner->finish(bytes); }
    const std::string& path() const override { return inner->path(); }
    const std::unique_ptr<SegmentFile> inner;
  };

  MemoryFiles& inner_;
  const Lie lie_;
};

}  // namespace skiplith::testing
