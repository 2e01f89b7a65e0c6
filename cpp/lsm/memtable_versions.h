// All versions of a memtable.
#pragma once

#include <memory>

#include "lsm/version_stream.h"
#include "mem/memtable.h"

namespace skiplith {

// The memtable is frozen: nobody writes to it. Versions that are pending still are so for good,
// since their batch failed: they are left out.
class MemtableVersions final : public VersionStream {
 public:
  explicit MemtableVersions(const Memtable& memtable)
      : memtable_(memtable), entries_(memtable.index().cursor()) {}

  void first() override;
  void next() override;
  bool valid() const override { return version_ != nullptr; }
  const TableEntry& entry() const override { return entry_; }
  const std::string& path() const override { return path_; }
  const Status& status() const override { return status_; }

 private:
  // To the newest version of the first entry, from where the cursor stands, that has any.
  void find_entry();
  // On the version, or the next older one that is not pending, if there is any.
  void stand_on(ArenaOffset version);

  const Memtable& memtable_;
  const std::unique_ptr<EntryCursor> entries_;
  const Version* version_ = nullptr;
  TableEntry entry_;
  const std::string path_;
  const Status status_;
};

}  // namespace skiplith
