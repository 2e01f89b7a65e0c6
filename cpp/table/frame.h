// What of a table is in memory as long as the table is used: its file, index, filter, properties,
// and the slots of its blocks.
#pragma once

#include <memory>

#include "io/open_files.h"
#include "table/fences.h"
#include "table/filter.h"
#include "table/table_format.h"

namespace skiplith {

// Immutable but for the slots, which are the cache's business. Any number of threads.
class Frame {
 public:
  // Reads and checks everything but the data blocks. `bytes`: what the file must have.
  static Result<std::unique_ptr<Frame>> open(OpenFiles& files, const std::string& path,
                                             const TableIdentity& identity, uint64_t bytes);

  const Fences& fences() const { return fences_; }
  const Filter& filter() const { return filter_; }
  const TableProperties& properties() const { return properties_; }
  const BlockReader& reader() const { return reader_; }
  BlockSlot& slot(uint32_t block) const { return slots_[block]; }
  BlockSlot* slots() const { return slots_.get(); }
  uint64_t memory_bytes() const;

  // A data block, checked once and for all; the second from bytes that have been read.
  Result<BlockRef> read_data_block(uint32_t block) const;
  Result<BlockRef> open_data_block(uint32_t block, Bytes stored) const;

  Status damaged_block(uint32_t block) const { return reader_.damaged(fences_.offset(block)); }

 private:
  Frame(std::unique_ptr<ReadableFile> file, const TableIdentity& identity)
      : file_(std::move(file)), reader_(*file_, identity) {}

  Status load(const TableIdentity& identity, uint64_t bytes);
  Status load_index(const TableFooter& footer);
  Status load_filter(const TableFooter& footer);
  Status load_properties(const TableFooter& footer, uint64_t number);
  Result<BlockRef> valid_or_damaged(uint32_t block, Result<BlockRef> opened) const;

  const std::unique_ptr<ReadableFile> file_;
  const BlockReader reader_;
  TableProperties properties_;
  Fences fences_;
  BlockRef filter_block_;
  Filter filter_;
  std::unique_ptr<BlockSlot[]> slots_;
};

// Data blocks in ascending order, read in few large pieces. One thread.
class ReadAhead {
 public:
  explicit ReadAhead(const Frame& frame) : frame_(frame) {}
  // Reads as many whole blocks as fit into `window_bytes`, at least the one asked for, unless it
  // lies in what was read last.
  Result<BlockRef> block(uint32_t block, uint64_t window_bytes);

 private:
  const Frame& frame_;
  std::unique_ptr<char[]> buffer_;
  uint64_t capacity_ = 0;
  uint64_t begin_ = 0;  // offsets in the file
  uint64_t end_ = 0;
};

}  // namespace skiplith
