// The parts of a table's file. Little-endian, on disk: frozen.
//
//   data blocks, filter block (none without a filter), index block, properties block, footer
//
// Block: [payload][compression u8][check u64]; see data_block.h, filter.h, fences.h, and below.
//
//   compression  of the payload, which then is [raw bytes u32][compressed bytes]
//   check        XXH3(payload, seed); the seed is made of the database's id, the table's number,
//                the block's offset and its compression: a block is valid in its own place only
//
// Properties: [entries u64][tombstones u64][old versions u64][raw key bytes u64]
//             [raw value bytes u64][smallest sequence u64][largest sequence u64]
//             [smallest key bytes u32][largest key bytes u32][smallest key][largest key]
//
// Footer, 80 bytes: [magic 8][version u32][zero u32][database id 16][table number u64]
//             [filter offset u64][index offset u64][properties offset u64][file bytes u64]
//             [check u64 = XXH3(the 72 bytes before, seed 0)]
#pragma once

#include <string>

#include "base/status.h"
#include "io/files.h"
#include "record/database_id.h"
#include "record/kind.h"
#include "table/block.h"
#include "table/compression.h"

namespace skiplith {

inline constexpr char kTableMagic[9] = "SkplTbl\n";
inline constexpr uint32_t kTableVersion = 1;
inline constexpr uint64_t kTrailerSize = 9;
inline constexpr uint64_t kTableFooterBytes = 80;

// Which table: part of every checksum in it.
struct TableIdentity {
  DatabaseId database;
  uint64_t number = 0;
};

// What a table tells of itself; stored in it.
struct TableProperties {
  uint64_t number = 0;
  uint64_t bytes = 0;  // of the file
  uint64_t entries = 0;
  uint64_t tombstones = 0;    // entries of kind kDelete
  uint64_t old_versions = 0;  // entries that are not the newest of their key in this table
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;
  Sequence smallest_sequence = 0;
  Sequence largest_sequence = 0;
  std::string smallest_key;
  std::string largest_key;

  bool operator==(const TableProperties&) const = default;
};

std::string encode_properties(const TableProperties& properties);
// Number and bytes are the footer's to say.
bool decode_properties(Bytes payload, TableProperties* properties);

struct TableFooter {
  uint64_t filter_offset = 0;
  uint64_t index_offset = 0;
  uint64_t properties_offset = 0;
  uint64_t file_bytes = 0;

  bool has_filter() const { return filter_offset != index_offset; }
};

std::string encode_table_footer(const TableIdentity& identity, const TableFooter& footer);
// `bytes`: kTableFooterBytes from `offset`, the end of the file. kCorruption, or kFormat for a
// newer version. What it says about places is consistent with the file.
Result<TableFooter> decode_table_footer(Bytes bytes, const TableIdentity& identity, uint64_t offset,
                                        const std::string& path);

// What follows a payload in the file. The payload comes in two parts, either may be empty.
std::string encode_trailer(const TableIdentity& identity, uint64_t offset, Compression compression,
                           Bytes payload_head, Bytes payload_tail);

// From bytes in a file to a block in memory: checked, decompressed.
class BlockReader {
 public:
  BlockReader(const ReadableFile& file, const TableIdentity& identity)
      : file_(file), identity_(identity) {}

  const std::string& path() const { return file_.path(); }
  // Reads exactly so many bytes; kCorruption where the file ends before.
  Status read(uint64_t offset, char* to, uint64_t bytes) const;
  // The block that takes `bytes` in the file, its trailer among them.
  Result<BlockRef> read_block(uint64_t offset, uint64_t bytes) const;
  // The same from bytes that have been read already.
  Result<BlockRef> open_block(uint64_t offset, Bytes stored) const;
  Status damaged(uint64_t offset) const;

 private:
  // The compression, or kCorruption when the check is wrong.
  Result<Compression> check(uint64_t offset, Bytes stored) const;
  Result<BlockRef> expand(uint64_t offset, Bytes payload, Compression compression) const;

  const ReadableFile& file_;
  const TableIdentity identity_;
};

}  // namespace skiplith
