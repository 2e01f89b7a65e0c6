// What a database is opened with. Few on purpose; each has a unit, a default and a reason.
#pragma once

#include <cstdint>

#include "mem/index.h"

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

inline constexpr uint64_t kMinMemtableBytes = 64 << 10;
inline constexpr uint64_t kMaxSyncIntervalMs = 24 * 60 * 60 * 1000;
inline constexpr uint64_t kMaxMemtableBytes = uint64_t{8} << 30;

struct Options {
  bool sync = false;              // writes wait for fdatasync unless the call says otherwise
  uint64_t sync_interval_ms = 0;  // unsynced writes are synced at least this often; 0: never
  bool wal = true;                // false: no log; what was not written out is lost in a crash
  SinkChoice wal_sink = SinkChoice::kAuto;
  IndexKind memtable = IndexKind::kSkiplist;
  uint64_t memtable_bytes = 64 << 20;  // the active memtable is frozen at about this size
};

}  // namespace skiplith
