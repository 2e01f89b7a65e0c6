// Files that fail, or take their time, when a test says so, and count what is done to them.
#pragma once

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/locks.h"
#include "io/files.h"
#include "io/operation.h"

namespace skiplith {

// How much of a failing operation happens all the same. Half: of the bytes to be written; nothing
// where there are no bytes. All: the system did it and then said otherwise; but a segment that
// cannot be made or grown is as it was, as files.h promises.
enum class Done : uint8_t { kNothing, kHalf, kAll };

// One rule: which call is struck, and what happens to it.
struct Fault {
  Operation operation;
  std::string path = "*";  // a pattern (* ? [a-z]) for the last name of the path; of a rename, of
                           // either path
  uint64_t nth = 1;        // of the calls that match, counted from fail_at()
  int error_number = EIO;  // 0: it is only delayed
  Done done = Done::kNothing;
  bool sticky = false;    // all later ones too
  uint64_t delay_ms = 0;  // before it begins
};

// Forwards to `inner`. Any thread; it and `inner` outlive the files that it opens. Stores into a
// mapped segment pass by unseen.
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

  // For the files: counts a call, waits as long as it is to be delayed, and hands out the fault
  // that fails it, if one does. `to` is a rename's other path.
  std::optional<Fault> strike(Operation operation, const std::string& path,
                              const std::string& to = {});

 private:
  struct Armed {
    Fault fault;
    uint64_t matched = 0;
  };

  Files& inner_;
  mutable Mutex mutex_;
  std::vector<Armed> armed_;
  std::array<uint64_t, kOperations> calls_{};
  std::array<uint64_t, kOperations> failures_{};
};

}  // namespace skiplith
