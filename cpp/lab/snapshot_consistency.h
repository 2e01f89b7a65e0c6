// Did each read of several keys see one moment?
#pragma once

#include "lab/operation.h"
#include "lab/verdict.h"
#include "record/kind.h"

namespace skiplith::lab {

// A write that was acknowledged: one mutation or a batch, whose mutations all have the batch's last
// sequence here, as they become visible together.
struct SequencedWrite {
  uint32_t thread = 0;
  uint64_t begin_ns = 0, end_ns = 0;
  Sequence sequence = 0;
  std::vector<Pair> pairs;  // in order: the last mutation of a key counts
};

struct PointRead {
  uint32_t thread = 0;
  uint64_t begin_ns = 0, end_ns = 0;
  std::vector<Pair> pairs;
};

// For each read there must be a sequence S such that every key has the value of its last write up
// to S, and such that
//
//   no write that ended before the read began is above S,
//   no write that began after the read ended is at or below S,
//   no read that ended before this one began needs a larger S.
//
// Reads are given the smallest S that fits, by the moment of their beginning, which leaves the most
// to the others. Equal stamps decide nothing. Values need not be unique. The first violation is
// explained. Never answers kUnknown.
Checked check_snapshot_consistency(const std::vector<SequencedWrite>& writes,
                                   const std::vector<PointRead>& reads,
                                   const Contents& initial = {});

}  // namespace skiplith::lab
