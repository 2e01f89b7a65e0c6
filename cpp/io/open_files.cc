#include "io/open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/check.h"

namespace skiplith {

class OpenFiles::File final : public ReadableFile {
 public:
  File(OpenFiles& home, std::string path)
      : home_(home), path_(std::move(path)), place_(home.opened_.end()) {}
  ~File() override { home_.close(*this); }

  Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
    Result<Handle> opened = home_.open(*this);
    if (!opened.is_ok()) return opened.take_status();
    return (*opened)->file->read(offset, buffer, size);
  }
  Result<uint64_t> size() const override {
    Result<Handle> opened = home_.open(*this);
    if (!opened.is_ok()) return opened.take_status();
    return (*opened)->file->size();
  }
  const std::string& path() const override { return path_; }

 private:
  friend class OpenFiles;
  OpenFiles& home_;
  const std::string path_;
  mutable Handles::iterator place_;  // under the home's mutex; its end: closed
};

OpenFiles::~OpenFiles() { SKIPLITH_CHECK(opened_.empty()); }

size_t OpenFiles::most_open() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMostOpen;
  return std::min<rlim_t>(kMostOpen, limit.rlim_cur / 4);
}

Result<std::unique_ptr<ReadableFile>> OpenFiles::open_readable(const std::string& path) {
  auto file = std::make_unique<File>(*this, path);
  Result<Handle> opened = open(*file);
  if (!opened.is_ok()) return opened.take_status();
  return std::unique_ptr<ReadableFile>(std::move(file));
}

Result<OpenFiles::Handle> OpenFiles::open(const File& file) {
  MutexLock lock(mutex_);
  if (file.place_ != opened_.end()) {
    opened_.splice(opened_.begin(), opened_, file.place_);
    return *file.place_;
  }
  lock.unlock();
  Result<std::unique_ptr<ReadableFile>> fresh = files_.open_readable(file.path());
  if (!fresh.is_ok()) return fresh.take_status();
  Handles opened{std::make_shared<const Opened>(&file, std::move(*fresh))};
  const size_t most = most_open(), now = open_now();
  Handles closed;  // once the mutex is let go
  lock.lock();
  if (file.place_ == opened_.end()) {  // nobody was faster
    opened_.splice(opened_.begin(), opened);
    file.place_ = opened_.begin();
  }
  const Handle handle = *file.place_;
  for (size_t over = now - std::min(now, most); over > 0 && opened_.size() > 1; --over) {
    opened_.back()->owner->place_ = opened_.end();
    closed.splice(closed.begin(), opened_, std::prev(opened_.end()));
  }
  lock.unlock();
  return handle;
}

void OpenFiles::close(const File& file) {
  Handles closed;
  MutexLock lock(mutex_);
  if (file.place_ != opened_.end()) closed.splice(closed.begin(), opened_, file.place_);
  lock.unlock();
}

}  // namespace skiplith
