#include "lsm/memtable_versions.h"

#include "base/check.h"

namespace skiplith {

void MemtableVersions::first() {
  entries_->first();
  find_entry();
}

void MemtableVersions::next() {
  stand_on(version_->older);
  if (version_ != nullptr) return;
  entries_->next();
  find_entry();
}

void MemtableVersions::find_entry() {
  for (version_ = nullptr; entries_->valid(); entries_->next()) {
    stand_on(entries_->entry()->head());
    if (version_ != nullptr) return;
  }
}

void MemtableVersions::stand_on(ArenaOffset version) {
  version_ = version == 0 ? nullptr : memtable_.arena().at<Version>(version);
  if (version_ == nullptr) return;
  entry_ = {.key = entries_->entry()->key(),
            .sequence = memtable_.sequence_of(*version_),
            .kind = version_->kind,
            .value = version_->value()};
  SKIPLITH_CHECK(entry_.sequence != 0);
}

}  // namespace skiplith
