#include "io/posix_segment.h"

#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "io/posix_descriptor.h"

#ifndef MADV_POPULATE_WRITE  // Linux 5.14; older headers lack the name
#define MADV_POPULATE_WRITE 23
#endif

namespace skiplith {
namespace {

// Allocation goes in pieces of this size: tmpfs undoes a whole call when a signal arrives, so
// with a frequent timer one large call might never end.
constexpr uint64_t kAllocateBytes = uint64_t{8} << 20;
constexpr size_t kZeroBytes = 64 << 10;
constexpr uint64_t kPopulateBytes = 64 << 10;

Status write_at(int file, const std::string& path, uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = uninterrupted(
        [&] { return ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (count == -1) return failed(path, "write");
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return Status::ok();
}

// Gives [begin, end), the file's end so far and to be, blocks that read as zeros.
Status allocate(int file, const std::string& path, uint64_t begin, uint64_t end) {
  while (begin < end) {
    const uint64_t size = std::min(end - begin, kAllocateBytes);
    if (uninterrupted([&] {
          return ::fallocate(file, 0, static_cast<off_t>(begin), static_cast<off_t>(size));
        }) != 0) {
      if (errno != EOPNOTSUPP) return failed(path, "allocate");
      // The file system cannot: write what it would have made.
      static const char zeros[kZeroBytes] = {};
      for (uint64_t at = begin; at < begin + size; at += kZeroBytes) {
        const uint64_t piece = std::min<uint64_t>(begin + size - at, kZeroBytes);
        SKIPLITH_RETURN_IF_ERROR(write_at(file, path, at, Bytes(zeros, piece)));
      }
    }
    begin += size;
  }
  return Status::ok();
}

// The mapping covers all that the file may become; what lies behind its end is never touched.
class PosixSegment : public SegmentFile {
 public:
  PosixSegment(std::string path, Descriptor file, SinkForm form, uint64_t reserved)
      : path_(std::move(path)), file_(std::move(file)), form_(form), reserved_(reserved) {}
  ~PosixSegment() override { unmap(); }

  Status map() {
    void* address = ::mmap(nullptr, reserved_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                           file_.number(), 0);
    if (address == MAP_FAILED) return failed(path_, "map");
    mapped_ = static_cast<char*>(address);
    return Status::ok();
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
    const uint64_t before = capacity();
    if (bytes <= before) return Status::ok();
    Status status = allocate(file_.number(), path_, before, bytes);
    if (!status.is_ok()) {
      // Gives back what a full disk let us have. Nobody stores behind `before`, and a file that
      // stays longer is only longer.
      (void)uninterrupted([&] { return ::ftruncate(file_.number(), static_cast<off_t>(before)); });
      return status;
    }
    // order: release, allocated before anybody relies on it
    capacity_.store(bytes, std::memory_order_release);
    return Status::ok();
  }

  void populate(uint64_t begin, uint64_t end) override {
    if (form_ != SinkForm::kMapped) return;
    const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    // In small pieces: meanwhile nobody in the process can map memory, which malloc does.
    for (uint64_t at = begin / page * page; at < end; at += kPopulateBytes) {
      const uint64_t size = std::min(end - at, kPopulateBytes);
      (void)uninterrupted([&] { return ::madvise(mapped_ + at, size, MADV_POPULATE_WRITE); });
    }
  }

  // The mapping is shared: a page that goes is dirty in the page cache if it was so here.
  void release(uint64_t begin, uint64_t end) override {
    if (form_ != SinkForm::kMapped) return;
    const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    begin = round_up(begin, page);
    end = end / page * page;
    if (begin < end) (void)::madvise(mapped_ + begin, end - begin, MADV_DONTNEED);
  }

  bool write_beside_stores(uint64_t offset, std::span<const Bytes> pieces) override {
    SKIPLITH_CHECK(form_ == SinkForm::kMapped && pieces.size() <= kMostPieces);
    iovec parts[kMostPieces];
    size_t bytes = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      parts[i] = {.iov_base = const_cast<char*>(pieces[i].data()), .iov_len = pieces[i].size()};
      bytes += pieces[i].size();
    }
    const ssize_t written = uninterrupted([&] {
      return ::pwritev(file_.number(), parts, static_cast<int>(pieces.size()),
                       static_cast<off_t>(offset));
    });
    return written >= 0 && static_cast<size_t>(written) == bytes;
  }

  Status write(uint64_t offset, Bytes bytes) override {
    SKIPLITH_CHECK(form_ == SinkForm::kWrite);
    return write_at(file_.number(), path_, offset, bytes);
  }

  Status sync() override { return sync_by(::fdatasync); }

  Status finish(uint64_t bytes) override {
    unmap();
    if (uninterrupted([&] { return ::ftruncate(file_.number(), static_cast<off_t>(bytes)); }) !=
        0) {
      return failed(path_, "truncate");
    }
    return sync_by(::fsync);
  }

  const std::string& path() const override { return path_; }

 private:
  Status sync_by(int (*call)(int)) const {
    if (uninterrupted([&] { return call(file_.number()); }) != 0) return failed(path_, "sync");
    return Status::ok();
  }

  void unmap() {
    if (mapped_ != nullptr) ::munmap(mapped_, reserved_);
    mapped_ = nullptr;
  }

  const std::string path_;
  const Descriptor file_;
  const SinkForm form_;
  const uint64_t reserved_;
  char* mapped_ = nullptr;
  std::atomic<uint64_t> capacity_{0};
};

Result<std::unique_ptr<SegmentFile>> make_segment(const std::string& path, Descriptor file,
                                                  SinkForm form, uint64_t capacity,
                                                  uint64_t reserved) {
  auto segment = std::make_unique<PosixSegment>(path, std::move(file), form, reserved);
  if (form == SinkForm::kMapped) SKIPLITH_RETURN_IF_ERROR(segment->map());
  SKIPLITH_RETURN_IF_ERROR(segment->grow(capacity));
  SKIPLITH_RETURN_IF_ERROR(segment->sync());
  return std::unique_ptr<SegmentFile>(std::move(segment));
}

}  // namespace

Result<std::unique_ptr<SegmentFile>> create_posix_segment(const std::string& path, SinkForm form,
                                                          uint64_t capacity, uint64_t reserved) {
  SKIPLITH_CHECK(0 < capacity && capacity <= reserved);
  Result<Descriptor> file = open_descriptor(path, O_RDWR | O_CREAT | O_EXCL);
  if (!file.is_ok()) return file.take_status();
  Result<std::unique_ptr<SegmentFile>> segment =
      make_segment(path, std::move(*file), form, capacity, reserved);
  if (!segment.is_ok()) ::unlink(path.c_str());
  return segment;
}

}  // namespace skiplith
