#include "lsm/table_versions.h"

#include "lsm/stored_table.h"

namespace skiplith {

void TableVersions::first() {
  status_ = Status::ok();
  is_valid_ = false;
  if (!sources_.empty()) enter(0);
}

void TableVersions::enter(size_t place) {
  place_ = place;
  const auto& [meta, table] = sources_[place];
  Result<TableProperties> properties = table->properties();
  if (!properties.is_ok()) return fail(properties.take_status());
  if (!is_told_of(*properties, meta)) {
    return fail(Status::corruption(table->path(), 0, "the table is not what the manifest says"));
  }
  is_loaded_ = is_loaded(*properties);
  cursor_ = table->versions();
  cursor_->first();
  entries_read_ = 0;
  settle();
}

void TableVersions::next() {
  cursor_->next();
  settle();
}

void TableVersions::settle() {
  if (cursor_->valid()) [[likely]] {
    is_valid_ = true;
    entry_ = cursor_->entry();
    if (is_loaded_) entry_.sequence = sources_[place_].meta.largest_sequence;
    ++entries_read_;
    return;
  }
  if (!cursor_->status().is_ok()) return fail(cursor_->status());
  const auto& [meta, table] = sources_[place_];
  if (entries_read_ != meta.entries) {
    return fail(Status::corruption(table->path(), 0,
                                   "the table has " + std::to_string(entries_read_) +
                                       " entries, not " + std::to_string(meta.entries)));
  }
  is_valid_ = false;
  if (place_ + 1 < sources_.size()) enter(place_ + 1);
}

void TableVersions::fail(Status status) {
  is_valid_ = false;
  status_ = std::move(status);
}

}  // namespace skiplith
