// What a database tells about itself.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/counters.h"
#include "lsm/table_meta.h"

namespace skiplith {

enum class Counter : uint32_t {
  kGets,
  kTransactions,
  kConflicts,
  kBytesRead,
  kFreezes,
  kFreezeRacesLost,
  kFlushes,
  kBytesFlushed,
  kCompactions,
  kBytesCompacted,
  kSyncs,
  kSyncedWrites,
  kStallNs,
  kCount
};

struct LevelStats {
  uint64_t tables = 0;
  uint64_t bytes = 0;  // of their files
};

struct Stats {
  uint64_t memtable_used_bytes = 0;  // of the active memtable's arena, exact at that moment
  uint64_t frozen_memtables = 0;
  uint64_t frozen_bytes = 0;  // of all frozen memtables' arenas
  uint64_t log_bytes = 0;     // of blocks taken in all live segments
  uint64_t gets = 0;          // keys looked up
  uint64_t puts = 0;          // mutations, those in batches too
  uint64_t deletes = 0;
  uint64_t batches = 0;
  uint64_t transactions = 0;  // committed, with writes
  uint64_t conflicts = 0;     // not committed, since what they had read has changed
  uint64_t snapshots = 0;     // that are held
  uint64_t freezes = 0;
  uint64_t freeze_races_lost = 0;  // a writer came to freeze and found it done
  uint64_t flushes = 0;
  uint64_t compactions = 0;
  uint64_t bytes_flushed = 0;    // of table files
  uint64_t bytes_compacted = 0;  // the same, written by compactions
  std::array<LevelStats, kLevels> levels;
  uint64_t obsolete_entries = 0;       // tombstones and older versions in tables: kept for
                                       // snapshots, or not compacted away yet
  uint64_t compaction_debt_bytes = 0;  // what compactions have to write until none is due, about
  // Bytes of table files that flushes and compactions wrote for a byte of keys and values given; 0
  // while none was given. The log is not counted.
  double write_amplification = 0;
  uint64_t read_amplification = 0;  // the most tables that one key lies in the range of
  double space_amplification = 1;   // bytes of tables for a byte that is live, at most about
  uint64_t block_hits = 0;          // a block of a table was in memory
  uint64_t block_misses = 0;        // it was read from its file
  uint64_t filter_hits = 0;         // a filter spared a lookup in a table
  uint64_t filter_misses = 0;       // a filter let one pass that found nothing
  uint64_t cache_used_bytes = 0;    // resident blocks, indexes and filters
  std::string background_error;     // why the last flush or compaction failed; empty: it did not
  uint64_t bytes_written = 0;       // of keys and values, by the caller
  uint64_t bytes_read = 0;          // of values, to the caller
  uint64_t syncs = 0;               // fdatasync rounds
  uint64_t synced_writes = 0;       // writes that waited for one
  double stall_seconds = 0;         // writers' time spent growing, freezing, waiting for room
  uint64_t recovered_records = 0;
  double recovery_seconds = 0;
};

}  // namespace skiplith
