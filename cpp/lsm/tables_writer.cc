#include "lsm/tables_writer.h"

#include <cerrno>

#include "base/check.h"
#include "io/file_names.h"
#include "lsm/stored_table.h"

namespace skiplith {
namespace {

// What reading an entry costs besides its bytes: so that steps over many small ones end too.
constexpr uint64_t kEntryBytes = 16;

}  // namespace

TablesWriter::TablesWriter(std::unique_ptr<VersionStream> stream, TableOutput output,
                           std::vector<Sequence> snapshots,
                           VersionFilter::MayLieDeeper may_lie_deeper,
                           std::vector<std::string> cuts)
    : stream_(std::move(stream)),
      output_(std::move(output)),
      cuts_(std::move(cuts)),
      filter_(std::move(snapshots), std::move(may_lie_deeper)) {}

TablesWriter::~TablesWriter() {
  if (state_ != State::kTaken) remove_files();
}

Result<bool> TablesWriter::step(uint64_t budget_bytes) {
  SKIPLITH_CHECK(state_ == State::kNotBegun || state_ == State::kReading);
  if (state_ == State::kNotBegun) stream_->first();
  state_ = State::kFailed;  // stands if memory runs out on the way
  Result<bool> done = read_on(budget_bytes);
  if (done.is_ok()) {
    state_ = *done ? State::kDone : State::kReading;
    return done;
  }
  remove_files();
  return done;
}

Result<bool> TablesWriter::read_on(uint64_t budget_bytes) {
  for (uint64_t bytes = 0; stream_->valid(); stream_->next()) {
    if (bytes >= budget_bytes && bytes > 0) return false;
    const TableEntry& entry = stream_->entry();
    bytes += kEntryBytes + entry.key.size() + entry.value.size();
    SKIPLITH_RETURN_IF_ERROR(read(entry));
  }
  SKIPLITH_RETURN_IF_ERROR(stream_->status());
  SKIPLITH_RETURN_IF_ERROR(end_stream());
  return true;
}

Status TablesWriter::read(const TableEntry& entry) {
  SKIPLITH_RETURN_IF_ERROR(check_order(entry));
  ++result_.entries_read;
  const VersionFilter::Verdict verdict = filter_.next(entry);
  if (verdict.held != nullptr) SKIPLITH_RETURN_IF_ERROR(write(*verdict.held));
  return verdict.keeps ? write(entry) : Status::ok();
}

Status TablesWriter::check_order(const TableEntry& entry) {
  const int order = result_.entries_read == 0 ? -1 : Bytes(read_key_).compare(entry.key);
  if (order > 0 || (order == 0 && entry.sequence >= read_sequence_)) {
    return Status::corruption(stream_->path(), 0, "versions are not in order");
  }
  if (order < 0) read_key_ = entry.key;
  read_sequence_ = entry.sequence;
  return Status::ok();
}

Status TablesWriter::write(const TableEntry& entry) {
  if (builder_ != nullptr && ends_before(entry)) SKIPLITH_RETURN_IF_ERROR(end_table());
  if (builder_ == nullptr) SKIPLITH_RETURN_IF_ERROR(begin_table());
  written_key_ = entry.key;
  return builder_->add(entry);
}

bool TablesWriter::ends_before(const TableEntry& entry) {
  if (entry.key == written_key_) return false;
  const size_t cut_before = cut_;
  while (cut_ < cuts_.size() && Bytes(cuts_[cut_]) < entry.key) ++cut_;
  const uint64_t bytes = builder_->bytes();
  const uint64_t enough = cut_ == cut_before ? output_.table_bytes : output_.table_bytes / 2;
  return bytes >= enough;
}

Status TablesWriter::begin_table() {
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

Status TablesWriter::end_table() {
  Result<TableProperties> properties = builder_->finish();
  if (!properties.is_ok()) return properties.take_status();
  builder_.reset();
  result_.tables.push_back(meta_of(*properties, output_.level));
  result_.entries_kept += properties->entries;
  result_.bytes_written += properties->bytes;
  return Status::ok();
}

Status TablesWriter::end_stream() {
  if (const TableEntry* held = filter_.finish()) SKIPLITH_RETURN_IF_ERROR(write(*held));
  if (builder_ != nullptr) SKIPLITH_RETURN_IF_ERROR(end_table());
  result_.entries_dropped = filter_.dropped();
  if (result_.entries_read != result_.entries_kept + result_.entries_dropped) {
    return Status::corruption(paths_.empty() ? output_.directory : paths_.back(), 0,
                              "not every entry read was kept or dropped");
  }
  return Status::ok();
}

WrittenTables TablesWriter::take_result() {
  SKIPLITH_CHECK(state_ == State::kDone);
  state_ = State::kTaken;
  return std::move(result_);
}

void TablesWriter::remove_files() {
  builder_.reset();
  for (const std::string& path : paths_) (void)output_.files.remove(path);
  paths_.clear();
}

}  // namespace skiplith
