#include "io/posix_directory.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <memory>

#include "io/posix_descriptor.h"

#ifndef XFS_SUPER_MAGIC  // not in linux/magic.h of older systems
#define XFS_SUPER_MAGIC 0x58465342
#endif

namespace skiplith {
namespace {

// "a/b//" -> "a", "/a" -> "/", "a" -> ".".
std::string parent_of(const std::string& path) {
  const size_t last = path.find_last_not_of('/');
  if (last == std::string::npos) return "/";
  const size_t slash = path.rfind('/', last);
  if (slash == std::string::npos) return ".";
  const size_t end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

}  // namespace

Result<PathKind> posix_kind_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return PathKind::kMissing;
    return failed(path, "stat");
  }
  return S_ISDIR(status.st_mode) ? PathKind::kDirectory : PathKind::kOther;
}

Status make_posix_directories(const std::string& directory) {
  Result<PathKind> kind = posix_kind_of(directory);
  if (!kind.is_ok()) return kind.take_status();
  if (*kind == PathKind::kDirectory) return Status::ok();
  if (*kind == PathKind::kOther) return Status::storage(ENOTDIR, directory, "make directory");

  const std::string parent = parent_of(directory);
  SKIPLITH_RETURN_IF_ERROR(make_posix_directories(parent));
  if (::mkdir(directory.c_str(), 0777) != 0) {
    const int why = errno;
    // Somebody else may have made it just now.
    Result<PathKind> now = posix_kind_of(directory);
    if (why != EEXIST || !now.is_ok() || *now != PathKind::kDirectory) {
      return Status::storage(why, directory, "make directory");
    }
  }
  return sync_posix_directory(parent);
}

Result<std::vector<std::string>> list_posix_directory(const std::string& directory) {
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream(::opendir(directory.c_str()));  // O_CLOEXEC in glibc
  if (!stream) return failed(directory, "open directory");
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return failed(directory, "read directory");
      break;
    }
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status sync_posix_directory(const std::string& directory) {
  Result<Descriptor> opened = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!opened.is_ok()) return opened.take_status();
  if (uninterrupted([&] { return ::fsync(opened->number()); }) == 0) return Status::ok();
  // Some network file systems cannot sync a directory, and have no need to.
  if (errno == EINVAL) return Status::ok();
  return failed(directory, "sync directory");
}

Result<SinkForm> best_posix_form(const std::string& directory) {
  struct statfs system;
  if (uninterrupted([&] { return ::statfs(directory.c_str(), &system); }) != 0) {
    return failed(directory, "stat file system");
  }
  switch (static_cast<uint64_t>(system.f_type)) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case TMPFS_MAGIC: return SinkForm::kMapped;
    default: return SinkForm::kWrite;
  }
}

}  // namespace skiplith
