#include "table/fences.h"

#include "base/check.h"
#include "record/limits.h"

namespace skiplith {

void FencesBuilder::add(Bytes last_before, Bytes first_key, bool continues,
                        Sequence first_sequence) {
  Bytes separator;
  if (blocks_ > 0) {
    const size_t common = common_bytes(last_before, first_key);
    separator = continues ? first_key : first_key.substr(0, common + 1);
  }
  entry_.clear();
  append_varint(&entry_, continues ? first_sequence + 1 : 0);
  append_varint(&entry_, separator.size());
  entry_.append(separator);
  ++blocks_;
}

void FencesBuilder::set_bytes(uint64_t stored_bytes) {
  append_varint(&payload_, stored_bytes);
  payload_.append(entry_);
}

std::string FencesBuilder::finish() {
  std::string payload;
  append_varint(&payload, blocks_);
  return payload.append(payload_);
}

bool Fences::decode(Bytes payload, uint64_t data_bytes) {
  Decoder decoder(payload);
  const uint64_t blocks = decoder.varint();
  // Each takes three bytes at least: no allocation is larger than the file warrants.
  if (!decoder.ok() || blocks == 0 || blocks > payload.size() / 3) return false;
  if (payload.size() > UINT32_MAX) return false;
  offsets_.assign(1, 0);
  offsets_.reserve(blocks + 1);
  starts_.assign(1, 0);
  starts_.reserve(blocks + 1);
  for (uint64_t block = 0; block < blocks; ++block) {
    const uint64_t bytes = decoder.varint();
    const Sequence continued = decoder.varint();
    const Bytes separator = decoder.bytes(decoder.varint());
    if (!decoder.ok() || bytes == 0 || bytes > data_bytes - offsets_.back()) return false;
    if (separator.size() > kMaxKeyBytes || continued > kMaxSequence + 1) return false;
    if (block == 0 && (continued != 0 || !separator.empty())) return false;
    if (continued != 0 && continued_.empty()) continued_.resize(blocks);
    if (continued != 0) continued_[block] = continued;
    offsets_.push_back(offsets_.back() + bytes);
    separators_.append(separator);
    starts_.push_back(static_cast<uint32_t>(separators_.size()));
  }
  if (!decoder.empty() || offsets_.back() != data_bytes) return false;
  if (blocks == 1) return true;
  const Bytes first = separator(1), last = separator(static_cast<uint32_t>(blocks - 1));
  common_ = first.substr(0, common_bytes(first, last));
  for (uint32_t block = 1; block < blocks; ++block) {
    const Bytes own = separator(block);
    if (side_of(own, common_) != Side::kAmong) return false;
    if (block > 1 && own < separator(block - 1)) return false;
    append_u64(&heads_, head_of(own.substr(common_.size())));
  }
  return true;
}

uint64_t Fences::memory_bytes() const {
  return sizeof(Fences) + common_.capacity() + heads_.capacity() + separators_.capacity() +
         offsets_.capacity() * sizeof(uint64_t) + starts_.capacity() * sizeof(uint32_t) +
         continued_.capacity() * sizeof(Sequence);
}

uint32_t Fences::last_not_after(Bytes key) const {
  const uint32_t fences = blocks() - 1;
  if (fences == 0) return 0;
  const Side side = side_of(key, common_);
  if (side != Side::kAmong) return side == Side::kBefore ? 0 : fences;
  return static_cast<uint32_t>(count_before(
      heads_.data(), fences, head_of(key.substr(common_.size())),
      [&](size_t fence) { return separator(static_cast<uint32_t>(fence + 1)) <= key; }));
}

uint32_t Fences::find(Bytes key, Sequence at) const {
  uint32_t block = last_not_after(key);
  // A key whose versions fill blocks: back to the one with the version asked for.
  while (continues(block, key) && continued_sequence(block) - 1 < at) --block;
  return block;
}

}  // namespace skiplith
