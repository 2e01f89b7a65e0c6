// Whose file is it? Every segment, manifest and table carries the id of its database.
#pragma once

#include <cstdint>

namespace skiplith {

// Names one database for its whole life; random.
struct DatabaseId {
  uint64_t words[2] = {0, 0};
  bool operator==(const DatabaseId&) const = default;
};

}  // namespace skiplith
