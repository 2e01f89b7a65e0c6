// From logged records back to memtables.
#pragma once

#include <vector>

#include "db/options.h"
#include "db/view.h"
#include "wal/replay.h"

namespace skiplith {

// Applies the plan's records in order, to as many memtables as the budget asks for (newest
// first, without segments). A clear drops all that came before it. kCorruption when a record
// does not decode to as many mutations as it says.
struct Replayed {
  MemtableList newest_first;
  bool cleared = false;  // nothing older counts any more, tables included
};
Status apply_plan(const ReplayPlan& plan, const std::vector<SegmentContents>& segments,
                  const Options& options, Replayed* replayed);

}  // namespace skiplith
