// Supply: room for writers, made before they need it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/locks.h"
#include "db/options.h"
#include "db/view.h"
#include "io/files.h"
#include "lsm/manifest.h"

namespace skiplith {

// What one write needs of its lane.
struct Need {
  uint64_t arena_bytes = 0;
  uint64_t log_bytes = 0;  // payload of its record
};

// Makes memtables with their segments, and lets segments grow. All of it does I/O, so callers
// hold no lane; a thread of its own does the same work ahead of use, in steps, and a writer that
// comes too early makes its own room: in the segment at once, a memtable when the mutex is free.
//
// A failure is an ordinary error (a full disk, say): nothing was written, and the next writer
// tries again. A segment is allocated, synced, its directory synced and its number in the
// manifest before next() hands it out: a crash at any earlier point leaves an empty file that no
// manifest names, or an empty segment that one does.
//
// Segments become active in the order of their numbers, since replay goes by them: what was made
// before something that may have become active in the meantime is thrown away, never used later.
class Supply {
 public:
  struct Place {
    Files& files;
    std::string directory;
    SegmentIdentity identity;
    SinkForm form;
  };
  Supply(Place place, const Options& options, Manifest* manifest)
      : place_(std::move(place)), options_(options), manifest_(manifest) {}

  // Whether an arena can ever have room for the write beside a budget's worth of others.
  bool can_ever_fit(const Need& need) const;

  // A memtable in which a write of `need` has room: the spare one, or a new one.
  Result<std::shared_ptr<LoggedMemtable>> next(const Need& need);
  // One that was not used after all becomes the spare one, or goes: the thread that works ahead
  // removes it, from the manifest and from disk.
  void give_back(std::shared_ptr<LoggedMemtable> unused);

  // Room for a record of `log_bytes` in the memtable's segment; false when it can never have it.
  Result<bool> grow(LoggedMemtable& memtable, uint64_t log_bytes);

  // Cheap, any thread: is there something to do ahead of use?
  bool should_work_ahead(const LoggedMemtable& active) const;
  // One step of it, a few milliseconds at most, and what is most urgent: a writer that comes too
  // early waits for no more. False: nothing to do. Failures wait for the writer who needs the room.
  // One thread, the one that works ahead.
  bool work_ahead(LoggedMemtable& active);

  // Removes the spare segment too. At close.
  Status discard_all();

 private:
  bool grow_log_ahead(Segment& segment);

  // All with mutex_ held.
  Result<std::shared_ptr<LoggedMemtable>> make(const Need& need);
  Result<std::shared_ptr<LoggedMemtable>> make_if_memory_lasts();
  Result<std::shared_ptr<Segment>> make_segment(const Need& need);
  Status discard_unwanted();
  void keep_spare(std::shared_ptr<LoggedMemtable> spare);
  std::shared_ptr<LoggedMemtable> take_spare();
  bool fits(const LoggedMemtable& memtable, const Need& need) const;

  const Place place_;
  const Options& options_;
  Manifest* const manifest_;  // null: no log
  Mutex mutex_;               // row 2 of the wait order ("next segment")
  std::shared_ptr<LoggedMemtable> spare_;
  // Wanted while there is no spare: so what is kept is never more than a spare would take.
  const std::shared_ptr<ArenaPool> arenas_ = std::make_shared<ArenaPool>();
  MemtableList unwanted_;
  uint64_t newest_number_ = 0;  // of all segments made
  std::atomic<bool> has_spare_{false};
  // Work ahead of use failed: not asked for again until a writer has had the room made.
  std::atomic<bool> ahead_failed_{false};
};

}  // namespace skiplith
