// Bounds of keys.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace skiplith {

// Which pairs a scan delivers: start <= key < stop unless said otherwise.
struct Range {
  std::optional<std::string> start, stop;
  bool include_start = true;
  bool include_stop = false;
  // Keys that begin with `prefix`, within the bounds there are.
  void intersect_prefix(Bytes prefix);
  bool before_start(Bytes key) const;
  bool after_stop(Bytes key) const;
};

}  // namespace skiplith
