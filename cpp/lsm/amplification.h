// What the levels cost for what they hold: estimates from metas alone.
#pragma once

#include "lsm/level_targets.h"

namespace skiplith {

// The most tables that have one key in their range: so many a lookup has to ask when no filter
// spares it, and a scan has to merge. 0 without tables.
uint64_t read_amplification(const LevelMetas& levels);

// Bytes of all tables for a byte of those that hold what is live, at most about. Tables with
// nothing older below them hold live entries, but for their old versions and tombstones; a table
// above others may only hide what they have, and a tombstone takes an entry from them. 1 when
// everything is live for certain, or nothing is there; infinite when it may be that nothing is.
double space_amplification(const LevelMetas& levels);

}  // namespace skiplith
