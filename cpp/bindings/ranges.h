// What keys(), values() and items() return, and how their iterations read.
#pragma once

#include "bindings/arguments.h"
#include "bindings/method.h"
#include "bindings/reader.h"

namespace skiplith::python {

// A description of which pairs, and in which direction; holds no data. Every iteration reads anew.
// Immutable, so any thread may use it.
struct PairRange {
  std::shared_ptr<Reader> reader;
  Range bounds;
  bool reverse = false;
  ScanParts parts = ScanParts::kBoth;

  std::unique_ptr<Scan> scan(bool reverse_it = false) const;
  bool contains(Bytes key) const { return !bounds.before_start(key) && !bounds.after_stop(key); }
};

// The Python classes differ in what they hand out, and so in what `in` means.
template <ScanParts kParts>
struct RangeOf : PairRange {
  static constexpr const char* kInsteadOfCopies = "list() and dict() make copies of its content";
  explicit RangeOf(PairRange range) : PairRange(std::move(range)) {}
};
using KeysRange = RangeOf<ScanParts::kKeys>;
using ValuesRange = RangeOf<ScanParts::kValues>;
using ItemsRange = RangeOf<ScanParts::kBoth>;

// Bounds and prefix; None or null where not given.
Range bounds_from(PyObject* start, PyObject* stop, PyObject* prefix, bool include_start = true,
                  bool include_stop = false);

// A new range object of the class for `range.parts`.
PyObject* make_range(PairRange range);
// A new iterator over it.
PyObject* make_iterator(const PairRange& range, bool reverse_it);

// How much of a scan is read at once: little at first, for those who stop early, then more. The
// first piece is read with the GIL held; the others are long enough to let it go.
class ChunkSize {
 public:
  size_t pairs() const { return pairs_; }
  size_t bytes() const { return pairs_ * kBytesPerPair; }
  bool is_long() const { return pairs_ > kFirst; }
  // A chunk that stopped at neither limit has the scan's last pairs.
  bool is_last(const ScanChunk& chunk) const {
    return chunk.size() < pairs() && chunk.bytes() <= bytes();
  }
  void grow() { pairs_ = std::min(pairs_ * 4, kMost); }

 private:
  static constexpr size_t kFirst = 16;
  static constexpr size_t kMost = 1024;
  static constexpr size_t kBytesPerPair = 256;
  size_t pairs_ = kFirst;
};

// How many pairs a range has; Ctrl-C is let in.
uint64_t count_pairs(Reader& reader, Range range);

}  // namespace skiplith::python
