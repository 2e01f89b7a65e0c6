// One log file while it is written: hands out blocks to lanes, grows, syncs, closes.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/locks.h"
#include "wal/segment_format.h"

namespace skiplith {

// A sink: nothing of the engine ever reads it back, only replay after the process is gone.
//
// Who may call what: try_take_blocks, write, wants_*, grow_* and the plain accessors: any thread at
// any time. populate_ahead: one thread at a time, beside all others. sync, note_*: one thread at a
// time (the syncing leader), beside all others. close_cleanly: once, when nobody writes, grows or
// syncs any more, and never after a failed write or sync.
//
// Invariants: used_bytes() <= capacity(); both only grow. Every byte in a block that nobody has
// taken is zero. The file has the size that `allocated` in the header page says before it says so:
// within one boot, a file that is shorter has been cut by somebody else. (A power cut may keep the
// page and lose the size: what it then loses was never synced.)
class Segment {
 public:
  // Makes the file with its header page and syncs it; the directory is the caller's to sync.
  // `capacity` at least segment_bytes_for(0); `reserved` is the most it may ever grow to.
  static Result<std::unique_ptr<Segment>> create(Files& files, const std::string& path,
                                                 uint64_t number, const SegmentIdentity& identity,
                                                 SinkForm form, uint64_t capacity,
                                                 uint64_t reserved);

  uint64_t number() const { return number_; }
  uint64_t nonce() const { return nonce_; }
  SinkForm form() const { return file_->form(); }
  char* mapped() const { return file_->mapped(); }  // nullptr in the write form
  const std::string& path() const { return file_->path(); }

  // Takes `count` blocks that lie one behind the other. Never waits; false: grow first.
  bool try_take_blocks(uint64_t count, uint64_t* first_block_offset);

  // The end of the last block taken.
  uint64_t used_bytes() const;
  uint64_t capacity() const;
  // Half of the room that it should have beyond its used bytes is gone, and there is more to be
  // had: time for grow_ahead().
  bool wants_growth() const;
  // One step, a MiB, towards that room: as much as has been used, 1 to 8 MiB. False: it is there.
  Result<bool> grow_ahead();
  // The same for the pages of that room, which writers need not wait for: growth is tens of
  // microseconds a step, a page 1 to 4 us, and who comes before its page makes it. Half of them are
  // gone: time for populate_ahead(), a MiB a step; false: they are there.
  bool wants_populating() const { return is_short_of_pages(2); }
  // It also lets go of the pages behind: nobody reads them, and they were a quarter of the memory
  // of a process that writes.
  bool populate_ahead();
  // Grows until a record of this payload fits (at once if it does already; others may take the
  // room before the caller does: try and call again). kInvalidArgument when `reserved` does not
  // suffice: the caller freezes and takes a segment that starts empty. Reaches segment_grow.
  Status grow_for(uint64_t payload_bytes);

  // Mapped form, a run of blocks: what stores would do, by a call, which is cheaper where no page
  // is ready yet. Any thread. False: store.
  bool write_unpopulated(uint64_t offset, std::span<const Bytes> pieces);

  // Write form only.
  Status write(uint64_t offset, Bytes bytes) { return file_->write(offset, bytes); }

  Status sync() { return file_->sync(); }
  // Leaves in the header page that every sequence up to this one has been synced, so that its
  // absence is later known as damage. Not synced itself; that it may fail is harmless.
  void note_synced_through(Sequence sequence);

  // Leaves in the header page, as well as that can still be done, that a sync has failed: replay
  // in the same boot then trusts the page cache no more than after a power cut.
  void note_sync_failed();

  // Every sequence of the store up to `last` is in this segment, an older one, or a table, and
  // `records` of the records are in this one. Sync, footer, sync, then the file is cut to
  // used_bytes(). The two syncs are needed: with one, a machine that dies may keep the footer and
  // lose records, and replay would call damage what was an ordinary crash (7 of 17 states of a
  // model). Reaches close_synced and close_footer.
  Status close_cleanly(Sequence last, uint64_t records);

 private:
  Segment(std::unique_ptr<SegmentFile> file, uint64_t number, uint64_t nonce);
  Status write_header(const SegmentIdentity& identity);
  Status grow_to(uint64_t bytes);  // with growing_ held
  // Is less populated beyond the used bytes than there should be, divided by `share`?
  bool is_short_of_pages(uint64_t share) const;
  void release_behind();
  void set_overtaken(uint32_t runs);
  // Stores into the header page in either form.
  Status store(uint64_t offset, Bytes bytes);

  const std::unique_ptr<SegmentFile> file_;
  const uint64_t number_;
  const uint64_t nonce_;
  Mutex growing_;  // row 2 of the wait order; held for one step
  std::atomic<uint64_t> capacity_;
  std::atomic<uint64_t> populated_{0};    // by populate_ahead(), up to here
  uint64_t released_ = kHeaderPageBytes;  // the same
  alignas(64) std::atomic<uint64_t> next_offset_{kHeaderPageBytes};
  // So many runs in succession have come before their pages. After four none are made ahead, until
  // a single block is taken. Values of 64 KiB, one thread: 25,000 a second, with pages 14,000; but
  // batches of 1,000 pairs with them 4.7 million pairs, without 4.2.
  std::atomic<uint32_t> overtaken_{0};
};

}  // namespace skiplith
