// Which of the logged records count: the three rules of recovery, as a pure function.
#pragma once

#include "wal/segment_contents.h"

namespace skiplith {

// What to apply, in order. The records borrow from the contents that the plan was made of: keep
// them until the records are applied.
struct ReplayPlan {
  std::vector<LoggedRecord> records;  // by sequence
  Sequence last_sequence = 0;         // base_sequence when there is no record
  uint64_t dropped_records = 0;       // valid, but behind a gap that a dead machine left
  uint64_t dropped_bytes = 0;         // their payloads
  bool clean = false;                 // every segment was closed cleanly
};

// `segments`: all live ones, oldest first (ascending numbers). `base_sequence`: everything up to
// it is in tables. Sequences are dense, so whatever is missing shows:
//
//  1. Missing at or below a synced-through, or a cleanly closed segment's last sequence:
//     kCorruption, never a silent cut; it names the segment that is damaged there, if one is, else
//     the one that promised. So is any damage in a cleanly closed segment.
//  2. A segment of this boot (the process died, the page cache did not): damage is kCorruption.
//     A gap must be a record in flight: nothing was in flight in any but the last segment written
//     to (a freeze holds all lanes), and each gap needs a lane of its own whose last valid
//     record precedes it. Everything valid is applied.
//  3. Another or unknown boot (the machine died): the longest dense prefix is kept, the rest
//     dropped. A gap of this kind before a segment of rule 2 is kCorruption: recovery would have
//     ended the older segment's life before anything was written to a newer one.
//
// Overlapping sequences, sequences at or below the base, or out of order between segments:
// kCorruption. Whether a payload decodes to `count` mutations is for whoever applies it to check.
Result<ReplayPlan> plan_replay(const std::vector<SegmentContents>& segments, Sequence base_sequence,
                               const BootId& current);

}  // namespace skiplith
