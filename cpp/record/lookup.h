// What a source of pairs answers when asked for one key.
#pragma once

#include <cstdint>

namespace skiplith {

enum class Lookup : uint8_t {
  kAbsent,   // this source does not know the key: ask the next older one
  kDeleted,  // a tombstone: the key is gone, whatever older sources say
  kFound,
  kNeedsIo,  // the answer lies in a block that is not resident: ask again where I/O is allowed
  kFailed,   // it could not be read, a status tells why: no older source may be asked instead
};

}  // namespace skiplith
