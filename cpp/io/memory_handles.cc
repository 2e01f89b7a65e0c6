#include "io/memory_handles.h"

#include <atomic>
#include <cerrno>

#include "base/check.h"
#include "io/file_names.h"

namespace skiplith {
namespace {

class MemoryReadable : public ReadableFile {
 public:
  MemoryReadable(std::shared_ptr<MemoryDisk> disk, std::string path,
                 std::shared_ptr<MemoryFile> file)
      : disk_(std::move(disk)), path_(std::move(path)), file_(std::move(file)) {}

  Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
    const MutexLock lock(disk_->mutex);
    return file_->read(offset, buffer, size);
  }
  Result<uint64_t> size() const override {
    const MutexLock lock(disk_->mutex);
    return file_->size();
  }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::string path_;
  const std::shared_ptr<MemoryFile> file_;
};

class MemoryAppendable : public AppendableFile {
 public:
  MemoryAppendable(std::shared_ptr<MemoryDisk> disk, std::string path,
                   std::shared_ptr<MemoryFile> file)
      : disk_(std::move(disk)), path_(std::move(path)), file_(std::move(file)) {}

  Status append(Bytes bytes) override {
    if (closed_) return Status::storage(EBADF, path_, "write");
    disk_->tell(Operation::kAppend, path_);
    const MutexLock lock(disk_->mutex);
    file_->write(file_->size(), bytes);
    return Status::ok();
  }
  Status sync() override {
    if (closed_) return Status::storage(EBADF, path_, "sync");
    disk_->tell(Operation::kAppendSync, path_);
    const MutexLock lock(disk_->mutex);
    file_->sync();
    return Status::ok();
  }
  Status close() override {
    closed_ = true;
    return Status::ok();
  }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::string path_;
  const std::shared_ptr<MemoryFile> file_;
  bool closed_ = false;
};

class MemorySegment : public SegmentFile {
 public:
  MemorySegment(std::shared_ptr<MemoryDisk> disk, std::string path,
                std::shared_ptr<MemoryFile> file, SinkForm form, uint64_t reserved)
      : disk_(std::move(disk)),
        path_(std::move(path)),
        file_(std::move(file)),
        form_(form),
        reserved_(reserved),
        mapped_(file_->mapped()) {}
  // Gives the address space back; what was stored stays in the file.
  ~MemorySegment() override {
    const MutexLock lock(disk_->mutex);
    file_->unmap();
  }

  SinkForm form() const override { return form_; }
  char* mapped() const override { return mapped_; }
  uint64_t capacity() const override {
    // order: acquire, pairs with grow(): who sees the capacity may store to the bytes below it
    return capacity_.load(std::memory_order_acquire);
  }
  uint64_t reserved() const override { return reserved_; }

  Status grow(uint64_t bytes) override {
    SKIPLITH_CHECK(bytes <= reserved_);
    if (bytes <= capacity()) return Status::ok();
    disk_->tell(Operation::kSegmentGrow, path_);
    const MutexLock lock(disk_->mutex);
    file_->resize(bytes);
    // order: release, the file has its size before anybody relies on it
    capacity_.store(bytes, std::memory_order_release);
    return Status::ok();
  }
  void populate(uint64_t, uint64_t) override {}
  void release(uint64_t, uint64_t) override {}
  bool write_beside_stores(uint64_t, std::span<const Bytes>) override { return false; }
  Status write(uint64_t offset, Bytes bytes) override {
    SKIPLITH_CHECK(form_ == SinkForm::kWrite);
    disk_->tell(Operation::kSegmentWrite, path_);
    const MutexLock lock(disk_->mutex);
    file_->write(offset, bytes);
    return Status::ok();
  }
  Status sync() override {
    disk_->tell(Operation::kSegmentSync, path_);
    const MutexLock lock(disk_->mutex);
    file_->sync();
    return Status::ok();
  }
  // Two steps, as on a disk: cut, then synced.
  Status finish(uint64_t bytes) override {
    disk_->tell(Operation::kSegmentFinish, path_);
    {
      const MutexLock lock(disk_->mutex);
      file_->unmap();
      file_->resize(bytes);
    }
    mapped_ = nullptr;
    return sync();
  }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::string path_;
  const std::shared_ptr<MemoryFile> file_;
  const SinkForm form_;
  const uint64_t reserved_;
  char* mapped_;
  std::atomic<uint64_t> capacity_{0};
};

class MemoryLock : public DirectoryLock {
 public:
  MemoryLock(std::shared_ptr<MemoryDisk> disk, std::string directory, bool shared)
      : disk_(std::move(disk)), directory_(std::move(directory)), shared_(shared) {}
  ~MemoryLock() override { release(); }

  void release() override {
    const MutexLock lock(disk_->mutex);
    if (!held_) return;
    held_ = false;
    MemoryDisk::Holders& holders = disk_->locks[directory_];
    if (shared_) {
      --holders.shared;
    } else {
      holders.exclusive = false;
    }
  }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::string directory_;
  const bool shared_;
  bool held_ = true;
};

}  // namespace

std::unique_ptr<ReadableFile> make_memory_readable(std::shared_ptr<MemoryDisk> disk,
                                                   const std::string& path,
                                                   std::shared_ptr<MemoryFile> file) {
  return std::make_unique<MemoryReadable>(std::move(disk), path, std::move(file));
}

std::unique_ptr<AppendableFile> make_memory_appendable(std::shared_ptr<MemoryDisk> disk,
                                                       const std::string& path,
                                                       std::shared_ptr<MemoryFile> file) {
  return std::make_unique<MemoryAppendable>(std::move(disk), path, std::move(file));
}

std::unique_ptr<SegmentFile> make_memory_segment(std::shared_ptr<MemoryDisk> disk,
                                                 const std::string& path,
                                                 std::shared_ptr<MemoryFile> file, SinkForm form,
                                                 uint64_t reserved) {
  return std::make_unique<MemorySegment>(std::move(disk), path, std::move(file), form, reserved);
}

Result<std::unique_ptr<DirectoryLock>> lock_memory_directory(std::shared_ptr<MemoryDisk> disk,
                                                             const std::string& directory,
                                                             bool shared) {
  const std::string name = memory_path(directory);
  const std::string file = name + '/' + make_file_name({FileType::kLock});
  if (!shared) disk->tell(Operation::kLock, directory);
  const MutexLock lock(disk->mutex);
  if (const int error = disk->names.must_be_directory(name); error != 0) {
    return Status::storage(error, directory, "open");
  }
  MemoryDisk::Holders& holders = disk->locks[name];
  if (holders.exclusive || (!shared && holders.shared != 0)) {
    return Status::at_path(StatusCode::kLocked, directory,
                           "this process has the database open already");
  }
  if (shared) {
    ++holders.shared;
  } else {
    if (disk->names.may_create(file) == 0) {
      disk->names.create(file, std::make_shared<MemoryFile>());
    }
    holders.exclusive = true;
  }
  return std::unique_ptr<DirectoryLock>(new MemoryLock(disk, name, shared));
}

}  // namespace skiplith
