// What a database is opened with. Few on purpose; each has a unit, a default and a reason.
#pragma once

#include <array>
#include <cstdint>

#include "lsm/table_meta.h"
#include "mem/index.h"
#include "table/compression.h"

namespace skiplith {

// As the flags of Python's dbm.
enum class OpenMode : uint8_t {
  kRead,    // 'r': must exist; shared lock; replays into memory, writes nothing at all
  kWrite,   // 'w': must exist
  kCreate,  // 'c': made if missing
  kNew,     // 'n': always empty; removes our own files only, and only where there are no others
};

enum class SinkChoice : uint8_t {
  kAuto,    // what suits the directory's file system
  kMapped,  // stores into a mapped file
  kWrite,   // one pwrite a record
};

enum class CompactionStyle : uint8_t {
  kLeveled,  // each level a factor larger than the one above
  kTiered,   // sorted runs, merged with those of their size: writes less, reads and keeps more
  kNone,     // only when asked for by compact()
};

inline constexpr std::array<Compression, kLevels> every_level(Compression compression) {
  std::array<Compression, kLevels> levels;
  levels.fill(compression);
  return levels;
}

inline constexpr uint32_t kMaxFilterBits = 32;
inline constexpr uint64_t kMinMemtableBytes = 64 << 10;
inline constexpr uint64_t kMaxSyncIntervalMs = 24 * 60 * 60 * 1000;
inline constexpr uint64_t kMaxMemtableBytes = uint64_t{8} << 30;

struct Options {
  bool sync = false;              // writes wait for fdatasync unless the call says otherwise
  uint64_t sync_interval_ms = 0;  // unsynced writes are synced at least this often; 0: never
  bool wal = true;                // false: no log; what was not written out is lost in a crash
  SinkChoice wal_sink = SinkChoice::kAuto;
  IndexKind memtable = IndexKind::kArt;
  uint64_t memtable_bytes = 64 << 20;  // the active memtable is frozen at about this size
  uint64_t cache_bytes = 256 << 20;    // resident blocks, indexes and filters of all tables
  // Per level; level 0 first.
  std::array<Compression, kLevels> compression = every_level(Compression::kLz4);
  uint32_t filter_bits = 10;  // of a table's Bloom filter, per key; 0: no filter
  CompactionStyle compaction = CompactionStyle::kLeveled;
};

}  // namespace skiplith
