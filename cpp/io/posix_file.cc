#include "io/posix_file.h"

#include <sys/stat.h>

#include "io/posix_descriptor.h"

namespace skiplith {
namespace {

class PosixReadable : public ReadableFile {
 public:
  PosixReadable(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Result<size_t> read(uint64_t offset, char* buffer, size_t size) const override {
    size_t done = 0;
    while (done < size) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(file_.number(), buffer + done, size - done,
                       static_cast<off_t>(offset + done));
      });
      if (count == -1) return failed(path_, "read");
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Result<uint64_t> size() const override {
    struct stat status;
    if (::fstat(file_.number(), &status) != 0) return failed(path_, "stat");
    return static_cast<uint64_t>(status.st_size);
  }

  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  const Descriptor file_;
};

// No buffer of its own: after a kill, whatever append() took is in the page cache. A failed
// append may leave a part of its bytes, always a prefix.
class PosixAppendable : public AppendableFile {
 public:
  PosixAppendable(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Status append(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t count =
          uninterrupted([&] { return ::write(file_.number(), bytes.data(), bytes.size()); });
      if (count == -1) return failed(path_, "write");
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return Status::ok();
  }

  Status sync() override {
    if (uninterrupted([&] { return ::fdatasync(file_.number()); }) != 0) {
      return failed(path_, "sync");
    }
    return Status::ok();
  }

  Status close() override {
    if (file_.close() != 0) return failed(path_, "close");
    return Status::ok();
  }

  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  Descriptor file_;
};

}  // namespace

Result<std::unique_ptr<ReadableFile>> open_posix_readable(const std::string& path) {
  Result<Descriptor> file = open_descriptor(path, O_RDONLY);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<ReadableFile>(new PosixReadable(path, std::move(*file)));
}

Result<std::unique_ptr<AppendableFile>> create_posix_appendable(const std::string& path) {
  Result<Descriptor> file = open_descriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<AppendableFile>(new PosixAppendable(path, std::move(*file)));
}

}  // namespace skiplith
