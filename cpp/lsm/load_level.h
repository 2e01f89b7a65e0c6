// Where loaded tables go.
#pragma once

#include "lsm/compaction_plan.h"
#include "lsm/level_targets.h"

namespace skiplith {

// The deepest level for a table of this range that is newer than all there is: neither there nor
// above lies anything that it overlaps, so newer stays above older. 0 where level 0 itself has
// such a table. `running`, or null: a compaction, whose output may come to lie anywhere in its
// range.
uint32_t level_for_load(const LevelMetas& levels, const KeyRange& range,
                        const CompactionPlan* running);

}  // namespace skiplith
