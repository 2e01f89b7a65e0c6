// A load: sorted pairs become tables without passing the log and the memtable.
#pragma once

#include <memory>
#include <string>

#include "db/database.h"
#include "lsm/table_series.h"
#include "record/batch.h"

namespace skiplith {

// The pairs are in the database at one moment, within finish(), and durable when it returns ok;
// they are newer than all that was written before that moment. Until then they are in no table
// that counts, and dropping the loader removes the files. After a kill or a loss of power they are
// orphans, which the next opening removes. Takes the memory of one table's index and filter.
//
// One thread. Each call is one of the database's: close() waits for it, and the next answers
// kClosed. Where the database is closed before the loader is dropped, its files are orphans too.
class Loader {
 public:
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Puts only, each with a greater key than the one before, those of earlier calls included; else
  // kInvalidArgument. After a failure, no more calls.
  Status add(const Batch& pairs);
  // kPoisoned, or what the manifest's writing failed with: whether the load counts is known when
  // the database is opened next. After any other failure it does not.
  Status finish();

 private:
  friend class Database;
  Loader(std::shared_ptr<Database> database, std::unique_ptr<TableSeries> series)
      : database_(std::move(database)), series_(std::move(series)) {}
  Status check_order(Bytes key) const;

  const std::shared_ptr<Database> database_;
  const std::unique_ptr<TableSeries> series_;
  uint64_t pairs_ = 0;
  std::string last_key_;
};

}  // namespace skiplith
