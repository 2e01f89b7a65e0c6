#include "lsm/memtable_versions.h"

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
  for (; version != 0; version = version_->older) {
    version_ = memtable_.arena().at<Version>(version);
    const Sequence sequence = memtable_.sequence_of(*version_);
    if (sequence == 0) continue;
    entry_ = {.key = entries_->entry()->key(),
              .sequence = sequence,
              .kind = version_->kind,
              .value = version_->value()};
    return;
  }
  version_ = nullptr;
}

}  // namespace skiplith
