// Rewriting the log: everything live, in one new segment, in place of all the segments before.
#pragma once

#include <string>

#include "db/cursor.h"
#include "io/files.h"
#include "lsm/manifest.h"

namespace skiplith {

// Writes all pairs that `everything` sees to a new segment, closes it cleanly, and makes one
// manifest edit name it and drop all others. A crash before the edit leaves the old segments as
// the truth and an orphan; after it, the new one.
//
// The n pairs get the last n sequences up to everything.sequence (each live pair was at least
// one mutation, so there are that many), and the manifest's base sequence moves up to just below
// them. So sequences stay dense and never go back. Nobody writes meanwhile.
Status rewrite_log(Files& files, const std::string& directory, const SegmentIdentity& identity,
                   const ReadPoint& everything, Manifest* manifest);

}  // namespace skiplith
