#include "io/memory_files.h"

#include <cerrno>
#include <new>

#include "base/check.h"
#include "io/memory_handles.h"

namespace skiplith {
namespace {

BootId any_boot() {
  Files& system = posix_files();
  return {{system.random64() | 1, system.random64()}};  // never 0: known
}

}  // namespace

MemoryFiles::MemoryFiles(SinkForm form) : form_(form), disk_(std::make_shared<MemoryDisk>()) {
  disk_->boot = any_boot();
}

std::unique_ptr<MemoryFiles> MemoryFiles::kill() const {
  auto files = std::make_unique<MemoryFiles>(form_);
  const MutexLock lock(disk_->mutex);
  files->disk_->names = disk_->names.copy();
  files->disk_->boot = disk_->boot;
  return files;
}

std::unique_ptr<MemoryFiles> MemoryFiles::crash(uint64_t seed, double keep) const {
  auto files = kill();
  files->disk_->boot = any_boot();
  files->write_back(seed, keep);
  files->disk_->names.lose_cache();
  return files;
}

void MemoryFiles::write_back(uint64_t seed, double keep) {
  SKIPLITH_CHECK(0 <= keep && keep <= 1);
  Chance chance(seed);
  const MutexLock lock(disk_->mutex);
  disk_->names.write_back(chance, keep);
}

void MemoryFiles::on_operation(OperationObserver observer) {
  auto told = observer ? std::make_shared<const OperationObserver>(std::move(observer)) : nullptr;
  const MutexLock lock(disk_->mutex);
  disk_->observer.swap(told);
}

Status MemoryFiles::plant(const std::string& path, const std::string& contents) {
  const std::string name = memory_path(path);
  SKIPLITH_RETURN_IF_ERROR(make_directories(name.substr(0, name.rfind('/'))));
  const MutexLock lock(disk_->mutex);
  if (disk_->names.kind_of(name) == PathKind::kDirectory) {
    return Status::storage(EISDIR, path, "plant");
  }
  disk_->names.plant(name, contents);
  return Status::ok();
}

Result<std::string> MemoryFiles::contents(const std::string& path) const {
  const MutexLock lock(disk_->mutex);
  std::shared_ptr<MemoryFile> file;
  if (const int error = disk_->names.find(memory_path(path), &file); error != 0) {
    return Status::storage(error, path, "open");
  }
  return file->contents();
}

Result<PathKind> MemoryFiles::kind_of(const std::string& path) {
  const MutexLock lock(disk_->mutex);
  const std::string name = memory_path(path);
  if (disk_->names.must_be_directory(name) == ENOTDIR &&
      disk_->names.kind_of(name) == PathKind::kMissing) {
    return Status::storage(ENOTDIR, path, "stat");
  }
  return disk_->names.kind_of(name);
}

Status MemoryFiles::make_directories(const std::string& directory) {
  const std::string name = memory_path(directory);
  for (;;) {
    MutexLock lock(disk_->mutex);
    const std::string next = disk_->names.outermost_missing(name);
    switch (disk_->names.must_be_directory(next)) {
      case 0: return Status::ok();
      case ENOTDIR: return Status::storage(ENOTDIR, directory, "make directory");
      default: break;
    }
    lock.unlock();
    disk_->tell(Operation::kMakeDirectories, next);
    lock.lock();
    if (disk_->names.may_create(next) == 0) disk_->names.make_directory(next);
  }
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& directory) {
  const MutexLock lock(disk_->mutex);
  const std::string name = memory_path(directory);
  if (const int error = disk_->names.must_be_directory(name); error != 0) {
    return Status::storage(error, directory, "open directory");
  }
  return disk_->names.list(name);
}

Status MemoryFiles::sync_directory(const std::string& directory) {
  disk_->tell(Operation::kSyncDirectory, directory);
  const MutexLock lock(disk_->mutex);
  const std::string name = memory_path(directory);
  if (const int error = disk_->names.must_be_directory(name); error != 0) {
    return Status::storage(error, directory, "open");
  }
  disk_->names.sync_directory(name);
  return Status::ok();
}

Status MemoryFiles::rename(const std::string& from, const std::string& to) {
  disk_->tell(Operation::kRename, from);
  const MutexLock lock(disk_->mutex);
  const int error = disk_->names.rename(memory_path(from), memory_path(to));
  return error == 0 ? Status::ok() : Status::storage(error, from, "rename");
}

Status MemoryFiles::remove(const std::string& path) {
  disk_->tell(Operation::kRemove, path);
  const MutexLock lock(disk_->mutex);
  const int error = disk_->names.remove(memory_path(path));
  return error == 0 ? Status::ok() : Status::storage(error, path, "remove");
}

Result<std::unique_ptr<ReadableFile>> MemoryFiles::open_readable(const std::string& path) {
  const MutexLock lock(disk_->mutex);
  std::shared_ptr<MemoryFile> file;
  if (const int error = disk_->names.find(memory_path(path), &file); error != 0) {
    return Status::storage(error, path, "open");
  }
  return make_memory_readable(disk_, path, std::move(file));
}

Result<std::shared_ptr<MemoryFile>> MemoryFiles::create(const std::string& path,
                                                        uint64_t mapped_bytes) {
  const MutexLock lock(disk_->mutex);
  const std::string name = memory_path(path);
  if (const int error = disk_->names.may_create(name); error != 0) {
    return Status::storage(error, path, "open");
  }
  auto file = std::make_shared<MemoryFile>();
  try {
    if (mapped_bytes != 0) file->map(mapped_bytes);
  } catch (const std::bad_alloc&) {
    return Status::storage(ENOMEM, path, "map");
  }
  disk_->names.create(name, file);
  return file;
}

Result<std::unique_ptr<AppendableFile>> MemoryFiles::create_appendable(const std::string& path) {
  disk_->tell(Operation::kCreateAppendable, path);
  auto file = create(path, 0);
  if (!file.is_ok()) return file.take_status();
  return make_memory_appendable(disk_, path, std::move(*file));
}

Result<std::unique_ptr<SegmentFile>> MemoryFiles::create_segment(const std::string& path,
                                                                 SinkForm form, uint64_t capacity,
                                                                 uint64_t reserved) {
  SKIPLITH_CHECK(0 < capacity && capacity <= reserved);
  disk_->tell(Operation::kCreateSegment, path);
  auto file = create(path, form == SinkForm::kMapped ? reserved : 0);
  if (!file.is_ok()) return file.take_status();
  auto segment = make_memory_segment(disk_, path, std::move(*file), form, reserved);
  SKIPLITH_RETURN_IF_ERROR(segment->grow(capacity));
  SKIPLITH_RETURN_IF_ERROR(segment->sync());
  return segment;
}

Result<SinkForm> MemoryFiles::best_form(const std::string& directory) {
  const MutexLock lock(disk_->mutex);
  if (const int error = disk_->names.must_be_directory(memory_path(directory)); error == ENOENT) {
    return Status::storage(error, directory, "stat file system");
  }
  return form_;
}

Result<std::unique_ptr<DirectoryLock>> MemoryFiles::lock(const std::string& directory,
                                                         bool shared) {
  return lock_memory_directory(disk_, directory, shared);
}

BootId MemoryFiles::boot_id() { return disk_->boot; }

uint64_t MemoryFiles::random64() { return posix_files().random64(); }

}  // namespace skiplith
