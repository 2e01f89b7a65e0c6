#include "lsm/tables_writer.h"

#include "base/check.h"

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
      series_(std::move(output), std::move(cuts)),
      filter_(std::move(snapshots), std::move(may_lie_deeper)) {}

Result<bool> TablesWriter::step(uint64_t budget_bytes) {
  SKIPLITH_CHECK(state_ == State::kNotBegun || state_ == State::kReading);
  if (state_ == State::kNotBegun) stream_->first();
  state_ = State::kFailed;  // stands if memory runs out on the way
  Result<bool> done = read_on(budget_bytes);
  if (done.is_ok()) {
    state_ = *done ? State::kDone : State::kReading;
    return done;
  }
  series_.remove_files();
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
  if (verdict.held != nullptr) SKIPLITH_RETURN_IF_ERROR(series_.add(*verdict.held));
  return verdict.keeps ? series_.add(entry) : Status::ok();
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

Status TablesWriter::end_stream() {
  if (const TableEntry* held = filter_.finish()) SKIPLITH_RETURN_IF_ERROR(series_.add(*held));
  SKIPLITH_RETURN_IF_ERROR(series_.finish());
  for (const TableMeta& table : series_.tables()) {
    result_.entries_kept += table.entries;
    result_.bytes_written += table.bytes;
  }
  result_.entries_dropped = filter_.dropped();
  if (result_.entries_read != result_.entries_kept + result_.entries_dropped) {
    return Status::corruption(series_.path(), 0, "not every entry read was kept or dropped");
  }
  return Status::ok();
}

WrittenTables TablesWriter::take_result() {
  SKIPLITH_CHECK(state_ == State::kDone);
  state_ = State::kTaken;
  result_.tables = series_.take_tables();
  return std::move(result_);
}

}  // namespace skiplith
