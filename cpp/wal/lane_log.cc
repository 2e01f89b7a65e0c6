#include "wal/lane_log.h"

#include <algorithm>
#include <utility>

#include "record/limits.h"

namespace skiplith {
namespace {

// Up to here head and tail are joined in a buffer on the stack, which makes one hash of two.
constexpr size_t kSmallBytes = 1024;
// A buffer of the write form that has grown larger is given back.
constexpr size_t kKeptBufferBytes = size_t{1} << 20;

uint64_t block_of(uint64_t offset) { return offset - (offset - kHeaderPageBytes) % kBlockBytes; }

// The file offset `bytes` further along the areas of a run.
uint64_t advance(uint64_t offset, uint64_t bytes) {
  const uint64_t block = block_of(offset);
  const uint64_t along = offset - block - kBlockHeaderBytes + bytes;
  return block + along / kAreaBytes * kBlockBytes + kBlockHeaderBytes + along % kAreaBytes;
}

// Calls use(file offset, size) for each piece of `bytes` bytes from `offset` along the areas.
// Returns where they end.
template <typename Use>
uint64_t for_each_piece(uint64_t offset, uint64_t bytes, Use use) {
  while (bytes > 0) {
    const uint64_t piece = std::min(bytes, block_of(offset) + kBlockBytes - offset);
    use(offset, piece);
    offset = advance(offset, piece);
    bytes -= piece;
  }
  return offset;
}

}  // namespace

bool LaneLog::try_reserve(Segment& segment, uint64_t payload_bytes) {
  if (segment_ != &segment) [[unlikely]]
    bind(segment);
  if (fits_current_block(payload_bytes)) [[likely]]
    return true;
  return try_take_run(payload_bytes);
}

void LaneLog::bind(Segment& segment) {
  SKIPLITH_CHECK(segment_ == nullptr);
  segment_ = &segment;
  is_mapped_ = segment.form() == SinkForm::kMapped;
  image_ = segment.mapped();
  image_offset_ = 0;
}

bool LaneLog::try_take_run(uint64_t payload_bytes) {
  if (!is_mapped_ && block_end_ == 0) {
    uint64_t first = 0;  // the block that will make the lane known
    if (!segment_->try_take_blocks(1, &first)) return false;
    next_ = first + kBlockHeaderBytes;
    block_end_ = first + kBlockBytes;
    if (fits_current_block(payload_bytes)) return true;
  }
  const uint64_t blocks = blocks_for(payload_bytes);
  if (spare_.blocks >= blocks) return true;
  // Spare blocks that do not suffice are forgotten: rare, and zeros hurt nobody.
  Run run{.blocks = blocks};
  if (!segment_->try_take_blocks(blocks, &run.offset)) return false;
  spare_ = run;
  return true;
}

void LaneLog::write_payload(Bytes head, Bytes tail) {
  SKIPLITH_CHECK(place_.payload_bytes == 0);
  choose_place(head.size() + tail.size());
  if (!is_mapped_) [[unlikely]] {
    make_lane_known();
    try {
      open_buffer();
    } catch (...) {
      place_ = {};
      throw;
    }
  }
  if (place_.blocks > 1 && is_mapped_ && write_run(head, tail)) {
    place_.payload_hash = checksum_of_two(head, tail, segment_->nonce() ^ place_.offset);
    return;
  }
  if (place_.blocks > 0) [[unlikely]]
    stamp_blocks();

  if (head.empty()) std::swap(head, tail);
  char small[kSmallBytes];
  if (!tail.empty() && place_.payload_bytes <= kSmallBytes) {
    std::memcpy(small, head.data(), head.size());
    std::memcpy(small + head.size(), tail.data(), tail.size());
    head = Bytes(small, place_.payload_bytes);
    tail = Bytes();
  }
  place_.payload_hash = checksum_of_two(head, tail, segment_->nonce() ^ place_.offset);
  if (tail.empty() && place_.blocks <= 1) [[likely]] {
    std::memcpy(at(place_.offset + kRecordHeaderBytes), head.data(), head.size());
  } else {
    copy(copy(place_.offset + kRecordHeaderBytes, head), tail);
  }
}

void LaneLog::choose_place(uint64_t payload_bytes) {
  SKIPLITH_CHECK(payload_bytes > 0 && payload_bytes <= kMaxBatchBytes);
  place_.payload_bytes = static_cast<uint32_t>(payload_bytes);
  if (fits_current_block(payload_bytes)) [[likely]] {
    place_.offset = next_;
    place_.blocks = 0;
    place_.trailer_offset = next_ + record_bytes(payload_bytes) - kTrailerBytes;
  } else {
    place_.blocks = blocks_for(payload_bytes);
    SKIPLITH_CHECK(spare_.blocks >= place_.blocks);
    place_.offset = spare_.offset + kBlockHeaderBytes;
    place_.trailer_offset = advance(place_.offset, record_bytes(payload_bytes) - kTrailerBytes);
  }
}

// Write form: the lane's first block gets its header before the lane's first sequence is taken.
void LaneLog::make_lane_known() {
  if (next_ordinal_ > 0 || !failure_.is_ok()) return;
  alignas(8) char header[kBlockHeaderBytes];
  const uint64_t block = block_end_ - kBlockBytes;
  store_block_header(header, {.lane = lane_}, segment_->nonce(), block);
  failure_ = segment_->write(block, Bytes(header, sizeof header));
  next_ordinal_ = 1;
}

// Write form: the buffer stands for the part of the file that the record will fill.
void LaneLog::open_buffer() {
  image_offset_ = place_.blocks > 0 ? place_.first_block() : place_.offset;
  buffer_.assign(place_.trailer_offset + kTrailerBytes - image_offset_, 0);
  image_ = buffer_.data();
}

void LaneLog::stamp_blocks() {
  for (uint64_t i = 0; i < place_.blocks; ++i) {
    const uint64_t block = place_.first_block() + i * kBlockBytes;
    store_block_header(at(block), header_of(i), segment_->nonce(), block);
  }
}

// Blocks with their headers and the payload, as stamp_blocks() and copy() would store them. False:
// they must.
bool LaneLog::write_run(Bytes head, Bytes tail) const {
  static constexpr char kUnwritten[kRecordHeaderBytes] = {};
  // A header and an area's worth of payload each; and once the record's header, a second part of
  // the payload, and what keeps the trailer out of the last block but one.
  constexpr size_t kBlocksACall = (SegmentFile::kMostPieces - 3) / 2;
  for (uint64_t done = 0; done < place_.blocks; done += kBlocksACall) {
    char headers[kBlocksACall][kBlockHeaderBytes];
    Bytes pieces[SegmentFile::kMostPieces];
    size_t count = 0;
    const uint64_t end = std::min(done + kBlocksACall, place_.blocks);
    for (uint64_t i = done; i < end; ++i) {
      char* const header = headers[i - done];
      store_block_header(header, header_of(i), segment_->nonce(),
                         place_.first_block() + i * kBlockBytes);
      pieces[count++] = Bytes(header, kBlockHeaderBytes);
      uint64_t area = kAreaBytes;
      if (i == 0) {
        pieces[count++] = Bytes(kUnwritten, kRecordHeaderBytes);
        area -= kRecordHeaderBytes;
      }
      for (Bytes* part : {&head, &tail}) {
        const Bytes piece = part->substr(0, area);
        if (piece.empty()) continue;
        pieces[count++] = piece;
        part->remove_prefix(piece.size());
        area -= piece.size();
      }
      if (i + 1 < place_.blocks && area > 0) pieces[count++] = Bytes(kUnwritten, area);
    }
    if (!segment_->write_unpopulated(place_.first_block() + done * kBlockBytes,
                                     std::span(pieces, count))) {
      return false;
    }
  }
  return true;
}

uint64_t LaneLog::copy(uint64_t offset, Bytes bytes) {
  return for_each_piece(offset, bytes.size(), [&](uint64_t piece_offset, uint64_t size) {
    std::memcpy(at(piece_offset), bytes.data(), size);
    bytes.remove_prefix(size);
  });
}

Status LaneLog::commit(Sequence first, uint32_t count) {
  SKIPLITH_CHECK(place_.payload_bytes > 0);
  store_head_and_trailer(first, count);
  place_.payload_bytes = 0;
  if (!is_mapped_) [[unlikely]] {
    SKIPLITH_RETURN_IF_ERROR(write_buffer());
  }
  if (place_.blocks > 0) [[unlikely]]
    spend_spare_blocks();
  next_ = place_.trailer_offset + kTrailerBytes;
  ++records_;
  return Status::ok();
}

void LaneLog::store_head_and_trailer(Sequence first, uint32_t count) {
  const uint64_t seed = segment_->nonce() ^ place_.offset;
  const uint64_t word = length_word(
      {.first_sequence = first, .count = count, .payload_bytes = place_.payload_bytes}, seed);
  const uint64_t trailer = trailer_word(place_.payload_hash, word, first, seed);
  char* record = at(place_.offset);
  store_u64(record, first);
  store_u32(record + 8, count);
  store_u32(record + 12, 0);
  store_u64_last(record + kLengthWordOffset, word);
  store_u64_last(at(place_.trailer_offset), trailer);
}

Status LaneLog::write_buffer() {
  if (failure_.is_ok()) {
    failure_ = segment_->write(image_offset_, Bytes(buffer_.data(), buffer_.size()));
  }
  if (buffer_.capacity() > kKeptBufferBytes) std::vector<char>().swap(buffer_);
  return failure_;
}

void LaneLog::abandon() {
  SKIPLITH_CHECK(place_.payload_bytes > 0);
  if (is_mapped_) {
    for_each_piece(place_.offset + kRecordHeaderBytes, place_.payload_bytes,
                   [&](uint64_t offset, uint64_t size) { std::memset(at(offset), 0, size); });
    // The blocks have their headers: they cannot be spare again. A run of more than one is left
    // as it is, since a continuation cannot become a block where records begin.
    if (place_.blocks > 0) {
      spend_spare_blocks();
      next_ = place_.offset;
      if (place_.blocks > 1) block_end_ = 0;
    }
  }
  place_.payload_bytes = 0;
}

// The place's blocks have been written to; the last of them becomes the current one.
void LaneLog::spend_spare_blocks() {
  spare_.offset += place_.blocks * kBlockBytes;
  spare_.blocks -= place_.blocks;
  next_ordinal_ += place_.blocks;
  block_end_ = spare_.offset;
}

void LaneLog::reset() {
  SKIPLITH_CHECK(place_.payload_bytes == 0);
  segment_ = nullptr;
  next_ = 0;
  block_end_ = 0;
  spare_ = {};
  next_ordinal_ = 0;
  records_ = 0;
}

}  // namespace skiplith
