#include "lsm/version_filter.h"

#include <algorithm>

#include "base/check.h"

namespace skiplith {

VersionFilter::VersionFilter(std::vector<Sequence> snapshots, MayLieDeeper may_lie_deeper)
    : snapshots_(std::move(snapshots)), may_lie_deeper_(std::move(may_lie_deeper)) {
  SKIPLITH_CHECK(std::ranges::is_sorted(snapshots_));
}

size_t VersionFilter::stripe_of(Sequence sequence) const {
  return std::ranges::lower_bound(snapshots_, sequence) - snapshots_.begin();
}

VersionFilter::Verdict VersionFilter::next(const TableEntry& entry) {
  if (has_key_ && entry.key == key_) return next_version(entry);
  const TableEntry* held = end_key();
  begin_key(entry);
  return {.held = held, .keeps = entry.kind != Kind::kDelete};
}

VersionFilter::Verdict VersionFilter::next_version(const TableEntry& entry) {
  const size_t stripe = stripe_of(entry.sequence);
  if (stripe == stripe_) {
    ++dropped_;
    return {};
  }
  stripe_ = stripe;
  if (entry.kind == Kind::kDelete) {
    if (is_held_) ++dropped_;
    hold(entry.sequence);
    return {};
  }
  if (!is_held_) return {.keeps = true};
  is_held_ = false;
  kept_ = {.key = key_, .sequence = held_sequence_, .kind = Kind::kDelete};
  return {.held = &kept_, .keeps = true};
}

void VersionFilter::begin_key(const TableEntry& entry) {
  key_.assign(entry.key);
  has_key_ = true;
  stripe_ = stripe_of(entry.sequence);
  if (entry.kind == Kind::kDelete) hold(entry.sequence);
}

void VersionFilter::hold(Sequence sequence) {
  is_held_ = true;
  held_sequence_ = sequence;
}

const TableEntry* VersionFilter::end_key() {
  if (!is_held_) return nullptr;
  is_held_ = false;
  if (!may_lie_deeper_(key_)) {
    ++dropped_;
    return nullptr;
  }
  std::swap(key_, last_key_);  // where it stays while key_ becomes the next one
  kept_ = {.key = last_key_, .sequence = held_sequence_, .kind = Kind::kDelete};
  return &kept_;
}

const TableEntry* VersionFilter::finish() { return end_key(); }

}  // namespace skiplith
