#include "io/faulty_files.h"

#include <fnmatch.h>

#include <chrono>
#include <thread>

namespace skiplith {
namespace {

Status injected(const Fault& fault, const std::string& path) {
  return Status::storage(fault.error_number, path, "injected");
}

// Runs `call` unless a fault strikes it; what happens all the same is up to the fault.
template <typename Call>
Status faulty(FaultyFiles& files, Operation operation, const std::string& path, Call call) {
  const std::optional<Fault> fault = files.strike(operation, path);
  if (!fault) return call();
  if (fault->done == Done::kAll) (void)call();
  return injected(*fault, path);
}

// As above, where there are bytes.
template <typename Call>
Status faulty_write(FaultyFiles& files, Operation operation, const std::string& path, Bytes bytes,
                    Call call) {
  const std::optional<Fault> fault = files.strike(operation, path);
  if (!fault) return call(bytes);
  if (fault->done == Done::kAll) (void)call(bytes);
  if (fault->done == Done::kHalf) (void)call(bytes.substr(0, bytes.size() / 2));
  return injected(*fault, path);
}

bool matches(const std::string& pattern, const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

class FaultyReadable : public ReadableFile {
 public:
  FaultyReadable(FaultyFiles& files, std::unique_ptr<ReadableFile> inner)
      : files_(files), inner_(std::move(inner)) {}

  Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
    if (const std::optional<Fault> fault = files_.strike(Operation::kRead, path())) {
      return injected(*fault, path());
    }
    return inner_->read(offset, buffer, size);
  }
  Result<uint64_t> size() const override { return inner_->size(); }
  const std::string& path() const override { return inner_->path(); }

 private:
  FaultyFiles& files_;
  const std::unique_ptr<ReadableFile> inner_;
};

class FaultyAppendable : public AppendableFile {
 public:
  FaultyAppendable(FaultyFiles& files, std::unique_ptr<AppendableFile> inner)
      : files_(files), inner_(std::move(inner)) {}

  Status append(Bytes bytes) override {
    return faulty_write(files_, Operation::kAppend, path(), bytes,
                        [&](Bytes part) { return inner_->append(part); });
  }
  Status sync() override {
    return faulty(files_, Operation::kAppendSync, path(), [&] { return inner_->sync(); });
  }
  Status close() override {
    return faulty(files_, Operation::kAppendClose, path(), [&] { return inner_->close(); });
  }
  const std::string& path() const override { return inner_->path(); }

 private:
  FaultyFiles& files_;
  const std::unique_ptr<AppendableFile> inner_;
};

class FaultySegment : public SegmentFile {
 public:
  FaultySegment(FaultyFiles& files, std::unique_ptr<SegmentFile> inner)
      : files_(files), inner_(std::move(inner)) {}

  SinkForm form() const override { return inner_->form(); }
  char* mapped() const override { return inner_->mapped(); }
  uint64_t capacity() const override { return inner_->capacity(); }
  uint64_t reserved() const override { return inner_->reserved(); }
  // Never done when it fails: that is its promise.
  Status grow(uint64_t bytes) override {
    if (const std::optional<Fault> fault = files_.strike(Operation::kSegmentGrow, path())) {
      return injected(*fault, path());
    }
    return inner_->grow(bytes);
  }
  void populate(uint64_t begin, uint64_t end) override { inner_->populate(begin, end); }
  void release(uint64_t begin, uint64_t end) override { inner_->release(begin, end); }
  bool write_beside_stores(uint64_t offset, std::span<const Bytes> pieces) override {
    return inner_->write_beside_stores(offset, pieces);
  }
  Status write(uint64_t offset, Bytes bytes) override {
    return faulty_write(files_, Operation::kSegmentWrite, path(), bytes,
                        [&](Bytes part) { return inner_->write(offset, part); });
  }
  Status sync() override {
    return faulty(files_, Operation::kSegmentSync, path(), [&] { return inner_->sync(); });
  }
  Status finish(uint64_t bytes) override {
    return faulty(files_, Operation::kSegmentFinish, path(), [&] { return inner_->finish(bytes); });
  }
  const std::string& path() const override { return inner_->path(); }

 private:
  FaultyFiles& files_;
  const std::unique_ptr<SegmentFile> inner_;
};

}  // namespace

void FaultyFiles::fail_at(const Fault& fault) {
  const MutexLock lock(mutex_);
  armed_.push_back({.fault = fault});
}

void FaultyFiles::heal() {
  const MutexLock lock(mutex_);
  armed_.clear();
}

uint64_t FaultyFiles::calls(Operation operation) const {
  const MutexLock lock(mutex_);
  return calls_[static_cast<size_t>(operation)];
}

uint64_t FaultyFiles::failures(Operation operation) const {
  const MutexLock lock(mutex_);
  return failures_[static_cast<size_t>(operation)];
}

std::optional<Fault> FaultyFiles::strike(Operation operation, const std::string& path,
                                         const std::string& to) {
  std::optional<Fault> struck;
  uint64_t delay_ms = 0;
  {
    const MutexLock lock(mutex_);
    ++calls_[static_cast<size_t>(operation)];
    for (Armed& armed : armed_) {
      const Fault& fault = armed.fault;
      if (fault.operation != operation) continue;
      if (!matches(fault.path, path) && (to.empty() || !matches(fault.path, to))) continue;
      const uint64_t match = ++armed.matched;
      if (match != fault.nth && !(fault.sticky && match > fault.nth)) continue;
      delay_ms += fault.delay_ms;
      if (!struck && fault.error_number != 0) struck = fault;
    }
    if (struck) ++failures_[static_cast<size_t>(operation)];
  }
  if (delay_ms != 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
  return struck;
}

Result<PathKind> FaultyFiles::kind_of(const std::string& path) {
  if (const std::optional<Fault> fault = strike(Operation::kKindOf, path)) {
    return injected(*fault, path);
  }
  return inner_.kind_of(path);
}

Status FaultyFiles::make_directories(const std::string& directory) {
  return faulty(*this, Operation::kMakeDirectories, directory,
                [&] { return inner_.make_directories(directory); });
}

Result<std::vector<std::string>> FaultyFiles::list(const std::string& directory) {
  if (const std::optional<Fault> fault = strike(Operation::kList, directory)) {
    return injected(*fault, directory);
  }
  return inner_.list(directory);
}

Status FaultyFiles::sync_directory(const std::string& directory) {
  return faulty(*this, Operation::kSyncDirectory, directory,
                [&] { return inner_.sync_directory(directory); });
}

Status FaultyFiles::rename(const std::string& from, const std::string& to) {
  const std::optional<Fault> fault = strike(Operation::kRename, from, to);
  if (!fault) return inner_.rename(from, to);
  if (fault->done == Done::kAll) (void)inner_.rename(from, to);
  return injected(*fault, from);
}

Status FaultyFiles::remove(const std::string& path) {
  return faulty(*this, Operation::kRemove, path, [&] { return inner_.remove(path); });
}

Result<std::unique_ptr<ReadableFile>> FaultyFiles::open_readable(const std::string& path) {
  if (const std::optional<Fault> fault = strike(Operation::kOpenReadable, path)) {
    return injected(*fault, path);
  }
  Result<std::unique_ptr<ReadableFile>> file = inner_.open_readable(path);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<ReadableFile>(new FaultyReadable(*this, std::move(*file)));
}

Result<std::unique_ptr<AppendableFile>> FaultyFiles::create_appendable(const std::string& path) {
  const std::optional<Fault> fault = strike(Operation::kCreateAppendable, path);
  if (fault) {
    if (fault->done == Done::kAll) (void)inner_.create_appendable(path);
    return injected(*fault, path);
  }
  Result<std::unique_ptr<AppendableFile>> file = inner_.create_appendable(path);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<AppendableFile>(new FaultyAppendable(*this, std::move(*file)));
}

Result<std::unique_ptr<SegmentFile>> FaultyFiles::create_segment(const std::string& path,
                                                                 SinkForm form, uint64_t capacity,
                                                                 uint64_t reserved) {
  if (const std::optional<Fault> fault = strike(Operation::kCreateSegment, path)) {
    return injected(*fault, path);
  }
  Result<std::unique_ptr<SegmentFile>> file = inner_.create_segment(path, form, capacity, reserved);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<SegmentFile>(new FaultySegment(*this, std::move(*file)));
}

Result<SinkForm> FaultyFiles::best_form(const std::string& directory) {
  return inner_.best_form(directory);
}

Result<std::unique_ptr<DirectoryLock>> FaultyFiles::lock(const std::string& directory,
                                                         bool shared) {
  if (const std::optional<Fault> fault = strike(Operation::kLock, directory)) {
    return injected(*fault, directory);
  }
  return inner_.lock(directory, shared);
}

BootId FaultyFiles::boot_id() { return inner_.boot_id(); }

uint64_t FaultyFiles::random64() { return inner_.random64(); }

}  // namespace skiplith
