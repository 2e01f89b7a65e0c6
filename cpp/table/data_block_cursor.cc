#include "table/data_block_cursor.h"

namespace skiplith {

void DataBlockCursor::open(Bytes payload) {
  block_ = DataBlock(payload);
  key_ = block_.common();
  common_bytes_ = key_.size();
  at_ = nullptr;
}

void DataBlockCursor::begin_group(uint32_t group) {
  group_ = group;
  group_begin_ = block_.group_keys(group);
  group_end_ = block_.group_end(group);
  value_ = block_.group_values(group);
  at_ = group_begin_;
  read_entry();
}

void DataBlockCursor::read_entry() {
  entry_ = block_.entry_at(at_);
  const size_t kept = common_bytes_ + entry_.shared;
  key_.resize(kept + entry_.rest);
  std::memcpy(key_.data() + kept, entry_.key_rest, entry_.rest);
}

void DataBlockCursor::step() {
  value_ += entry_.value_bytes();
  at_ = entry_.end();
  read_entry();
}

void DataBlockCursor::step_until(const char* end) {
  while (entry_.end() != end) step();
}

void DataBlockCursor::first() { begin_group(0); }

void DataBlockCursor::last() {
  begin_group(block_.groups() - 1);
  step_until(group_end_);
}

void DataBlockCursor::next() {
  if (entry_.end() != group_end_) [[likely]] {
    step();
  } else if (group_ + 1 < block_.groups()) {
    begin_group(group_ + 1);
  } else {
    at_ = nullptr;
  }
}

void DataBlockCursor::prev() {
  if (at_ != group_begin_) {
    const char* const here = at_;
    begin_group(group_);
    step_until(here);
  } else if (group_ > 0) {
    begin_group(group_ - 1);
    step_until(group_end_);
  } else {
    at_ = nullptr;
  }
}

void DataBlockCursor::seek(Bytes key, Sequence at) {
  const uint32_t group = block_.group_to_search(key, at);
  if (group == block_.groups()) {
    at_ = nullptr;
    return;
  }
  begin_group(group);
  while (valid()) {
    const int order = key_.compare(key);
    if (order > 0 || (order == 0 && sequence() <= at)) return;
    next();
  }
}

}  // namespace skiplith
