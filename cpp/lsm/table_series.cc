#include "lsm/table_series.h"

#include <cerrno>

#include "io/file_names.h"
#include "lsm/stored_table.h"

namespace skiplith {

Status TableSeries::add(const TableEntry& entry) {
  if (builder_ != nullptr && ends_before(entry)) SKIPLITH_RETURN_IF_ERROR(end_table());
  if (builder_ == nullptr) SKIPLITH_RETURN_IF_ERROR(begin_table());
  last_key_ = entry.key;
  return builder_->add(entry);
}

Status TableSeries::finish() { return builder_ == nullptr ? Status::ok() : end_table(); }

bool TableSeries::ends_before(const TableEntry& entry) {
  if (entry.key == last_key_) return false;
  const size_t cut_before = cut_;
  while (cut_ < cuts_.size() && Bytes(cuts_[cut_]) < entry.key) ++cut_;
  const uint64_t bytes = builder_->bytes();
  const uint64_t enough = cut_ == cut_before ? output_.table_bytes : output_.table_bytes / 2;
  return bytes >= enough;
}

Status TableSeries::begin_table() {
  const uint64_t number = output_.take_file_number();
  const std::string path = file_path(output_.directory, {FileType::kTable, number});
  auto builder =
      TableBuilder::create(output_.files, path, output_.database, number, output_.options);
  // A failed create may have made the file all the same; one that was there is not ours.
  if (builder.is_ok() || builder.status().error_number() != EEXIST) paths_.push_back(path);
  if (!builder.is_ok()) return builder.take_status();
  builder_ = std::move(*builder);
  return Status::ok();
}

Status TableSeries::end_table() {
  Result<TableProperties> properties = builder_->finish();
  if (!properties.is_ok()) return properties.take_status();
  builder_.reset();
  tables_.push_back(meta_of(*properties, output_.level));
  return Status::ok();
}

std::vector<TableMeta> TableSeries::take_tables() {
  leave_files();
  return std::move(tables_);
}

void TableSeries::remove_files() {
  builder_.reset();
  for (const std::string& path : paths_) (void)output_.files.remove(path);
  paths_.clear();
}

}  // namespace skiplith
