// What flush and compaction read: versions in internal order, once through.
#pragma once

#include <string>

#include "base/status.h"
#include "table/table_entry.h"

namespace skiplith {

// One thread at a time; what it reads must outlive it.
class VersionStream {
 public:
  virtual ~VersionStream() = default;

  virtual void first() = 0;
  virtual void next() = 0;  // needs valid()

  // False past the end and after an error: status() tells which.
  virtual bool valid() const = 0;
  // Needs valid(). Its bytes stay where they are until the next call of next().
  virtual const TableEntry& entry() const = 0;
  // The file that the entry lies in; empty where it lies in none. Needs valid().
  virtual const std::string& path() const = 0;
  virtual const Status& status() const = 0;
};

}  // namespace skiplith
