// Tables of one level, one behind the other: how flush, compaction and loads cut what they write.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/files.h"
#include "lsm/table_meta.h"
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

// The versions of one key are never parted: no two tables have a key in common. A table ends
// early, from half its bytes on, behind a key that is the last of a table of the next deeper
// level, so that a later compaction of it meets one table less there.
//
// Destroyed before the result was taken it removes all files that it has made, as far as that is
// possible. Syncing the directory, the manifest, and the levels are the caller's. One thread.
class TableSeries {
 public:
  // `cuts`: the largest keys of the next deeper level's tables, ascending.
  explicit TableSeries(TableOutput output, std::vector<std::string> cuts = {})
      : output_(std::move(output)), cuts_(std::move(cuts)) {}
  ~TableSeries() { remove_files(); }
  TableSeries(const TableSeries&) = delete;
  TableSeries& operator=(const TableSeries&) = delete;

  // In internal order; anything else is a bug. After a failure, no more calls of these two.
  Status add(const TableEntry& entry);
  Status finish();

  // In order of keys, their files synced and closed; of finished tables only.
  const std::vector<TableMeta>& tables() const { return tables_; }
  // Of the last table begun; the directory's when there is none.
  const std::string& path() const { return paths_.empty() ? output_.directory : paths_.back(); }

  // From here on the files are the caller's.
  std::vector<TableMeta> take_tables();
  // The directory is not ours any more: what lies there stays.
  void leave_files() { paths_.clear(); }
  void remove_files();

 private:
  bool ends_before(const TableEntry& entry);
  Status begin_table();
  Status end_table();

  const TableOutput output_;
  const std::vector<std::string> cuts_;
  size_t cut_ = 0;  // the first of cuts_ that is not before last_key_
  std::string last_key_;
  std::vector<std::string> paths_;
  std::unique_ptr<TableBuilder> builder_;
  std::vector<TableMeta> tables_;
};

}  // namespace skiplith
