#include "db/read_set.h"

#include <algorithm>

#include "base/check.h"

namespace skiplith {
namespace {

std::optional<std::string> text(std::optional<Bytes> key) {
  return key ? std::optional<std::string>(*key) : std::nullopt;
}

}  // namespace

Interval interval_of(const Range& range) {
  Interval interval{.low = range.start.value_or(std::string()),
                    .high = range.stop,
                    .includes_high = range.include_stop};
  // The key right behind it.
  if (range.start && !range.include_start) interval.low.push_back('\0');
  return interval;
}

void Intervals::add(Interval interval) {
  all_.push_back(std::move(interval));
  if (all_.size() < merge_at_) return;
  merge();
  merge_at_ = std::max(kFew, 2 * all_.size());
}

void Intervals::merge() {
  std::ranges::sort(all_, {}, &Interval::low);
  std::vector<Interval> merged;
  for (Interval& next : all_) {
    if (merged.empty() || merged.back().ends_before(next.low)) {
      merged.push_back(std::move(next));
      continue;
    }
    Interval& last = merged.back();
    if (!last.high.has_value()) continue;
    const bool further = !next.high.has_value() || *next.high > *last.high ||
                         (*next.high == *last.high && next.includes_high);
    if (further) {
      last.high = std::move(next.high);
      last.includes_high = next.includes_high;
    }
  }
  all_ = std::move(merged);
}

void CursorRecord::begin(Interval interval) {
  if (now_) past_.add(std::move(*now_));
  now_ = std::move(interval);
}

void CursorRecord::seek(Bytes key, std::optional<Bytes> landed) {
  begin({.low = std::string(key), .high = text(landed)});
}

void CursorRecord::seek_for_prev(Bytes key, std::optional<Bytes> landed) {
  begin({.low = std::string(landed.value_or(Bytes())), .high = std::string(key)});
}

void CursorRecord::last(std::optional<Bytes> landed) {
  begin({.low = std::string(landed.value_or(Bytes())), .high = std::nullopt});
}

// Steps stay within what was shown, or extend it: they start from a key in it.
void CursorRecord::next(std::optional<Bytes> landed) {
  SKIPLITH_CHECK(now_.has_value());
  if (!landed) {
    now_->high.reset();
  } else if (now_->ends_before(*landed)) {
    now_->high = text(landed);
  }
}

void CursorRecord::prev(std::optional<Bytes> landed) {
  SKIPLITH_CHECK(now_.has_value());
  const Bytes low = landed.value_or(Bytes());
  if (low < Bytes(now_->low)) now_->low = low;
}

void CursorRecord::add_shown_to(Intervals* intervals) const {
  for (const Interval& interval : past_.all()) intervals->add(interval);
  if (now_) intervals->add(*now_);
}

void ScanRecord::handed_out(Bytes key) { last_ = key; }

// Nothing was handed out: no interval.
void ScanRecord::add_shown_to(Intervals* intervals) const {
  if (ended_) return intervals->add(whole_);
  if (!last_) return;
  Interval shown = whole_;
  if (reverse_) {
    shown.low = *last_;
  } else {
    shown.high = *last_;
    shown.includes_high = true;
  }
  intervals->add(std::move(shown));
}

template <typename Record>
void ReadSet::add(std::vector<std::shared_ptr<const Record>>& records,
                  std::shared_ptr<Record> record) {
  std::erase_if(records, [&](const auto& earlier) {
    if (earlier.use_count() > 1) return false;
    earlier->add_shown_to(&past_);
    return true;
  });
  records.push_back(std::move(record));
}

std::shared_ptr<CursorRecord> ReadSet::add_cursor() {
  auto record = std::make_shared<CursorRecord>();
  add(cursors_, record);
  return record;
}

std::shared_ptr<ScanRecord> ReadSet::add_scan(const Range& range, bool reverse) {
  auto record = std::make_shared<ScanRecord>(range, reverse);
  add(scans_, record);
  return record;
}

std::vector<Interval> ReadSet::intervals() const {
  Intervals intervals = past_;
  for (const auto& cursor : cursors_) cursor->add_shown_to(&intervals);
  for (const auto& scan : scans_) scan->add_shown_to(&intervals);
  intervals.merge();
  return intervals.all();
}

}  // namespace skiplith
