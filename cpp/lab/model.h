// What a database should do, one operation after the other: the specification that histories are
// compared with.
#pragma once

#include <deque>
#include <unordered_map>

#include "lab/operation.h"

namespace skiplith::lab {

// A value by number; equal values have equal numbers.
using ValueId = uint32_t;
inline constexpr ValueId kAbsent = 0;

class Values {
 public:
  ValueId id_of(Bytes value);
  ValueId id_of_maybe(const MaybeValue& value) { return value ? id_of(*value) : kAbsent; }
  ValueId id_of_number(int64_t number);
  MaybeValue value(ValueId id) const;
  // As increment reads it: absent counts as zero; none where it refuses.
  std::optional<int64_t> number(ValueId id) const;

 private:
  std::deque<std::string> values_;  // these stay where they are: the map's keys look into them
  std::unordered_map<Bytes, ValueId> ids_;
};

// An operation with numbers for its keys and values. A key's number is its place in the order of
// the keys.
struct Step {
  struct Place {
    uint32_t key;
    ValueId value;
  };
  const Operation* operation;
  std::vector<Place> places;  // as Operation::pairs
  ValueId expected = kAbsent;
  ValueId answer = kAbsent;
};

// Two numbers that are, but for 1 in 2^128 pairs, equal for equal things only.
struct Digest {
  uint64_t high = 0, low = 0;
  bool operator==(const Digest&) const = default;
  // Adds what is not in it, and takes out what is: one and the same.
  void toggle(uint64_t what, uint64_t with);
};

// The pairs of a database, going forward by operations and back again.
class Model {
 public:
  // `values` outlives it; keys are the places in `initial`.
  Model(Values& values, std::vector<ValueId> initial)
      : values_(values), state_(std::move(initial)) {}

  // Does what the operation does, if it answers what the operation was answered (a pending one was
  // answered nothing); else false, and nothing has changed.
  bool step(const Step& step);

  // undo_to(mark) takes back all that was done since mark().
  size_t mark() const { return changes_.size(); }
  void undo_to(size_t mark);

  ValueId at(uint32_t key) const { return state_[key]; }
  size_t keys() const { return state_.size(); }
  const Digest& digest() const { return digest_; }  // of what differs from the beginning

 private:
  struct Change {
    uint32_t key;
    ValueId before;
  };
  void set(uint32_t key, ValueId value);
  void replace(uint32_t key, ValueId value);
  bool increment(const Step& step);
  bool pop_item(const Step& step);

  Values& values_;
  std::vector<ValueId> state_;
  std::vector<Change> changes_;
  Digest digest_;
};

}  // namespace skiplith::lab
