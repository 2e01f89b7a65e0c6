// Writes what is kept of a stream of versions as tables: the one way in which flush and compaction
// make them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/files.h"
#include "lsm/table_meta.h"
#include "lsm/version_filter.h"
#include "lsm/version_stream.h"
#include "table/table_builder.h"

namespace skiplith {

// Where tables are written, and how.
struct TableOutput {
  Files& files;
  std::string directory;
  DatabaseId database;
  uint32_t level = 0;         // the one that they will belong to
  TableOptions options = {};  // of that level
  // A table ends at the first key behind so many bytes. Larger: fewer files, longer compactions.
  uint64_t table_bytes = uint64_t{64} << 20;
  std::function<uint64_t()> take_file_number;  // never the same twice
};

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
// The versions of one key are never parted: no two tables have a key in common. A table ends
// early, from half its bytes on, behind a key that is the last of a table of the next deeper
// level, so that a later compaction of it meets one table less there.
//
// One thread. Errors name the file. A stream that is not in internal order, as two tables that
// should not hold the same version do, is kCorruption in the file that the version comes from.
class TablesWriter {
 public:
  // `cuts`: the largest keys of the next deeper level's tables, ascending. The other arguments are
  // VersionFilter's.
  TablesWriter(std::unique_ptr<VersionStream> stream, TableOutput output,
               std::vector<Sequence> snapshots, VersionFilter::MayLieDeeper may_lie_deeper,
               std::vector<std::string> cuts = {});
  ~TablesWriter();
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
  Status write(const TableEntry& entry);
  bool ends_before(const TableEntry& entry);
  Status begin_table();
  Status end_table();
  Status end_stream();
  void remove_files();

  const std::unique_ptr<VersionStream> stream_;
  const TableOutput output_;
  const std::vector<std::string> cuts_;
  VersionFilter filter_;
  State state_ = State::kNotBegun;
  std::string read_key_;  // of the last entry
  Sequence read_sequence_ = 0;
  std::string written_key_;
  size_t cut_ = 0;  // the first of cuts_ that is not before written_key_
  std::vector<std::string> paths_;
  std::unique_ptr<TableBuilder> builder_;
  WrittenTables result_;
};

}  // namespace skiplith
