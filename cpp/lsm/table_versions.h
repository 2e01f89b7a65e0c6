// All versions of tables whose keys do not overlap, one table behind the other.
#pragma once

#include <memory>
#include <vector>

#include "lsm/table_meta.h"
#include "lsm/version_stream.h"
#include "table/table.h"
#include "table/version_cursor.h"

namespace skiplith {

// A table, and what the manifest says of it.
struct VersionSource {
  TableMeta meta;
  Table* table;
};

// Opens a table when it comes to it. One that is not what its meta says, or has fewer or more
// entries, is kCorruption with its path.
class TableVersions final : public VersionStream {
 public:
  // In order of keys. The tables must outlive it.
  explicit TableVersions(std::vector<VersionSource> sources) : sources_(std::move(sources)) {}

  void first() override;
  void next() override;
  bool valid() const override { return is_valid_; }
  const TableEntry& entry() const override { return entry_; }
  const std::string& path() const override { return sources_[place_].table->path(); }
  const Status& status() const override { return status_; }

 private:
  // Stands on the table's first entry, or has a status.
  void enter(size_t place);
  // Stands on what the cursor has; at its end, goes on to the next table.
  void settle();
  void fail(Status status);

  const std::vector<VersionSource> sources_;
  size_t place_ = 0;
  std::unique_ptr<VersionCursor> cursor_;
  bool is_loaded_ = false;     // this table: its meta says the sequence of its entries
  uint64_t entries_read_ = 0;  // of this table, the present one included
  bool is_valid_ = false;
  TableEntry entry_;
  Status status_;
};

}  // namespace skiplith
