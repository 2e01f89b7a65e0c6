#include "table/data_block_builder.h"

#include <algorithm>

namespace skiplith {

void DataBlockBuilder::add(const TableEntry& entry, bool older_version) {
  entries_.push_back({.key_offset = keys_.size(),
                      .key_bytes = static_cast<uint32_t>(entry.key.size()),
                      .older_version = older_version,
                      .kind = entry.kind,
                      .value_bytes = entry.value.size(),
                      .sequence = entry.sequence});
  keys_.append(entry.key);
  values_.append(entry.value);
}

void DataBlockBuilder::append_entry(const Entry& entry, Bytes key, size_t shared, Sequence base,
                                    size_t word_bytes) {
  append_varint(&coded_keys_, shared);
  append_varint(&coded_keys_, key.size() - shared);
  append_varint(&coded_keys_, entry.kind == Kind::kDelete ? 0 : entry.value_bytes + 1);
  char word[8];
  store_u64(word, (entry.sequence - base) << 1 | static_cast<uint64_t>(entry.older_version));
  coded_keys_.append(word, word_bytes);
  coded_keys_.append(key.substr(shared));
}

Bytes DataBlockBuilder::lay_out() {
  const size_t common = common_bytes(first_key(), last_key());
  Sequence base = kMaxSequence, largest = 0;
  for (const Entry& entry : entries_) {
    base = std::min(base, entry.sequence);
    largest = std::max(largest, entry.sequence);
  }
  const uint64_t largest_word = (largest - base) << 1 | 1;
  const auto word_bytes = static_cast<size_t>(std::bit_width(largest_word) + 7) / 8;
  heads_.clear();
  places_.clear();
  coded_keys_.clear();
  uint64_t values = 0;
  Bytes before;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Bytes key = key_of(entries_[i]).substr(common);
    const bool begins_group = i % kGroupEntries == 0;
    if (begins_group) {
      append_u64(&heads_, head_of(key));
      append_u32(&places_, static_cast<uint32_t>(coded_keys_.size()));
      append_u32(&places_, static_cast<uint32_t>(values));
    }
    append_entry(entries_[i], key, begins_group ? 0 : common_bytes(before, key), base, word_bytes);
    values += entries_[i].value_bytes;
    before = key;
  }
  layout_.clear();
  append_u32(&layout_, static_cast<uint32_t>(entries_.size()));
  append_u32(&layout_, static_cast<uint32_t>(heads_.size() / kHeadBytes));
  append_u32(&layout_, static_cast<uint32_t>(common));
  append_u32(&layout_, static_cast<uint32_t>(word_bytes));
  append_u32(&layout_, static_cast<uint32_t>(coded_keys_.size()));
  append_u32(&layout_, 0);
  append_u64(&layout_, base);
  layout_.append(first_key().substr(0, common));
  layout_.resize(round_up(layout_.size(), 8), '\0');
  layout_.append(heads_).append(places_).append(coded_keys_);
  return layout_;
}

void DataBlockBuilder::reset() {
  entries_.clear();
  keys_.clear();
  // The values of one giant are not kept for the blocks behind it.
  if (values_.capacity() > (size_t{1} << 20)) values_ = {};
  values_.clear();
}

}  // namespace skiplith
