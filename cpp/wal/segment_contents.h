// What replay finds in one segment file: facts, not yet judged. What they mean depends on the
// other segments and on whether the machine has died since: see replay.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address_range.h"
#include "wal/segment_format.h"

namespace skiplith {

// A valid record. Its payload has passed the checksum; it borrows from SegmentContents::memory.
struct LoggedRecord {
  Sequence first_sequence = 0;
  uint32_t count = 0;
  uint32_t lane = 0;
  uint64_t offset = 0;  // in the file
  Bytes payload = {};

  Sequence last_sequence() const { return first_sequence + count - 1; }
};

// How a lane's writing ends. At most one of its records can have been in flight when the process
// died: with `in_flight_count` > 0 its sequences are known, else it may have had any.
struct LaneTail {
  uint32_t lane = 0;
  Sequence last_sequence = 0;  // of its last valid record here; 0: none
  Sequence in_flight_first = 0;
  uint32_t in_flight_count = 0;
};

// Something that no death of a process explains; a death of the machine may.
struct Damage {
  uint64_t offset = 0;
  std::string what;
};

struct SegmentContents {
  std::string path;
  uint64_t number = 0;
  BootId boot;                        // unknown if a sync has failed: the cache is not the file
  Sequence synced_through = 0;        // 0: none, or unreadable
  std::optional<Footer> footer;       // cleanly closed
  std::optional<Damage> damage;       // the first found
  std::vector<LoggedRecord> records;  // by first sequence
  std::vector<LaneTail> lanes;        // by lane; lanes that have no block are absent
  std::vector<std::unique_ptr<AddressRange>> memory;  // what the payloads lie in, a lane's each
};

// Reads the whole file with pread; memory use is about what the lanes have used of it. kStorage
// when a read fails; kCorruption with the path when the header page is not one of this database
// and number; kFormat when it is of a version or has flags that are unknown here. All other
// damage is a fact of the contents.
Result<SegmentContents> read_segment(Files& files, const std::string& path,
                                     const DatabaseId& database, uint64_t number);

}  // namespace skiplith
