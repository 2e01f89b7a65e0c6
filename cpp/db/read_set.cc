#include "db/read_set.h"

#include <algorithm>

namespace skiplith {
namespace {

// Ascending by where they begin.
void merge(std::vector<Interval>& intervals) {
  std::ranges::sort(intervals, {}, &Interval::low);
  std::vector<Interval> merged;
  for (Interval& next : intervals) {
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
  intervals = std::move(merged);
}

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

void CursorRecord::seek(Bytes key, std::optional<Bytes> landed) {
  shown_.push_back({.low = std::string(key), .high = text(landed)});
}

void CursorRecord::seek_for_prev(Bytes key, std::optional<Bytes> landed) {
  shown_.push_back({.low = std::string(landed.value_or(Bytes())), .high = std::string(key)});
}

void CursorRecord::last(std::optional<Bytes> landed) {
  shown_.push_back({.low = std::string(landed.value_or(Bytes())), .high = std::nullopt});
}

// Steps stay within what was shown, or extend it: they start from a key in it.
void CursorRecord::next(std::optional<Bytes> landed) {
  Interval& now = shown_.back();
  if (!landed) {
    now.high.reset();
  } else if (now.ends_before(*landed)) {
    now.high = text(landed);
  }
}

void CursorRecord::prev(std::optional<Bytes> landed) {
  Interval& now = shown_.back();
  const Bytes low = landed.value_or(Bytes());
  if (low < Bytes(now.low)) now.low = low;
}

void ScanRecord::handed_out(Bytes key) { last_ = key; }

std::optional<Interval> ScanRecord::shown() const {
  if (ended_) return whole_;
  if (!last_) return std::nullopt;
  Interval shown = whole_;
  if (reverse_) {
    shown.low = *last_;
  } else {
    shown.high = *last_;
    shown.includes_high = true;
  }
  return shown;
}

std::shared_ptr<CursorRecord> ReadSet::add_cursor() {
  auto record = std::make_shared<CursorRecord>();
  cursors_.push_back(record);
  return record;
}

std::shared_ptr<ScanRecord> ReadSet::add_scan(const Range& range, bool reverse) {
  auto record = std::make_shared<ScanRecord>(range, reverse);
  scans_.push_back(record);
  return record;
}

std::vector<Interval> ReadSet::intervals() const {
  std::vector<Interval> all;
  for (const auto& cursor : cursors_) {
    all.insert(all.end(), cursor->shown().begin(), cursor->shown().end());
  }
  for (const auto& scan : scans_) {
    if (auto shown = scan->shown()) all.push_back(std::move(*shown));
  }
  merge(all);
  return all;
}

}  // namespace skiplith
