// Checks a table against all that its readers rely on.
#pragma once

#include "table/frame.h"

namespace skiplith {

// Reads every block of the file. Ok, or kCorruption with the place of what is wrong first.
Status verify_table(const Frame& frame);

}  // namespace skiplith
