// A table and its file's life: who reads through what, and when the file goes.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/file_names.h"
#include "lsm/table_meta.h"
#include "table/table.h"

namespace skiplith {

inline TableMeta meta_of(const TableProperties& properties, uint32_t level) {
  return {.number = properties.number,
          .level = level,
          .bytes = properties.bytes,
          .entries = properties.entries,
          .tombstones = properties.tombstones,
          .old_versions = properties.old_versions,
          .smallest_sequence = properties.smallest_sequence,
          .largest_sequence = properties.largest_sequence,
          .smallest_key = properties.smallest_key,
          .largest_key = properties.largest_key};
}

// A load's tables are written before the load has its sequence: their entries have sequence 0,
// which no write has, and all of them mean the one sequence that the table's meta says.
inline bool is_loaded(const TableProperties& properties) {
  return properties.largest_sequence == 0;
}

// Whether the file is the table that the manifest tells of.
inline bool is_told_of(const TableProperties& properties, const TableMeta& meta) {
  TableMeta found = meta_of(properties, meta.level);
  if (is_loaded(properties) && meta.smallest_sequence == meta.largest_sequence) {
    found.smallest_sequence = found.largest_sequence = meta.largest_sequence;
  }
  return found == meta;
}

// What all tables of an open database read through. Tables, and so values, may outlive the
// database: they hold it.
struct TableHome {
  TableHome(Files& files, std::string directory, const DatabaseId& database, uint64_t cache_bytes)
      : files(files),
        directory(std::move(directory)),
        database(database),
        open_files(files),
        cache(cache_bytes) {}

  std::string path_of(uint64_t number) const {
    return file_path(directory, {FileType::kTable, number});
  }

  Files& files;
  const std::string directory;
  const DatabaseId database;
  OpenFiles open_files;
  BlockCache cache;
  std::atomic<bool> is_open{true};  // false: the directory is not ours any more
};

// The file is removed when the manifest has dropped it and nobody has the table any more: tables
// are opened late, so a reader may still come to one that a compaction has replaced. What is left
// when the database closes, since somebody kept a value, the next opening removes as an orphan.
class StoredTable {
 public:
  // Touches no file.
  StoredTable(std::shared_ptr<TableHome> home, const TableMeta& meta)
      : home_(std::move(home)),
        table_(home_->open_files, home_->path_of(meta.number), home_->database, meta.number,
               meta.bytes, home_->cache) {}
  ~StoredTable() {
    if (dropped_.load() && home_->is_open.load()) (void)home_->files.remove(table_.path());
  }
  StoredTable(const StoredTable&) = delete;
  StoredTable& operator=(const StoredTable&) = delete;

  Table& table() { return table_; }
  // The manifest has dropped it.
  void drop() { dropped_.store(true); }

 private:
  const std::shared_ptr<TableHome> home_;
  Table table_;
  std::atomic<bool> dropped_{false};
};

}  // namespace skiplith
