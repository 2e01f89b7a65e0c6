// A history cut into parts that can be checked each on its own.
#pragma once

#include "lab/model.h"

namespace skiplith::lab {

// A history is linearizable just if it is for each key alone (Herlihy and Wing, 1990, on objects);
// keys that one operation names together are one object, and popitem and clear name all keys.
struct Part {
  std::vector<std::string> keys;  // in order; a key's number is its place here
  std::vector<ValueId> initial;   // of each
  std::vector<Step> steps;        // by the moment at which they began
};

// The parts borrow from the operations, which are sorted by the moment at which they began. Reads
// without an answer are left out: they say nothing.
std::vector<Part> split(const std::vector<Operation>& operations, const Contents& initial,
                        Values* values);

}  // namespace skiplith::lab
