#include "table/probe.h"

#include <algorithm>

#include "table/table.h"

namespace skiplith {
namespace {

// How much of a value is asked for: what lies behind, the processor foresees.
constexpr size_t kValueBytesAhead = 256;

}  // namespace

void Probe::run(std::span<Probe> probes, Sequence at) {
  const auto step = [&](auto take) {
    size_t left = 0;
    for (Probe& probe : probes) {
      if (take(probe)) probes[left++] = probe;
    }
    probes = probes.first(left);
  };
  step([](Probe& probe) { return probe.open_table(); });
  step([at](Probe& probe) { return probe.pass_filter(at); });
  step([](Probe& probe) { return probe.enter_block(); });
  step([at](Probe& probe) { return probe.enter_group(at); });
  step([at](Probe& probe) { return probe.find(at); });
}

bool Probe::end(Lookup found) {
  wanted_->found = found;
  return false;
}

bool Probe::open_table() {
  frame_ = table_->frame();
  if (frame_ == nullptr) [[unlikely]]
    return end(Lookup::kNeedsIo);
  frame_->filter().prefetch(wanted_->hash);
  return true;
}

bool Probe::pass_filter(Sequence at) {
  if (!frame_->filter().may_contain(wanted_->hash)) {
    table_->cache_.count(CacheCount::kFilterNegatives);
    return end(Lookup::kAbsent);
  }
  block_index_ = frame_->fences().find(wanted_->bytes, at);
  __builtin_prefetch(&frame_->slot(block_index_));
  return true;
}

bool Probe::enter_block() {
  block_ = frame_->slot(block_index_).load();
  if (block_ == nullptr) return end(Lookup::kNeedsIo);
  __builtin_prefetch(block_, 1);  // to be kept: its count changes
  DataBlock::prefetch(block_->data());
  return true;
}

bool Probe::enter_group(Sequence at) {
  block_->touch();
  data_ = DataBlock(block_->payload());
  const DataBlock::Found found = data_.locate(wanted_->bytes, at, &spot_);
  return found == DataBlock::Found::kEntry || end_without(found, at);
}

bool Probe::find(Sequence at) {
  Kind kind = Kind::kPut;
  Bytes value;
  const DataBlock::Found found = data_.find_at(spot_, at, &kind, &value);
  if (found != DataBlock::Found::kEntry) return end_without(found, at);
  table_->cache_.count(CacheCount::kBlockHits);
  if (kind == Kind::kDelete) return end(Lookup::kDeleted);
  for (size_t ahead = 0; ahead < std::min(value.size(), kValueBytesAhead); ahead += 64) {
    __builtin_prefetch(value.data() + ahead);
  }
  wanted_->value.borrow(value, block_);
  return end(Lookup::kFound);
}

// The block has no such entry. One that goes on in the next block is rare: it begins again.
bool Probe::end_without(DataBlock::Found found, Sequence at) {
  const Fences& fences = frame_->fences();
  if (found == DataBlock::Found::kBehind && block_index_ + 1 < fences.blocks() &&
      fences.continues(block_index_ + 1, wanted_->bytes)) {
    return end(table_->get(SearchedKey(wanted_->bytes), at, Table::Io::kResidentOnly,
                           &wanted_->value, nullptr));
  }
  table_->cache_.count(CacheCount::kBlockHits);
  if (frame_->filter().exists()) table_->cache_.count(CacheCount::kFilterFalsePositives);
  return end(Lookup::kAbsent);
}

}  // namespace skiplith
