// Reads one lane's records out of its runs of blocks. Part of read_segment.
#pragma once

#include "wal/segment_contents.h"

namespace skiplith {

// Blocks of one lane, one behind the other in the file, the first of continuation 0.
struct Run {
  uint32_t lane = 0;
  uint64_t offset = 0;
  uint64_t blocks = 1;
  uint64_t ordinal = 0;           // of the first block
  bool before_untouched = false;  // the block behind it in the file has never been written to
};

// Keeps the first damage.
void note_damage(SegmentContents* contents, uint64_t offset, const char* what);

// Takes a lane's runs in their order. Behind a lane's last record there may be the beginning of
// one in flight; everywhere else, what is not a record must be zeros.
class RunReader {
 public:
  RunReader(uint64_t nonce, uint32_t lane, SegmentContents* contents)
      : nonce_(nonce), contents_(contents), tail_{.lane = lane} {}

  // `stream`: the run's payload areas, joined; the records found borrow from it.
  void read(const Run& run, const char* stream);
  const LaneTail& tail() const { return tail_; }

 private:
  // The bytes of the record at `position`; 0 when the run has no further one.
  uint64_t read_record(const Run& run, Bytes stream, uint64_t position);
  uint64_t note_in_flight(const RecordHeader& header);
  uint64_t note_damage_at(uint64_t offset, const char* what);

  const uint64_t nonce_;
  SegmentContents* const contents_;
  LaneTail tail_;
  std::optional<uint64_t> unread_offset_;  // of what is neither record nor zeros in the last run
};

}  // namespace skiplith
