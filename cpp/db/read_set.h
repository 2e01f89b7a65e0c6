// What a transaction has read: the keys it has looked up, and the intervals of keys that its
// cursors and scans have shown.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "db/range.h"

namespace skiplith {

// Every key from `low` up to `high`, or to the last one.
struct Interval {
  std::string low;
  std::optional<std::string> high;
  bool includes_high = true;

  bool ends_before(Bytes key) const {
    return high.has_value() && (includes_high ? *high < key : *high <= key);
  }
  bool operator==(const Interval&) const = default;
};

// All keys of a range.
Interval interval_of(const Range& range);

// Intervals, held together where they overlap as they become many.
class Intervals {
 public:
  void add(Interval interval);
  void merge();
  const std::vector<Interval>& all() const { return all_; }

 private:
  static constexpr size_t kFew = 64;
  std::vector<Interval> all_;
  size_t merge_at_ = kFew;
};

// What a cursor has shown: each positioning begins an interval, each step extends it. Not
// thread-safe, as all here.
class CursorRecord {
 public:
  // Moved to `landed`, or past the end (the last, or going backwards the first), by a seek ...
  void seek(Bytes key, std::optional<Bytes> landed);
  void seek_for_prev(Bytes key, std::optional<Bytes> landed);
  void first(std::optional<Bytes> landed) { seek({}, landed); }
  void last(std::optional<Bytes> landed);
  // ... or by a step.
  void next(std::optional<Bytes> landed);
  void prev(std::optional<Bytes> landed);

  void add_shown_to(Intervals* intervals) const;

 private:
  void begin(Interval interval);

  Intervals past_;
  std::optional<Interval> now_;
};

// What a scan has handed out, of the range it goes through.
class ScanRecord {
 public:
  ScanRecord(const Range& range, bool reverse) : whole_(interval_of(range)), reverse_(reverse) {}
  void handed_out(Bytes key);
  void ended() { ended_ = true; }
  void add_shown_to(Intervals* intervals) const;

 private:
  const Interval whole_;
  const bool reverse_;
  bool ended_ = false;
  std::optional<std::string> last_;
};

class ReadSet {
 public:
  void add_key(Bytes key) {
    if (!keys_.contains(key)) keys_.emplace(key);
  }
  std::shared_ptr<CursorRecord> add_cursor();
  std::shared_ptr<ScanRecord> add_scan(const Range& range, bool reverse);

  const std::set<std::string, std::less<>>& keys() const { return keys_; }
  // Ascending, without overlap.
  std::vector<Interval> intervals() const;

 private:
  // Keeps of the records that nobody extends any more only what they say.
  template <typename Record>
  void add(std::vector<std::shared_ptr<const Record>>& records, std::shared_ptr<Record> record);

  std::set<std::string, std::less<>> keys_;
  Intervals past_;
  std::vector<std::shared_ptr<const CursorRecord>> cursors_;
  std::vector<std::shared_ptr<const ScanRecord>> scans_;
};

}  // namespace skiplith
