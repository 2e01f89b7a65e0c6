// A database whose calls are recorded.
#pragma once

#include <optional>

#include "lab/recorded_database.h"
#include "support/database_testing.h"

namespace skiplith::testing {

class RecordedDatabaseTest : public DatabaseTest {
 protected:
  lab::RecordedDatabase& recorded() {
    if (!recorded_) recorded_.emplace(*database_, &history_);
    return *recorded_;
  }
  // The last operation, without thread and time.
  std::string said() {
    const std::string text = lab::described(history_.operations().back(), 0);
    return text.substr(text.find(": ") + 2);
  }

  lab::History history_;
  std::optional<lab::RecordedDatabase> recorded_;
  Value key_, value_;
};

}  // namespace skiplith::testing
