#include "table/table_format.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace skiplith {
namespace {

constexpr uint64_t kFooterCheckOffset = kTableFooterBytes - 8;

uint64_t block_seed(const TableIdentity& identity, uint64_t offset, Compression compression) {
  return identity.database.words[0] ^ identity.number << 40 ^ offset << 2 ^
         static_cast<uint64_t>(compression);
}

bool is_compression(uint8_t byte) { return byte <= static_cast<uint8_t>(Compression::kZstd); }

}  // namespace

std::string encode_properties(const TableProperties& properties) {
  std::string payload;
  append_u64(&payload, properties.entries);
  append_u64(&payload, properties.tombstones);
  append_u64(&payload, properties.old_versions);
  append_u64(&payload, properties.raw_key_bytes);
  append_u64(&payload, properties.raw_value_bytes);
  append_u64(&payload, properties.smallest_sequence);
  append_u64(&payload, properties.largest_sequence);
  append_u32(&payload, static_cast<uint32_t>(properties.smallest_key.size()));
  append_u32(&payload, static_cast<uint32_t>(properties.largest_key.size()));
  return payload.append(properties.smallest_key).append(properties.largest_key);
}

bool decode_properties(Bytes payload, TableProperties* properties) {
  Decoder decoder(payload);
  properties->entries = decoder.u64();
  properties->tombstones = decoder.u64();
  properties->old_versions = decoder.u64();
  properties->raw_key_bytes = decoder.u64();
  properties->raw_value_bytes = decoder.u64();
  properties->smallest_sequence = decoder.u64();
  properties->largest_sequence = decoder.u64();
  const uint32_t smallest_bytes = decoder.u32(), largest_bytes = decoder.u32();
  properties->smallest_key = decoder.bytes(smallest_bytes);
  properties->largest_key = decoder.bytes(largest_bytes);
  return decoder.ok() && decoder.empty();
}

std::string encode_table_footer(const TableIdentity& identity, const TableFooter& footer) {
  std::string bytes(kTableMagic, 8);
  append_u32(&bytes, kTableVersion);
  append_u32(&bytes, 0);
  append_u64(&bytes, identity.database.words[0]);
  append_u64(&bytes, identity.database.words[1]);
  append_u64(&bytes, identity.number);
  append_u64(&bytes, footer.filter_offset);
  append_u64(&bytes, footer.index_offset);
  append_u64(&bytes, footer.properties_offset);
  append_u64(&bytes, footer.file_bytes);
  append_u64(&bytes, checksum(bytes, 0));
  return bytes;
}

Result<TableFooter> decode_table_footer(Bytes bytes, const TableIdentity& identity, uint64_t offset,
                                        const std::string& path) {
  SKIPLITH_CHECK(bytes.size() == kTableFooterBytes);
  if (bytes.substr(0, 8) != Bytes(kTableMagic, 8) ||
      load_u64(bytes.data() + kFooterCheckOffset) !=
          checksum(bytes.substr(0, kFooterCheckOffset), 0)) {
    return Status::corruption(path, offset, "the table's footer is damaged");
  }
  Decoder decoder(bytes.substr(8));
  if (decoder.u32() != kTableVersion || decoder.u32() != 0) {
    return Status::at_path(StatusCode::kFormat, path, "made by a newer version");
  }
  TableIdentity own;
  own.database.words[0] = decoder.u64();
  own.database.words[1] = decoder.u64();
  own.number = decoder.u64();
  if (own.database != identity.database || own.number != identity.number) {
    return Status::corruption(path, offset, "another table lies in this table's place");
  }
  TableFooter footer;
  footer.filter_offset = decoder.u64();
  footer.index_offset = decoder.u64();
  footer.properties_offset = decoder.u64();
  footer.file_bytes = decoder.u64();
  const bool filter_fits =
      !footer.has_filter() || (footer.filter_offset < footer.index_offset &&
                               footer.index_offset - footer.filter_offset > kTrailerSize);
  const bool rest_fits = footer.index_offset < footer.properties_offset &&
                         footer.properties_offset - footer.index_offset > kTrailerSize &&
                         footer.properties_offset < offset &&
                         offset - footer.properties_offset > kTrailerSize;
  if (!filter_fits || !rest_fits || footer.file_bytes != offset + kTableFooterBytes) {
    return Status::corruption(path, offset, "the table's footer contradicts its file");
  }
  return footer;
}

std::string encode_trailer(const TableIdentity& identity, uint64_t offset, Compression compression,
                           Bytes payload_head, Bytes payload_tail) {
  std::string trailer(1, static_cast<char>(compression));
  append_u64(&trailer, checksum_of_two(payload_head, payload_tail,
                                       block_seed(identity, offset, compression)));
  return trailer;
}

Status BlockReader::damaged(uint64_t offset) const {
  return Status::corruption(path(), offset, "a block of the table is damaged");
}

Status BlockReader::read(uint64_t offset, char* to, uint64_t bytes) const {
  Result<size_t> count = file_.read(offset, to, bytes);
  if (!count.is_ok()) return count.take_status();
  if (*count < bytes) {
    return Status::corruption(path(), offset + *count, "the table is cut short");
  }
  return Status::ok();
}

Result<Compression> BlockReader::check(uint64_t offset, Bytes stored) const {
  if (stored.size() <= kTrailerSize) return damaged(offset);
  const Bytes payload = stored.substr(0, stored.size() - kTrailerSize);
  const char* const trailer = payload.data() + payload.size();
  const auto byte = static_cast<uint8_t>(trailer[0]);
  const auto compression = static_cast<Compression>(byte);
  if (!is_compression(byte) ||
      load_u64(trailer + 1) != checksum(payload, block_seed(identity_, offset, compression))) {
    return damaged(offset);
  }
  return compression;
}

Result<BlockRef> BlockReader::expand(uint64_t offset, Bytes payload,
                                     Compression compression) const {
  const uint64_t raw_bytes = raw_bytes_of(compression, payload);
  if (raw_bytes == 0) return damaged(offset);
  BlockRef block = Block::make(raw_bytes);
  if (!decompress(compression, payload, block->data())) return damaged(offset);
  return block;
}

Result<BlockRef> BlockReader::open_block(uint64_t offset, Bytes stored) const {
  Result<Compression> compression = check(offset, stored);
  if (!compression.is_ok()) return compression.take_status();
  const Bytes payload = stored.substr(0, stored.size() - kTrailerSize);
  if (*compression != Compression::kNone) return expand(offset, payload, *compression);
  BlockRef block = Block::make(payload.size());
  std::memcpy(block->data(), payload.data(), payload.size());
  return block;
}

Result<BlockRef> BlockReader::read_block(uint64_t offset, uint64_t bytes) const {
  // An uncompressed payload stays where it was read to.
  BlockRef block = Block::make(bytes);
  SKIPLITH_RETURN_IF_ERROR(read(offset, block->data(), bytes));
  Result<Compression> compression = check(offset, block->payload());
  if (!compression.is_ok()) return compression.take_status();
  const Bytes payload = block->payload().substr(0, bytes - kTrailerSize);
  if (*compression != Compression::kNone) return expand(offset, payload, *compression);
  block->cut_to(payload.size());
  return block;
}

}  // namespace skiplith
