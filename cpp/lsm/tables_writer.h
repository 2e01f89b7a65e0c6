// Writes what is kept of a stream of versions as tables: the one way in which flush and compaction
// make them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lsm/table_series.h"
#include "lsm/version_filter.h"
#include "lsm/version_stream.h"

namespace skiplith {

struct WrittenTables {
  std::vector<TableMeta> tables;  // in order of keys; the files are synced and closed
  uint64_t entries_read = 0;      // = kept + dropped, or there is no result
  uint64_t entries_kept = 0;
  uint64_t entries_dropped = 0;
  uint64_t bytes_read = 0;  // of files
  uint64_t bytes_written = 0;
};

// Works in steps, so that one thread can do other things in between, and can stop: destroyed
// before the result was taken, or after an error, it removes all files that it has made, as far as
// that is possible. Syncing the directory, the manifest, and the levels are the caller's.
//
// One thread. Errors name the file. A stream that is not in internal order, as two tables that
// should not hold the same version do, is kCorruption in the file that the version comes from.
class TablesWriter {
 public:
  // `output` and `cuts` are TableSeries's, the other arguments VersionFilter's.
  TablesWriter(std::unique_ptr<VersionStream> stream, TableOutput output,
               std::vector<Sequence> snapshots, VersionFilter::MayLieDeeper may_lie_deeper,
               std::vector<std::string> cuts = {});
  TablesWriter(const TablesWriter&) = delete;
  TablesWriter& operator=(const TablesWriter&) = delete;

  // Reads on for about `budget_bytes` of keys and values. True: the end was reached, and the
  // result can be taken. After that, an error or an exception, no
  // more calls.
  Result<bool> step(uint64_t budget_bytes);
  // Once, after step() has returned true: from here on the files are the caller's.
  WrittenTables take_result();

 private:
  enum class State : uint8_t { kNotBegun, kReading, kDone, kFailed, kTaken };

  Result<bool> read_on(uint64_t budget_bytes);
  Status check_order(const TableEntry& entry);
  Status read(const TableEntry& entry);
  Status end_stream();

  const std::unique_ptr<VersionStream> stream_;
  TableSeries series_;
  VersionFilter filter_;
  State state_ = State::kNotBegun;
  std::string read_key_;  // of the last entry
  Sequence read_sequence_ = 0;
  WrittenTables result_;
};

}  // namespace skiplith
