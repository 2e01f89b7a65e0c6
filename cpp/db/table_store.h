// Where a database's tables lie, how they are written, and when their files go.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "db/options.h"
#include "io/files.h"
#include "lsm/levels.h"
#include "lsm/manifest.h"
#include "lsm/tables_writer.h"
#include "mem/memtable.h"
#include "table/table_builder.h"

namespace skiplith {

// How large the tables of the deeper levels become, about.
uint64_t table_bytes(const Options& options);

class TableStore {
 public:
  // `manifest` outlives the store.
  TableStore(Files& files, std::string directory, const Options& options, Manifest& manifest);
  ~TableStore() { close(); }
  TableStore(const TableStore&) = delete;
  TableStore& operator=(const TableStore&) = delete;

  // Touches no file.
  LevelTable open(const TableMeta& meta) const {
    return {.meta = meta, .stored = std::make_shared<StoredTable>(home_, meta)};
  }
  // Writes what a memtable holds for the present and for these snapshots as a table of level 0,
  // none when that is nothing: durable but for their directory entries. `between` is called now
  // and then; an error from it ends the work. After a failure no file is left, as far as that can
  // be helped.
  Result<std::vector<TableMeta>> write(const Memtable& memtable, std::vector<Sequence> snapshots,
                                       const std::function<Status()>& between) const;
  Status sync_directory() const { return home_->files.sync_directory(home_->directory); }
  void remove(const TableMeta& meta) const {
    (void)home_->files.remove(home_->path_of(meta.number));
  }

  TableOptions options_for(uint32_t level) const;
  // For tables of that level.
  TableOutput output_for(uint32_t level, uint64_t table_bytes) const;
  TableHome& home() const { return *home_; }
  // From here on no file is touched.
  void close() { home_->is_open.store(false); }

 private:
  const Options options_;
  Manifest& manifest_;
  const std::shared_ptr<TableHome> home_;
};

}  // namespace skiplith
