// Opening a directory: lock, manifest, replay, and ending the life of what a crash left.
#pragma once

#include <memory>
#include <string>

#include "db/options.h"
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
  View::MemtableList memtables;        // newest first
  Sequence last_sequence = 0;
  uint64_t records = 0;    // replayed
  uint64_t log_bytes = 0;  // of the segments they came from
  double seconds = 0;
};

// In this order, each step leaving a directory that the next open understands:
//
//  1. Look, take the lock, look again: nothing is touched before the lock is held.
//  2. Read the manifest and replay the live segments into memory. Anything wrong ends here, with
//     the directory as it was. Read-only stops here, well.
//  3. Unless every segment was closed cleanly: rewrite what counts into a new segment and let
//     one manifest edit name it and drop the others (rewrite.h). From here on no gap that this
//     crash left can be taken for a lost tail after the next.
//  4. Remove the files that the manifest does not name, once that manifest is on disk: what was
//     read of it may have been in the page cache only.
//
// It may be killed at any point and run again.
Result<Recovered> recover(Files& files, const std::string& directory, OpenMode mode,
                          const Options& options);

}  // namespace skiplith
