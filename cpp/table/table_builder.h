// Writes a table, front to back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "table/data_block_builder.h"
#include "table/fences.h"
#include "table/table_format.h"

namespace skiplith {

struct TableOptions {
  Compression compression = Compression::kNone;
  // Bits of filter per key; 0: no filter. 10 let one in a hundred absent keys pass.
  uint32_t filter_bits = 10;
  // Of a data block's payload before compression. With values of 100 bytes, 4 KiB against 16: a
  // lookup that has to read and check its block takes 2.2 us against 4.0, LZ4 leaves 0.55 of the
  // bytes against 0.41, a lookup in resident blocks takes the same.
  uint32_t block_bytes = 8 * 1024;
};

// One thread. The file is complete only when finish() has succeeded; one that was destroyed
// before, or has failed, leaves an unfinished file, and its remover is the caller.
class TableBuilder {
 public:
  static Result<std::unique_ptr<TableBuilder>> create(Files& files, const std::string& path,
                                                      const DatabaseId& database, uint64_t number,
                                                      TableOptions options);
  TableBuilder(const TableBuilder&) = delete;
  TableBuilder& operator=(const TableBuilder&) = delete;

  // In internal order, each (key, sequence) once; anything else is a bug. What is borrowed is
  // copied. After a failure, no more calls.
  Status add(const TableEntry& entry);
  // What the file would take if it ended here, about.
  uint64_t bytes() const;
  uint64_t entries() const { return properties_.entries; }
  // Writes the rest; the file is durable and closed, its directory not synced. Without entries: a
  // bug.
  Result<TableProperties> finish();

 private:
  TableBuilder(std::unique_ptr<AppendableFile> file, const TableIdentity& identity,
               TableOptions options);

  void check_order(const TableEntry& entry, bool older_version) const;
  void count(const TableEntry& entry, bool older_version);
  Status write_data_block();
  // A payload in two parts, its trailer behind it; returns the bytes it takes.
  Result<uint64_t> write_block(Bytes payload_head, Bytes payload_tail, Compression compression);
  Status write(Bytes bytes);
  Status flush_buffer();

  const std::unique_ptr<AppendableFile> file_;
  const TableIdentity identity_;
  const TableOptions options_;
  Compressor compressor_;
  DataBlockBuilder block_;
  FencesBuilder fences_;
  std::vector<uint64_t> filter_hashes_;
  TableProperties properties_;
  std::string last_key_;
  Sequence last_sequence_ = 0;
  std::string last_key_before_block_;
  uint64_t offset_ = 0;  // where the next block begins
  std::string buffer_;   // not yet handed to the file
};

}  // namespace skiplith
