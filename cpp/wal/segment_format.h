// The bytes of a segment. All numbers are little-endian, all of it is on disk: frozen.
//
//   offset 0      header page, 4096 bytes
//   offset 4096   block 0, 32768 bytes
//   offset 36864  block 1, ...
//
// Header page. Its five parts lie in different 512-byte sectors, so that writing one cannot tear
// another; each but the first may change during the segment's life and has its own check.
//
//   0     [magic 8][version u32][flags u32 = 0][database id 16][segment number u64][nonce u64]
//         [boot id 16][check u64 = XXH3(the 64 bytes before, seed 0)]
//   512   synced-through  [sequence u64][check u64]
//   1024  footer          [last sequence u64][records u64][end offset u64][check u64]
//   1536  allocated       [bytes u64][check u64]
//   2048  unsynced        [1 u64][check u64]   a sync has failed
//
//   The checks of the last four are XXH3(what stands before it, seed nonce ^ own offset). One
//   that does not match reads as "not there": synced through zero, not cleanly closed, unknown
//   size. A part that is not there only makes replay know less.
//
// Block. Belongs to one lane. A record too large for a block takes a run of blocks that lie one
// behind the other in the file.
//
//   0     [lane u32][continuation u32][ordinal u64][check u64]
//   24    payload area, 32744 bytes
//
//   continuation  0: records begin at the area's start. k: the k-th block after the run's first.
//   ordinal       counts the lane's blocks in this segment, from 0, without holes.
//   check         XXH3(the 16 bytes before, seed nonce ^ block's offset), never 0, stored last.
//                 0 means: nobody has written here yet, whatever stands elsewhere in the block.
//
// Record. Begins at a multiple of 8, flows through the areas of its run as if they were one.
//
//   [first sequence u64][count u32][reserved u32 = 0][payload bytes u32][header check u32]
//   [payload][zeros up to a multiple of 8][trailer u64]
//
//   header check  low half of XXH3([first sequence u64][count u64][payload bytes u64], seed nonce ^
//                 record's offset); in words of 8 bytes, as words cost nothing to hash
//   trailer       XXH3([payload hash u64][length word u64][first sequence u64], same seed), never 0
//   payload hash  XXH3(payload, same seed)
//   length word   payload bytes and header check as one u64; never 0, as no payload is empty
//
// Store order: payload, first sequence and count, length word, trailer; the last two each by one
// 8-byte store. So a process that dies between any two stores leaves either a length word of
// zero (nothing here yet, whatever stands behind it) or a true header with a trailer of zero (in
// flight, never acknowledged). Behind a lane's last record in a block there are only zeros.
#pragma once

#include "base/checksum.h"
#include "base/coding.h"
#include "io/files.h"
#include "record/database_id.h"
#include "record/kind.h"

namespace skiplith {

// Who writes a segment: replay refuses a segment of another database, and trusts the page cache
// only within one boot.
struct SegmentIdentity {
  DatabaseId database;
  BootId boot;
};

inline constexpr char kSegmentMagic[9] = "SkplSeg\n";
inline constexpr uint32_t kSegmentVersion = 1;

inline constexpr uint64_t kHeaderPageBytes = 4096;
inline constexpr uint64_t kHeaderBytes = 72;
inline constexpr uint64_t kSyncedThroughOffset = 512;
inline constexpr uint64_t kSyncedThroughBytes = 16;
inline constexpr uint64_t kFooterOffset = 1024;
inline constexpr uint64_t kFooterBytes = 32;
inline constexpr uint64_t kAllocatedOffset = 1536;
inline constexpr uint64_t kAllocatedBytes = 16;
inline constexpr uint64_t kUnsyncedOffset = 2048;
inline constexpr uint64_t kUnsyncedBytes = 16;

inline constexpr uint64_t kBlockBytes = 32768;
inline constexpr uint64_t kBlockHeaderBytes = 24;
inline constexpr uint64_t kAreaBytes = kBlockBytes - kBlockHeaderBytes;

inline constexpr uint64_t kRecordHeaderBytes = 24;
inline constexpr uint64_t kTrailerBytes = 8;
inline constexpr uint64_t kLengthWordOffset = 16;
inline constexpr uint64_t kLeastRecordBytes = kRecordHeaderBytes + 8 + kTrailerBytes;

static_assert(kAreaBytes % 8 == 0, "no 8-byte word of a record lies across two blocks");

// A record's bytes in the areas, and the blocks of a run that begins with it.
inline constexpr uint64_t record_bytes(uint64_t payload_bytes) {
  return kRecordHeaderBytes + round_up(payload_bytes, 8) + kTrailerBytes;
}
inline constexpr uint64_t blocks_for(uint64_t payload_bytes) {
  return (record_bytes(payload_bytes) + kAreaBytes - 1) / kAreaBytes;
}
// The least size of a segment that surely has room for a record: a block more than the run,
// since a lane of the write form makes itself known with an empty block before.
inline constexpr uint64_t segment_bytes_for(uint64_t payload_bytes) {
  return kHeaderPageBytes + (1 + blocks_for(payload_bytes)) * kBlockBytes;
}

struct SegmentHeader {
  uint32_t version = kSegmentVersion;
  uint32_t flags = 0;
  uint64_t number = 0;
  uint64_t nonce = 0;
  SegmentIdentity identity;
};

struct Footer {
  Sequence last_sequence = 0;
  uint64_t records = 0;
  uint64_t end_offset = 0;
};

struct BlockHeader {
  uint32_t lane = 0;
  uint32_t continuation = 0;
  uint64_t ordinal = 0;
};

struct RecordHeader {
  Sequence first_sequence = 0;
  uint32_t count = 0;
  uint32_t payload_bytes = 0;
};

void encode_segment_header(char* to, const SegmentHeader& header);
// False when magic or checksum are wrong. Version and flags are for the caller to judge.
bool decode_segment_header(const char* from, SegmentHeader* header);

// Each of the header page's later parts; `decode_` is false when the part is not there.
void encode_synced_through(char* to, Sequence sequence, uint64_t nonce);
bool decode_synced_through(const char* from, uint64_t nonce, Sequence* sequence);
void encode_footer(char* to, const Footer& footer, uint64_t nonce);
bool decode_footer(const char* from, uint64_t nonce, Footer* footer);
void encode_allocated(char* to, uint64_t bytes, uint64_t nonce);
bool decode_allocated(const char* from, uint64_t nonce, uint64_t* bytes);
void encode_unsynced(char* to, uint64_t nonce);
bool decode_unsynced(const char* from, uint64_t nonce);

enum class BlockState : uint8_t { kUntouched, kValid, kInvalid };
void store_block_header(char* to, const BlockHeader& header, uint64_t nonce, uint64_t offset);
BlockState load_block_header(const char* from, uint64_t nonce, uint64_t offset,
                             BlockHeader* header);

// False when the header is not one that this format writes. `seed` is nonce ^ record's offset.
bool decode_record_header(const char* from, uint64_t seed, RecordHeader* header);

// The two words that make a record true, with the same seed.
uint64_t length_word(const RecordHeader& header, uint64_t seed);
uint64_t trailer_word(uint64_t payload_hash, uint64_t length_word, Sequence first, uint64_t seed);

}  // namespace skiplith
