// How far compaction is behind.
#pragma once

#include "lsm/level_targets.h"

namespace skiplith {

// About how many bytes compaction has to write until no level is due: what goes down, what it
// meets there, and what that pushes down in turn; if tiered, the runs that are merged next. 0 if
// and only if none is due; a further table in level 0 never makes it less. What is due for being
// obsolete or small does not count: it can wait.
uint64_t debt_bytes(const LevelMetas& levels, const CompactionParameters& parameters);

}  // namespace skiplith
