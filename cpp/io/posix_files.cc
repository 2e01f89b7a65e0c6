// The operating system behind the interface; one file beside this one for each noun of it.
#include <sys/random.h>

#include <array>
#include <cstdio>

#include "base/check.h"
#include "io/files.h"
#include "io/posix_descriptor.h"
#include "io/posix_directory.h"
#include "io/posix_file.h"
#include "io/posix_lock.h"
#include "io/posix_segment.h"

namespace skiplith {
namespace {

class PosixFiles : public Files {
 public:
  Result<PathKind> kind_of(const std::string& path) override { return posix_kind_of(path); }
  Status make_directories(const std::string& directory) override {
    return make_posix_directories(directory);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return list_posix_directory(directory);
  }
  Status sync_directory(const std::string& directory) override {
    return sync_posix_directory(directory);
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed(from, "rename");
    return Status::ok();
  }
  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failed(path, "remove");
    return Status::ok();
  }

  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    return open_posix_readable(path);
  }
  Result<std::unique_ptr<AppendableFile>> create_appendable(const std::string& path) override {
    return create_posix_appendable(path);
  }
  Result<std::unique_ptr<SegmentFile>> create_segment(const std::string& path, SinkForm form,
                                                      uint64_t capacity,
                                                      uint64_t reserved) override {
    return create_posix_segment(path, form, capacity, reserved);
  }
  Result<SinkForm> best_form(const std::string& directory) override {
    return best_posix_form(directory);
  }
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, bool shared) override {
    return lock_posix_directory(directory, shared);
  }

  BootId boot_id() override;
  uint64_t random64() override;
};

// A UUID in hexadecimal; in any other form, or unreadable: unknown.
BootId PosixFiles::boot_id() {
  Result<std::unique_ptr<ReadableFile>> file =
      open_posix_readable("/proc/sys/kernel/random/boot_id");
  if (!file.is_ok()) return {};
  std::array<char, 64> text;
  Result<size_t> size = (*file)->read(0, text.data(), text.size());
  if (!size.is_ok()) return {};

  BootId id;
  int digits = 0;
  for (const char c : Bytes(text.data(), *size)) {
    if (c == '-' || c == '\n') continue;
    const bool decimal = c >= '0' && c <= '9';
    if (digits == 32 || !(decimal || (c >= 'a' && c <= 'f'))) return {};
    uint64_t& word = id.words[digits++ / 16];
    word = word << 4 | static_cast<uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return digits == 32 ? id : BootId{};
}

uint64_t PosixFiles::random64() {
  uint64_t value;
  const ssize_t size = uninterrupted([&] { return ::getrandom(&value, sizeof value, 0); });
  SKIPLITH_CHECK(size == sizeof value);  // up to 256 bytes are never cut short
  return value;
}

}  // namespace

Files& posix_files() {
  static auto* files = new PosixFiles;  // leaked: used until the very end of the process
  return *files;
}

}  // namespace skiplith
