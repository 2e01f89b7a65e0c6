// Files that fail when a test says so, and count what is done to them.
#pragma once

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/files.h"

namespace skiplith::testing {

enum class Operation : uint8_t {
  kCreateSegment,
  kSegmentGrow,
  kSegmentWrite,
  kSegmentSync,
  kSegmentFinish,
  kCreateAppendable,
  kAppend,
  kAppendSync,
  kAppendClose,
  kOpenReadable,
  kRead,
  kList,
  kMakeDirectories,
  kSyncDirectory,
  kRename,
  kRemove,
  kCount
};

// How much of a failing operation happens all the same. Half: of the bytes to be written; nothing
// where there are no bytes. All: the system did it and then said otherwise.
enum class Done : uint8_t { kNothing, kHalf, kAll };

struct Fault {
  Operation operation;
  uint64_t nth = 1;  // counted from the call of fail_at()
  int error_number = EIO;
  Done done = Done::kNothing;
  bool sticky = false;  // all later ones too
};

// Forwards to `inner`. Any thread; outlives the files that it opens. Stores into a mapped segment
// pass by unseen.
class FaultyFiles : public Files {
 public:
  explicit FaultyFiles(Files& inner) : inner_(inner) {}

  void fail_at(const Fault& fault);
  void heal();  // no faults any more
  uint64_t calls(Operation operation) const;
  uint64_t failures(Operation operation) const;

  Result<PathKind> kind_of(const std::string& path) override;
  Status make_directories(const std::string& directory) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status sync_directory(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override;
  Result<std::unique_ptr<AppendableFile>> create_appendable(const std::string& path) override;
  Result<std::unique_ptr<SegmentFile>> create_segment(const std::string& path, SinkForm form,
                                                      uint64_t capacity,
                                                      uint64_t reserved) override;
  Result<SinkForm> best_form(const std::string& directory) override;
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, bool shared) override;
  BootId boot_id() override;
  uint64_t random64() override;

  // For the files: counts a call; the fault that strikes it, if one does.
  std::optional<Fault> strike(Operation operation);

 private:
  struct Armed {
    Fault fault;
    uint64_t at_call;
  };
  static constexpr size_t kOperations = static_cast<size_t>(Operation::kCount);

  Files& inner_;
  mutable std::mutex mutex_;
  std::vector<Armed> armed_;
  std::array<uint64_t, kOperations> calls_{};
  std::array<uint64_t, kOperations> failures_{};
};

}  // namespace skiplith::testing
