#include "table/table_builder.h"

#include <algorithm>

#include "record/limits.h"
#include "table/filter.h"
#include "table/searched_key.h"

namespace skiplith {
namespace {

// The file is written in pieces of about this size: a system call costs as much as 20 KiB.
constexpr size_t kBufferBytes = 256 * 1024;

}  // namespace

Result<std::unique_ptr<TableBuilder>> TableBuilder::create(Files& files, const std::string& path,
                                                           const DatabaseId& database,
                                                           uint64_t number, TableOptions options) {
  auto file = files.create_appendable(path);
  if (!file.is_ok()) return file.take_status();
  return std::unique_ptr<TableBuilder>(
      new TableBuilder(std::move(*file), {.database = database, .number = number}, options));
}

TableBuilder::TableBuilder(std::unique_ptr<AppendableFile> file, const TableIdentity& identity,
                           TableOptions options)
    : file_(std::move(file)),
      identity_(identity),
      options_(options),
      compressor_(options.compression) {
  properties_.number = identity.number;
  properties_.smallest_sequence = kMaxSequence;
}

void TableBuilder::check_order(const TableEntry& entry, bool older_version) const {
  SKIPLITH_CHECK(entry.kind == Kind::kPut || (entry.kind == Kind::kDelete && entry.value.empty()));
  SKIPLITH_CHECK(entry.key.size() <= kMaxKeyBytes && entry.value.size() <= kMaxValueBytes);
  SKIPLITH_CHECK(entry.sequence <= kMaxSequence);
  if (properties_.entries == 0) return;
  SKIPLITH_CHECK(older_version ? entry.sequence < last_sequence_ : last_key_ < entry.key);
}

void TableBuilder::count(const TableEntry& entry, bool older_version) {
  if (properties_.entries == 0) properties_.smallest_key = entry.key;
  ++properties_.entries;
  if (entry.kind == Kind::kDelete) ++properties_.tombstones;
  if (older_version) ++properties_.old_versions;
  properties_.raw_key_bytes += entry.key.size();
  properties_.raw_value_bytes += entry.value.size();
  properties_.smallest_sequence = std::min(properties_.smallest_sequence, entry.sequence);
  properties_.largest_sequence = std::max(properties_.largest_sequence, entry.sequence);
}

Status TableBuilder::add(const TableEntry& entry) {
  const bool older_version = properties_.entries > 0 && last_key_ == entry.key;
  check_order(entry, older_version);
  // Cut before what does not fit: so a large value lies in a block of its own.
  const uint64_t with_entry = block_.payload_bytes() + entry.key.size() + entry.value.size();
  if (!block_.empty() && with_entry > options_.block_bytes)
    SKIPLITH_RETURN_IF_ERROR(write_data_block());
  block_.add(entry, older_version);
  count(entry, older_version);
  if (!older_version && options_.filter_bits > 0) filter_hashes_.push_back(filter_hash(entry.key));
  last_key_ = entry.key;
  last_sequence_ = entry.sequence;
  return Status::ok();
}

uint64_t TableBuilder::bytes() const {
  const uint64_t filter_bytes = filter_hashes_.size() * options_.filter_bits / 8;
  return offset_ + block_.payload_bytes() + filter_bytes + fences_.payload_bytes() +
         kTableFooterBytes;
}

Status TableBuilder::write_data_block() {
  fences_.add(last_key_before_block_, block_.first_key(), block_.begins_with_older_version(),
              block_.first_sequence());
  Result<uint64_t> written = write_block(block_.lay_out(), block_.values(), options_.compression);
  if (!written.is_ok()) return written.take_status();
  fences_.set_bytes(*written);
  last_key_before_block_ = block_.last_key();
  block_.reset();
  return Status::ok();
}

Result<uint64_t> TableBuilder::write_block(Bytes payload_head, Bytes payload_tail,
                                           Compression compression) {
  if (compression != Compression::kNone) {
    const Bytes compressed = compressor_.compress(payload_head, payload_tail);
    if (compressed.empty()) {
      compression = Compression::kNone;
    } else {
      payload_head = compressed;
      payload_tail = {};
    }
  }
  const std::string trailer =
      encode_trailer(identity_, offset_, compression, payload_head, payload_tail);
  SKIPLITH_RETURN_IF_ERROR(write(payload_head));
  SKIPLITH_RETURN_IF_ERROR(write(payload_tail));
  SKIPLITH_RETURN_IF_ERROR(write(trailer));
  const uint64_t bytes = payload_head.size() + payload_tail.size() + trailer.size();
  offset_ += bytes;
  return bytes;
}

Status TableBuilder::write(Bytes bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) SKIPLITH_RETURN_IF_ERROR(flush_buffer());
  if (bytes.size() > kBufferBytes) return file_->append(bytes);
  buffer_.append(bytes);
  return Status::ok();
}

Status TableBuilder::flush_buffer() {
  SKIPLITH_RETURN_IF_ERROR(file_->append(buffer_));
  buffer_.clear();
  return Status::ok();
}

Result<TableProperties> TableBuilder::finish() {
  SKIPLITH_CHECK(properties_.entries > 0);
  SKIPLITH_RETURN_IF_ERROR(write_data_block());
  TableFooter footer;
  footer.filter_offset = offset_;
  if (options_.filter_bits > 0) {
    const std::string filter = Filter::build(filter_hashes_, options_.filter_bits);
    SKIPLITH_RETURN_IF_ERROR(write_block(filter, {}, Compression::kNone).status());
  }
  footer.index_offset = offset_;
  SKIPLITH_RETURN_IF_ERROR(write_block(fences_.finish(), {}, Compression::kNone).status());
  footer.properties_offset = offset_;
  properties_.largest_key = last_key_;
  SKIPLITH_RETURN_IF_ERROR(
      write_block(encode_properties(properties_), {}, Compression::kNone).status());
  footer.file_bytes = offset_ + kTableFooterBytes;
  SKIPLITH_RETURN_IF_ERROR(write(encode_table_footer(identity_, footer)));
  SKIPLITH_RETURN_IF_ERROR(flush_buffer());
  SKIPLITH_RETURN_IF_ERROR(file_->sync());
  SKIPLITH_RETURN_IF_ERROR(file_->close());
  properties_.bytes = footer.file_bytes;
  return properties_;
}

}  // namespace skiplith
