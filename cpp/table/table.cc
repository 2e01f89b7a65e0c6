#include "table/table.h"

#include "table/data_block.h"
#include "table/table_cursor.h"
#include "table/verify.h"

namespace skiplith {

Table::Table(OpenFiles& files, std::string path, const DatabaseId& database, uint64_t number,
             uint64_t bytes, BlockCache& cache)
    : files_(files),
      path_(std::move(path)),
      identity_{.database = database, .number = number},
      bytes_(bytes),
      cache_(cache) {}

Table::~Table() {
  if (frame_ == nullptr) return;
  cache_.drop(frame_->slots(), frame_->fences().blocks());
  cache_.remove_frame(frame_->memory_bytes());
}

Result<const Frame*> Table::open_frame() {
  if (const Frame* opened = frame(); opened != nullptr) [[likely]]
    return opened;
  MutexLock lock(opening_);
  if (frame_ == nullptr) {
    auto opened = Frame::open(files_, path_, identity_, bytes_);
    if (!opened.is_ok()) return opened.take_status();
    frame_ = std::move(*opened);
    cache_.add_frame(frame_->memory_bytes());
    published_frame_.store(frame_.get());
  }
  return frame_.get();
}

Result<BlockRef> Table::block(const Frame& frame, uint32_t block) {
  BlockSlot& slot = frame.slot(block);
  if (BlockRef resident = BlockCache::resident(slot)) {
    resident->touch();
    cache_.count(CacheCount::kBlockHits);
    return resident;
  }
  cache_.count(CacheCount::kBlockMisses);
  Result<BlockRef> fresh = frame.read_data_block(block);
  if (!fresh.is_ok()) return fresh;
  return cache_.publish(slot, std::move(*fresh), BlockCache::Reader::kLookup);
}

Lookup Table::get(const SearchedKey& key, Sequence at, Io io, PinnedBytes* value, Status* failure) {
  const Frame* known = frame();
  if (known == nullptr) [[unlikely]] {
    if (io == Io::kResidentOnly) return Lookup::kNeedsIo;
    Result<const Frame*> opened = open_frame();
    if (!opened.is_ok()) {
      *failure = opened.take_status();
      return Lookup::kFailed;
    }
    known = *opened;
  }
  // The fences are searched while the filter's line comes, and the slot comes while that is tested.
  known->filter().prefetch(key.hash);
  const uint32_t block = known->fences().find(key.bytes, at);
  __builtin_prefetch(&known->slot(block));
  if (!known->filter().may_contain(key.hash)) {
    cache_.count(CacheCount::kFilterNegatives);
    return Lookup::kAbsent;
  }
  return get_in(*known, block, key, at, io, value, failure);
}

Lookup Table::get_in(const Frame& frame, uint32_t first_block, const SearchedKey& key, Sequence at,
                     Io io, PinnedBytes* value, Status* failure) {
  const Fences& fences = frame.fences();
  for (uint32_t index = first_block;; ++index) {
    BlockRef kept;
    Block* block = nullptr;
    if (io == Io::kResidentOnly) {
      block = frame.slot(index).load();
      if (block == nullptr) return Lookup::kNeedsIo;
      DataBlock::prefetch(block->data());
      block->touch();
    } else {
      Result<BlockRef> read = this->block(frame, index);
      if (!read.is_ok()) {
        *failure = read.take_status();
        return Lookup::kFailed;
      }
      kept = std::move(*read);
      block = kept.get();
    }
    Kind kind = Kind::kPut;
    Bytes bytes;
    const DataBlock::Found found = DataBlock(block->payload()).find(key.bytes, at, &kind, &bytes);
    if (io == Io::kResidentOnly) cache_.count(CacheCount::kBlockHits);
    if (found == DataBlock::Found::kEntry) {
      if (kind == Kind::kDelete) return Lookup::kDeleted;
      if (kept) {
        value->own(bytes, std::move(kept));
      } else {
        value->borrow(bytes, block);
      }
      return Lookup::kFound;
    }
    const bool goes_on = found == DataBlock::Found::kBehind && index + 1 < fences.blocks() &&
                         fences.continues(index + 1, key.bytes);
    if (!goes_on) break;
  }
  if (frame.filter().exists()) cache_.count(CacheCount::kFilterFalsePositives);
  return Lookup::kAbsent;
}

std::unique_ptr<Cursor> Table::cursor(Sequence at) {
  return std::make_unique<TableCursor>(*this, at);
}

std::unique_ptr<VersionCursor> Table::versions() {
  return std::make_unique<VersionCursor>(open_frame());
}

Result<TableProperties> Table::properties() {
  Result<const Frame*> frame = open_frame();
  if (!frame.is_ok()) return frame.take_status();
  return (*frame)->properties();
}

Status Table::verify() {
  // A frame of its own: what is in memory says nothing about the file.
  auto frame = Frame::open(files_, path_, identity_, bytes_);
  return frame.is_ok() ? verify_table(**frame) : frame.take_status();
}

}  // namespace skiplith
