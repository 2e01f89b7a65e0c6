// Opening a directory: lock, manifest, replay, and ending the life of what a crash left.
#pragma once

#include <memory>
#include <string>

#include "db/options.h"
#include "db/table_store.h"
#include "db/view.h"
#include "io/files.h"
#include "lsm/manifest.h"

namespace skiplith {

// What an engine starts from.
struct Recovered {
  std::string directory;
  SegmentIdentity identity;
  SinkForm form = SinkForm::kWrite;
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<Manifest> manifest;  // read-only: never appended to
  std::unique_ptr<TableStore> store;
  std::shared_ptr<const Levels> levels = std::make_shared<const Levels>();
  MemtableList memtables;  // newest first; only when nothing may be written
  Sequence last_sequence = 0;
  uint64_t records = 0;    // replayed
  uint64_t log_bytes = 0;  // of the live segments; only when nothing may be written
  double seconds = 0;
};

// In this order, each step leaving a directory that the next open understands:
//
//  1. Look, take the lock, look again: nothing is touched before the lock is held.
//  2. Read the manifest and replay the live segments into memory. Anything wrong ends here, with
//     the directory as it was. Read-only stops here, well.
//  3. Write what counts to tables and let one manifest edit name these, and drop all segments: a
//     dead segment is never replayed, so no gap that this crash left can be taken for a lost tail
//     after the next.
//  4. Remove the files that the manifest does not name, once that manifest is on disk: what was
//     read of it may have been in the page cache only.
//
// It may be killed at any point and run again.
Result<Recovered> recover(Files& files, const std::string& directory, OpenMode mode,
                          const Options& options);

}  // namespace skiplith
