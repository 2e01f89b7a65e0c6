#include "wal/segment_format.h"

#include "record/limits.h"

namespace skiplith {
namespace {

constexpr uint64_t kMagicBytes = 8;
constexpr uint64_t kHeaderCheckOffset = kHeaderBytes - 8;

// Of one of the header page's later parts: a check behind its content.
uint64_t part_check(const char* part, uint64_t bytes, uint64_t nonce, uint64_t offset) {
  return checksum(Bytes(part, bytes - 8), nonce ^ offset);
}

void seal_part(char* part, uint64_t bytes, uint64_t nonce, uint64_t offset) {
  store_u64_last(part + bytes - 8, part_check(part, bytes, nonce, offset));
}

bool part_is_true(const char* part, uint64_t bytes, uint64_t nonce, uint64_t offset) {
  return load_u64(part + bytes - 8) == part_check(part, bytes, nonce, offset);
}

// Zero is kept for "not written yet".
uint64_t never_zero(uint64_t check) { return check == 0 ? 1 : check; }

}  // namespace

void encode_segment_header(char* to, const SegmentHeader& header) {
  std::memcpy(to, kSegmentMagic, kMagicBytes);
  store_u32(to + 8, header.version);
  store_u32(to + 12, header.flags);
  store_u64(to + 16, header.identity.database.words[0]);
  store_u64(to + 24, header.identity.database.words[1]);
  store_u64(to + 32, header.number);
  store_u64(to + 40, header.nonce);
  store_u64(to + 48, header.identity.boot.words[0]);
  store_u64(to + 56, header.identity.boot.words[1]);
  store_u64(to + kHeaderCheckOffset, checksum(Bytes(to, kHeaderCheckOffset), 0));
}

bool decode_segment_header(const char* from, SegmentHeader* header) {
  if (std::memcmp(from, kSegmentMagic, kMagicBytes) != 0) return false;
  if (load_u64(from + kHeaderCheckOffset) != checksum(Bytes(from, kHeaderCheckOffset), 0)) {
    return false;
  }
  header->version = load_u32(from + 8);
  header->flags = load_u32(from + 12);
  header->identity.database.words[0] = load_u64(from + 16);
  header->identity.database.words[1] = load_u64(from + 24);
  header->number = load_u64(from + 32);
  header->nonce = load_u64(from + 40);
  header->identity.boot.words[0] = load_u64(from + 48);
  header->identity.boot.words[1] = load_u64(from + 56);
  return true;
}

void encode_synced_through(char* to, Sequence sequence, uint64_t nonce) {
  store_u64(to, sequence);
  seal_part(to, kSyncedThroughBytes, nonce, kSyncedThroughOffset);
}

bool decode_synced_through(const char* from, uint64_t nonce, Sequence* sequence) {
  if (!part_is_true(from, kSyncedThroughBytes, nonce, kSyncedThroughOffset)) return false;
  *sequence = load_u64(from);
  return true;
}

void encode_footer(char* to, const Footer& footer, uint64_t nonce) {
  store_u64(to, footer.last_sequence);
  store_u64(to + 8, footer.records);
  store_u64(to + 16, footer.end_offset);
  seal_part(to, kFooterBytes, nonce, kFooterOffset);
}

bool decode_footer(const char* from, uint64_t nonce, Footer* footer) {
  if (!part_is_true(from, kFooterBytes, nonce, kFooterOffset)) return false;
  footer->last_sequence = load_u64(from);
  footer->records = load_u64(from + 8);
  footer->end_offset = load_u64(from + 16);
  return true;
}

void encode_allocated(char* to, uint64_t bytes, uint64_t nonce) {
  store_u64(to, bytes);
  seal_part(to, kAllocatedBytes, nonce, kAllocatedOffset);
}

bool decode_allocated(const char* from, uint64_t nonce, uint64_t* bytes) {
  if (!part_is_true(from, kAllocatedBytes, nonce, kAllocatedOffset)) return false;
  *bytes = load_u64(from);
  return true;
}

void encode_unsynced(char* to, uint64_t nonce) {
  store_u64(to, 1);
  seal_part(to, kUnsyncedBytes, nonce, kUnsyncedOffset);
}

bool decode_unsynced(const char* from, uint64_t nonce) {
  return part_is_true(from, kUnsyncedBytes, nonce, kUnsyncedOffset);
}

void store_block_header(char* to, const BlockHeader& header, uint64_t nonce, uint64_t offset) {
  store_u32(to, header.lane);
  store_u32(to + 4, header.continuation);
  store_u64(to + 8, header.ordinal);
  store_u64_last(to + 16, never_zero(checksum(Bytes(to, 16), nonce ^ offset)));
}

BlockState load_block_header(const char* from, uint64_t nonce, uint64_t offset,
                             BlockHeader* header) {
  const uint64_t check = load_u64(from + 16);
  if (check == 0) return BlockState::kUntouched;
  if (check != never_zero(checksum(Bytes(from, 16), nonce ^ offset))) return BlockState::kInvalid;
  header->lane = load_u32(from);
  header->continuation = load_u32(from + 4);
  header->ordinal = load_u64(from + 8);
  return BlockState::kValid;
}

bool decode_record_header(const char* from, uint64_t seed, RecordHeader* header) {
  const uint64_t word = load_u64(from + kLengthWordOffset);
  header->first_sequence = load_u64(from);
  header->count = load_u32(from + 8);
  header->payload_bytes = static_cast<uint32_t>(word);
  return load_u32(from + 12) == 0 && header->first_sequence > 0 && header->count > 0 &&
         header->payload_bytes > 0 && header->payload_bytes <= kMaxBatchBytes &&
         header->first_sequence <= kMaxSequence - header->count + 1 &&
         word == length_word(*header, seed);
}

uint64_t length_word(const RecordHeader& header, uint64_t seed) {
  char bytes[24];
  store_u64(bytes, header.first_sequence);
  store_u64(bytes + 8, header.count);
  store_u64(bytes + 16, header.payload_bytes);
  return header.payload_bytes | checksum(Bytes(bytes, sizeof bytes), seed) << 32;
}

uint64_t trailer_word(uint64_t payload_hash, uint64_t length_word, Sequence first, uint64_t seed) {
  char bytes[24];
  store_u64(bytes, payload_hash);
  store_u64(bytes + 8, length_word);
  store_u64(bytes + 16, first);
  return never_zero(checksum(Bytes(bytes, sizeof bytes), seed));
}

}  // namespace skiplith
