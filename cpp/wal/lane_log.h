// One lane's place in the active segment: where its next record goes, and how it gets there.
#pragma once

#include <vector>

#include "wal/segment.h"

namespace skiplith {

// Writes a lane's records into its blocks. Whoever holds the lane uses it; it shares nothing
// with other lanes but the segment's block counter.
//
//   if (!log.try_reserve(segment, payload_bytes)) ... let the lane go, segment.grow_for(), again
//   log.write_payload(head, tail);      // no sequence yet; copies both
//   ... take the sequence ...
//   log.commit(first, count);           // header, then the trailer: the record is true
//
// Between try_reserve and write_payload the lane must not change hands; a reservation that is
// not used costs nothing, its blocks serve the next records. Between write_payload and commit
// stands nothing that can fail; whoever cannot go on calls abandon() instead, before a sequence
// is taken.
//
// Mapped form: stores into the segment, in the order of segment_format.h; commit() cannot fail.
// Write form: the record is built in a private buffer and goes out by one pwrite in commit(). A
// pwrite that fails is returned by this and every later commit(), and nothing more is written.
//
// In both forms a lane's first block in a segment is known on disk before the lane's first
// sequence is taken there: replay explains a missing sequence only by a lane that it can see.
class LaneLog {
 public:
  explicit LaneLog(uint32_t lane) : lane_(lane) {}
  LaneLog(const LaneLog&) = delete;
  LaneLog& operator=(const LaneLog&) = delete;

  // Makes sure that there is room for one record with this much payload (at least 1 byte). Never
  // waits and does no I/O; false: the segment must grow first.
  bool try_reserve(Segment& segment, uint64_t payload_bytes);

  // `head` and `tail` together are the payload, no more than was reserved.
  void write_payload(Bytes head, Bytes tail = {});

  Status commit(Sequence first, uint32_t count);

  // Not ok: a write of this lane failed, perhaps the one that makes it known. Look before taking
  // a sequence; abandon() then.
  const Status& failure() const { return failure_; }

  // Un-writes the payload. (A record of more than one block leaves its blocks unused.)
  void abandon();

  // The lane's next record goes into another segment; the count of records starts again.
  void reset();

  // Committed into the present segment.
  uint64_t records() const { return records_; }

 private:
  // Blocks of the segment, one behind the other.
  struct Run {
    uint64_t offset = 0;
    uint64_t blocks = 0;
  };
  // Where the record being written lies.
  struct Place {
    uint64_t offset = 0;  // of the record in the file
    uint64_t blocks = 0;  // fresh ones that it begins; 0: it lies in the current block
    uint64_t trailer_offset = 0;
    uint32_t payload_bytes = 0;
    uint64_t payload_hash = 0;

    uint64_t first_block() const { return offset - kBlockHeaderBytes; }  // with blocks > 0
  };

  void bind(Segment& segment);
  bool fits_current_block(uint64_t payload_bytes) const {
    return next_ + record_bytes(payload_bytes) <= block_end_;
  }
  BlockHeader header_of(uint64_t continuation) const {
    return {.lane = lane_,
            .continuation = static_cast<uint32_t>(continuation),
            .ordinal = next_ordinal_ + continuation};
  }
  bool try_take_run(uint64_t payload_bytes);
  void choose_place(uint64_t payload_bytes);
  void make_lane_known();
  void open_buffer();
  void stamp_blocks();
  bool write_run(Bytes head, Bytes tail) const;
  // Where a file offset lies in the mapping or in the buffer.
  char* at(uint64_t offset) const { return image_ + (offset - image_offset_); }
  uint64_t copy(uint64_t offset, Bytes bytes);
  void store_head_and_trailer(Sequence first, uint32_t count);
  Status write_buffer();
  void spend_spare_blocks();

  const uint32_t lane_;
  bool is_mapped_ = false;
  Segment* segment_ = nullptr;
  char* image_ = nullptr;      // mapped form: the mapping; write form: buffer_
  uint64_t image_offset_ = 0;  // the file offset at image_
  uint64_t next_ = 0;          // where a record may begin in the current block
  uint64_t block_end_ = 0;     // of the current block; 0: there is none
  Run spare_;                  // taken and untouched
  uint64_t next_ordinal_ = 0;
  uint64_t records_ = 0;
  Place place_;  // payload_bytes > 0: between write_payload and commit
  std::vector<char> buffer_;
  Status failure_;
};

}  // namespace skiplith
