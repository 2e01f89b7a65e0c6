// Segment files in memory that a test can look into, copy, damage and make fail. Implements only
// what the log needs of Files.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/files.h"

namespace skiplith {

// The bytes live in shared memory, so that a test may watch another process write them.
class MemoryFile {
 public:
  explicit MemoryFile(uint64_t reserved) : reserved_(reserved) {
    void* memory = mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SKIPLITH_CHECK(memory != MAP_FAILED);
    data_ = static_cast<char*>(memory);
  }
  ~MemoryFile() { munmap(data_, reserved_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  char* data() const { return data_; }
  uint64_t reserved() const { return reserved_; }
  std::string bytes() const { return std::string(data_, size); }

  uint64_t size = 0;
  std::vector<std::string> events;  // "write <offset> <bytes>", "sync", "grow <bytes>", ...
  int writes_until_failure = -1;    // negative: never
  size_t pieces_taken = 0;          // of each call beside the stores

 private:
  const uint64_t reserved_;
  char* data_;
};

class MemorySegmentFile final : public SegmentFile {
 public:
  MemorySegmentFile(std::string path, SinkForm form, std::shared_ptr<MemoryFile> file)
      : path_(std::move(path)), form_(form), file_(std::move(file)) {}

  SinkForm form() const override { return form_; }
  char* mapped() const override { return form_ == SinkForm::kMapped ? file_->data() : nullptr; }
  uint64_t capacity() const override { return file_->size; }
  uint64_t reserved() const override { return file_->reserved(); }
  Status grow(uint64_t bytes) override {
    note("grow " + std::to_string(bytes));
    file_->size = bytes;
    return Status::ok();
  }
  void populate(uint64_t begin, uint64_t end) override {
    note("populate " + std::to_string(begin) + " " + std::to_string(end));
  }
  void release(uint64_t begin, uint64_t end) override {
    note("release " + std::to_string(begin) + " " + std::to_string(end));
  }
  bool write_beside_stores(uint64_t offset, std::span<const Bytes> pieces) override {
    SKIPLITH_CHECK(form_ == SinkForm::kMapped && pieces.size() <= kMostPieces);
    note("call " + std::to_string(offset));
    size_t left = file_->pieces_taken;
    for (const Bytes piece : pieces) {
      if (left-- == 0) return false;
      std::memcpy(file_->data() + offset, piece.data(), piece.size());
      offset += piece.size();
    }
    return true;
  }
  Status write(uint64_t offset, Bytes bytes) override {
    note("write " + std::to_string(offset) + " " + std::to_string(bytes.size()));
    if (file_->writes_until_failure == 0) return Status::storage(EIO, path_, "pwrite failed");
    if (file_->writes_until_failure > 0) --file_->writes_until_failure;
    SKIPLITH_CHECK(offset + bytes.size() <= file_->size);
    std::memcpy(file_->data() + offset, bytes.data(), bytes.size());
    return Status::ok();
  }
  Status sync() override {
    note("sync");
    return Status::ok();
  }
  Status finish(uint64_t bytes) override {
    note("finish " + std::to_string(bytes));
    file_->size = bytes;
    return Status::ok();
  }
  const std::string& path() const override { return path_; }

 private:
  void note(std::string event) {
    std::lock_guard lock(mutex_);
    file_->events.push_back(std::move(event));
  }

  const std::string path_;
  const SinkForm form_;
  const std::shared_ptr<MemoryFile> file_;
  std::mutex mutex_;
};

class BytesFile final : public ReadableFile {
 public:
  BytesFile(std::string path, Bytes bytes) : path_(std::move(path)), bytes_(bytes) {}
  Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
    if (offset >= bytes_.size()) return size_t{0};
    const Bytes part = bytes_.substr(offset, size);
    std::memcpy(buffer, part.data(), part.size());
    return part.size();
  }
  Result<uint64_t> size() const override { return uint64_t{bytes_.size()}; }
  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  const Bytes bytes_;
};

class SegmentFiles final : public Files {
 public:
  // What a test reads: either a segment as it stands, or any bytes put in its place.
  std::map<std::string, std::shared_ptr<MemoryFile>> written;
  std::map<std::string, Bytes> replaced;  // borrowed
  BootId boot{{1, 2}};

  Result<std::unique_ptr<SegmentFile>> create_segment(const std::string& path, SinkForm form,
                                                      uint64_t capacity,
                                                      uint64_t reserved) override {
    auto file = std::make_shared<MemoryFile>(reserved);
    file->size = capacity;
    written[path] = file;
    return std::unique_ptr<SegmentFile>(new MemorySegmentFile(path, form, file));
  }
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    if (auto found = replaced.find(path); found != replaced.end()) {
      return std::unique_ptr<ReadableFile>(new BytesFile(path, found->second));
    }
    if (auto found = written.find(path); found != written.end()) {
      const Bytes bytes(found->second->data(), found->second->size);
      return std::unique_ptr<ReadableFile>(new BytesFile(path, bytes));
    }
    return Status::storage(ENOENT, path, "open failed");
  }
  BootId boot_id() override { return boot; }
  uint64_t random64() override { return random_ = random_ * 6364136223846793005u + 1; }

  Result<PathKind> kind_of(const std::string& path) override { return not_here(path); }
  Status make_directories(const std::string& path) override { return not_here(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return not_here(path); }
  Status sync_directory(const std::string& path) override { return not_here(path); }
  Status rename(const std::string& from, const std::string&) override { return not_here(from); }
  Status remove(const std::string& path) override { return not_here(path); }
  Result<std::unique_ptr<AppendableFile>> create_appendable(const std::string& path) override {
    return not_here(path);
  }
  Result<SinkForm> best_form(const std::string& path) override { return not_here(path); }
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& path, bool) override {
    return not_here(path);
  }

 private:
  static Status not_here(const std::string& path) {
    return Status::storage(ENOSYS, path, "not part of the log's files");
  }
  uint64_t random_ = 7;
};

}  // namespace skiplith
