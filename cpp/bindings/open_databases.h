// The databases that this process has open, so that interpreter exit can close them.
#pragma once

#include <memory>

namespace skiplith::python {

class Db;

class OpenDatabases {
 public:
  // Any thread. Does not keep it open.
  static void add(const std::shared_ptr<Db>& db);
  // With the GIL held. Failures are reported as unraisable; the others are closed all the same.
  static void close_all();
};

}  // namespace skiplith::python
