// Files in memory, which know what a power cut may take.
//
// Each file is there twice, as everybody reads it and as the disk has it, and so is each directory
// with its names. A sync brings the second up to the first. Stores into a mapped segment are
// writes like any other. crash() makes what a machine may find that has lost power at this
// moment: of all that is not synced, some.
//
//   contents   each sector of 512 bytes, or each page of 4 KiB (the seed says which), is old or
//              new; the size is old or new, or, of a file that has grown, anything between, and
//              what was never written back reads as zeros
//   names      each file made, removed or renamed is so or not yet; changes of one name keep
//              their order, and a rename is never half done (memory_names.h)
//
// Names and contents are apart: a file that was synced may have no name, a name that was synced no
// contents. Nothing is half done of one call here, but the calls that are several steps on a disk
// are several here (OperationObserver): create_segment makes, grows and syncs; finish cuts and
// syncs; make_directories makes one after the other.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"
#include "io/memory_disk.h"

namespace skiplith {

// Any thread; files and locks may outlive it. A sync costs a copy of the file. Directories are
// never removed or renamed, and there are no links. Locks say who has a directory open in here;
// other MemoryFiles have other directories of the same names.
class MemoryFiles : public Files {
 public:
  // `form` is what best_form() answers.
  explicit MemoryFiles(SinkForm form = SinkForm::kMapped);

  // What may be found after a power cut now: each unsynced change is kept with the probability
  // `keep`, by the seed. 0: only what was synced; 1: everything. Another boot, no locks, and
  // independent of these files, which go on. Stores that other threads are in the middle of may
  // come out torn, as they may on a disk.
  std::unique_ptr<MemoryFiles> crash(uint64_t seed, double keep) const;
  // What another process finds when this one dies now: all contents, the same boot, no locks;
  // what is not synced stays so. Nobody may be in the middle of a store into a mapping: a kill
  // tears none, but here it is copied while it happens.
  std::unique_ptr<MemoryFiles> kill() const;
  // The disk gets some of what is not synced, as it may at any moment; nobody sees that before a
  // crash. Without it a crash finds of each sector what was synced or what was written last,
  // nothing between.
  void write_back(uint64_t seed, double keep);

  // One observer at a time, an empty one for none; it may call anything here. What it throws comes
  // out of the operation, which is then not done. Not inherited by what crash() and kill() make.
  void on_operation(OperationObserver observer);

  // A file that is on disk, in place of whatever was there; with its directories. Who has the old
  // one open keeps it. EISDIR, ENOTDIR.
  Status plant(const std::string& path, const std::string& contents);
  Result<std::string> contents(const std::string& path) const;

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
  uint64_t random64() override;  // the system's, so that no two databases are alike

 private:
  // Makes an empty file, mapped with that many bytes unless that is 0.
  Result<std::shared_ptr<MemoryFile>> create(const std::string& path, uint64_t mapped_bytes);

  const SinkForm form_;
  const std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace skiplith
