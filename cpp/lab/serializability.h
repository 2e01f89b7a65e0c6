// Could the transactions have run one after the other?
#pragma once

#include "lab/operation.h"
#include "lab/verdict.h"
#include "record/kind.h"

namespace skiplith::lab {

enum class Outcome : uint8_t {
  kCommitted,
  kAborted,  // for certain: nobody may see what it wrote
  kUnknown,  // no answer came
};

struct Transaction {
  uint32_t thread = 0;
  uint64_t begin_ns = 0, end_ns = 0;
  Outcome outcome = Outcome::kCommitted;
  // A writer's commit sequence: its place among the versions of what it wrote. For one that only
  // reads, the sequence of its read point.
  Sequence sequence = 0;
  std::vector<Pair> reads;   // with their answers; not of what it wrote itself before
  std::vector<Pair> writes;  // in order: the last to a key counts
};

struct SerializabilityOptions {
  Contents initial = {};
  // Strict serializability: a transaction that ended before another began comes before it. Equal
  // stamps decide nothing.
  bool real_time = true;
};

// Builds the direct serialization graph (Adya, "Weak consistency", 1999) of those that committed,
// and looks for a cycle in it. Its edges:
//
//   ww  one wrote a version of a key, the other the next
//   wr  one wrote what the other read
//   rw  one read a version of a key, the other wrote the next
//   rt  one ended before the other began
//
// A cycle is a violation, printed with the kind and the key of each edge; it is a shortest one
// through its transactions. So is a read of what nobody wrote, what an aborted transaction wrote,
// or what its writer wrote over before it committed; and so are two writers with one sequence.
//
// Each value is written once, so that a read tells its version. Absence is not: a read of an absent
// key is taken for the last version below the reader's own sequence (up to it, where it only reads)
// that is absent, be it a delete or the time before the first write; or, where there is none below,
// for the first one above.
//
// A transaction of unknown outcome that somebody has read from has committed. Its place among the
// versions is not known, so it only has wr edges.
//
// It always ends, in a time that hardly grows faster than the transactions, and never answers
// kUnknown.
Checked check_serializability(const std::vector<Transaction>& transactions,
                              const SerializabilityOptions& options = {});

}  // namespace skiplith::lab
