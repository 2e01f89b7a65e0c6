// Tiered compaction: which sorted runs are merged.
#pragma once

#include <optional>

#include "lsm/level_targets.h"

namespace skiplith {

// All tables of the levels from 0 down to `deepest`, into `output`, above which then nothing is.
struct TiersToMerge {
  uint32_t deepest = 0;
  uint32_t output = kLastLevel;
};

// Every table of level 0 is a run, and so is every deeper level that has tables. None while level 0
// lacks its tables; else all of that, and of the runs below one after the other as long as each is
// no larger than what is merged already: so an entry is written once for each doubling, and runs
// are of ever twice the size. The output goes as deep as it can, which leaves levels for the runs
// to come.
//
// There are six levels for runs. When doubling is not enough for all of the data to fit into them,
// it is the least factor that is.
std::optional<TiersToMerge> tiers_to_merge(const LevelMetas& levels,
                                           const CompactionParameters& parameters);

}  // namespace skiplith
