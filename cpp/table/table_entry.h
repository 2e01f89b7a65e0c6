// What a table holds: one version of one key.
#pragma once

#include "base/bytes.h"
#include "record/kind.h"

namespace skiplith {

// Internal order, that of a table: keys ascend bytewise; versions of one key descend by sequence.
struct TableEntry {
  Bytes key = {};
  Sequence sequence = 0;
  Kind kind = Kind::kPut;  // kPut or kDelete
  Bytes value = {};        // empty for kDelete
};

}  // namespace skiplith
