#include "table/frame.h"

#include "table/data_block.h"

namespace skiplith {

Result<std::unique_ptr<Frame>> Frame::open(OpenFiles& files, const std::string& path,
                                           const TableIdentity& identity, uint64_t bytes) {
  auto file = files.open_readable(path);
  if (!file.is_ok()) return file.take_status();
  std::unique_ptr<Frame> frame(new Frame(std::move(*file), identity));
  SKIPLITH_RETURN_IF_ERROR(frame->load(identity, bytes));
  return frame;
}

Status Frame::load(const TableIdentity& identity, uint64_t bytes) {
  const std::string& path = file_->path();
  Result<uint64_t> size = file_->size();
  if (!size.is_ok()) return size.take_status();
  if (*size != bytes || bytes < kTableFooterBytes) {
    return Status::corruption(path, *size, "the table does not have the size it was written with");
  }
  const uint64_t footer_offset = bytes - kTableFooterBytes;
  char footer_bytes[kTableFooterBytes];
  SKIPLITH_RETURN_IF_ERROR(reader_.read(footer_offset, footer_bytes, kTableFooterBytes));
  auto footer =
      decode_table_footer(Bytes(footer_bytes, kTableFooterBytes), identity, footer_offset, path);
  if (!footer.is_ok()) return footer.take_status();
  properties_.bytes = bytes;
  SKIPLITH_RETURN_IF_ERROR(load_index(*footer));
  SKIPLITH_RETURN_IF_ERROR(load_filter(*footer));
  return load_properties(*footer, identity.number);
}

Status Frame::load_index(const TableFooter& footer) {
  const uint64_t offset = footer.index_offset;
  auto block = reader_.read_block(offset, footer.properties_offset - offset);
  if (!block.is_ok()) return block.take_status();
  if (!fences_.decode((*block)->payload(), footer.filter_offset)) return reader_.damaged(offset);
  slots_ = std::make_unique<BlockSlot[]>(fences_.blocks());
  return Status::ok();
}

Status Frame::load_filter(const TableFooter& footer) {
  if (!footer.has_filter()) return Status::ok();
  const uint64_t offset = footer.filter_offset;
  auto block = reader_.read_block(offset, footer.index_offset - offset);
  if (!block.is_ok()) return block.take_status();
  if (!Filter::is_valid((*block)->payload())) return reader_.damaged(offset);
  filter_block_ = std::move(*block);
  filter_ = Filter(filter_block_->payload());
  return Status::ok();
}

Status Frame::load_properties(const TableFooter& footer, uint64_t number) {
  const uint64_t offset = footer.properties_offset;
  auto block = reader_.read_block(offset, properties_.bytes - kTableFooterBytes - offset);
  if (!block.is_ok()) return block.take_status();
  if (!decode_properties((*block)->payload(), &properties_)) return reader_.damaged(offset);
  properties_.number = number;
  return Status::ok();
}

uint64_t Frame::memory_bytes() const {
  return sizeof(Frame) + fences_.memory_bytes() + fences_.blocks() * sizeof(BlockSlot) +
         (filter_block_ ? filter_block_->memory_bytes() : 0);
}

Result<BlockRef> Frame::valid_or_damaged(uint32_t block, Result<BlockRef> opened) const {
  if (!opened.is_ok()) return opened;
  if (!DataBlock::is_valid((*opened)->payload())) return damaged_block(block);
  return opened;
}

Result<BlockRef> Frame::read_data_block(uint32_t block) const {
  return valid_or_damaged(block, reader_.read_block(fences_.offset(block), fences_.bytes(block)));
}

Result<BlockRef> Frame::open_data_block(uint32_t block, Bytes stored) const {
  return valid_or_damaged(block, reader_.open_block(fences_.offset(block), stored));
}

Result<BlockRef> ReadAhead::block(uint32_t block, uint64_t window_bytes) {
  const Fences& fences = frame_.fences();
  const uint64_t from = fences.offset(block), to = from + fences.bytes(block);
  if (from < begin_ || to > end_) {
    uint32_t last = block;
    while (last + 1 < fences.blocks() &&
           fences.offset(last + 1) + fences.bytes(last + 1) - from <= window_bytes) {
      ++last;
    }
    if (last == block) return frame_.read_data_block(block);
    if (capacity_ < window_bytes) {
      buffer_ = std::make_unique_for_overwrite<char[]>(window_bytes);
      capacity_ = window_bytes;
    }
    begin_ = end_ = 0;
    const uint64_t end = fences.offset(last) + fences.bytes(last);
    SKIPLITH_RETURN_IF_ERROR(frame_.reader().read(from, buffer_.get(), end - from));
    begin_ = from;
    end_ = end;
  }
  return frame_.open_data_block(block, Bytes(buffer_.get() + (from - begin_), to - from));
}

}  // namespace skiplith
