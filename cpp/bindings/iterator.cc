// The iterator of all ranges.

#include "bindings/ranges.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

// One pass over a range. Threads may share it: each item is handed out once. The mutex, the
// reader's where that has one, protects everything that changes; it is never waited for, nor the
// GIL for it, as gil.h says. Items are made into objects from a chunk that this thread holds too,
// after the mutex is let go.
class RangeIterator {
 public:
  static constexpr const char* kInsteadOfCopies = "make another one from its range";

  RangeIterator(std::shared_ptr<Reader> reader, std::unique_ptr<Scan> scan, ScanParts parts)
      : reader_(std::move(reader)),
        parts_(parts),
        scan_(std::move(scan)),
        record_(scan_->record()) {}
  ~RangeIterator() {
    const MutexLock lock = reader_->lock();
    scan_.reset();
    record_.reset();
  }

  // Null without an error at the end.
  PyObject* next();
  void close();

 private:
  // The next item's place in a chunk that nobody changes; no chunk at the end.
  struct Place {
    std::shared_ptr<const ScanChunk> chunk;
    size_t index = 0;
  };
  Place take();
  Place take_locked();
  Place take_from_next_chunk(MutexLock lock);
  PyObject* make_item(const ScanChunk& chunk, size_t index) const;

  const std::shared_ptr<Reader> reader_;
  const ScanParts parts_;
  Mutex own_mutex_;
  Mutex& mutex_ = reader_->mutex() != nullptr ? *reader_->mutex() : own_mutex_;
  std::unique_ptr<Scan> scan_;          // none once chunk_ is the last one, and after close()
  std::shared_ptr<ScanRecord> record_;  // of a transaction, until close()
  std::shared_ptr<const ScanChunk> chunk_;
  size_t taken_ = 0;  // of chunk_
  ChunkSize size_;
};

RangeIterator::Place RangeIterator::take() {
  for (bool signals_checked = false;; signals_checked = true) {
    MutexLock lock = lock_politely(mutex_);
    const bool chunk_is_used_up = chunk_ == nullptr || taken_ == chunk_->size();
    if (chunk_is_used_up && scan_ == nullptr) return take_locked();
    reader_->ensure_open(lock);
    if (!chunk_is_used_up) return take_locked();
    if (signals_checked) return take_from_next_chunk(std::move(lock));
    // A handler may be Python code that uses this very iterator.
    lock.unlock();
    check_signals();
  }
}

// From the present chunk, and the end behind it. What was read ahead and is not handed out is
// nothing that a transaction has read.
RangeIterator::Place RangeIterator::take_locked() {
  if (chunk_ == nullptr || taken_ == chunk_->size()) {
    if (record_ != nullptr) record_->ended();
    return {};
  }
  if (record_ != nullptr) record_->handed_out(chunk_->key(taken_));
  return {chunk_, taken_++};
}

RangeIterator::Place RangeIterator::take_from_next_chunk(MutexLock lock) {
  Place place;
  ensure(reader_->reading(scan_->point(), size_.is_long(), [&] {
    const MutexLock until_gil_is_taken = std::move(lock);
    auto chunk = std::make_shared<ScanChunk>();
    SKIPLITH_RETURN_IF_ERROR(scan_->next_chunk(chunk.get(), parts_, size_.pairs(), size_.bytes()));
    if (size_.is_last(*chunk)) scan_.reset();
    size_.grow();
    taken_ = 0;
    chunk_ = std::move(chunk);
    place = take_locked();
    return Status::ok();
  }));
  return place;
}

PyObject* RangeIterator::make_item(const ScanChunk& chunk, size_t index) const {
  switch (parts_) {
    case ScanParts::kKeys: return make_bytes(reader_->gil(), chunk.key(index));
    case ScanParts::kValues: return make_bytes(reader_->gil(), chunk.value(index));
    case ScanParts::kBoth: break;
  }
  PyObject* key = ensure_made(make_bytes(reader_->gil(), chunk.key(index)));
  return make_pair(key, make_bytes(reader_->gil(), chunk.value(index)));
}

PyObject* RangeIterator::next() {
  const Place place = take();
  return place.chunk == nullptr ? nullptr : make_item(*place.chunk, place.index);
}

void RangeIterator::close() {
  const MutexLock lock = lock_politely(mutex_);
  scan_.reset();
  record_.reset();
  chunk_.reset();
}

PyObject* self(Self<RangeIterator> iterator) { return Py_NewRef(iterator.object); }
PyObject* next(RangeIterator& iterator) { return iterator.next(); }

constexpr const char* kCloseDoc = R"(close($self, /)
--

Ends the iteration and lets go of what it reads; idempotent. Also done at the end of a `with` block,
and when the iterator is dropped.

    >>> db[b"lemon"] = b"yellow"
    >>> keys = iter(db)
    >>> keys.close()
    >>> list(keys)
    []
)";

PyObject* close(RangeIterator& iterator, Arguments) {
  iterator.close();
  return none();
}

constexpr const char* kExitDoc =
    "__exit__($self, type, value, traceback, /)\n--\n\nCloses the iterator.";

PyObject* exit(RangeIterator& iterator, Arguments) {
  iterator.close();
  return none();
}

constexpr const char* kDoc =
    R"(Iterates over a range of keys at one point in time; of a database, when the iterator was made.

Threads may share it; each item is handed out once. It raises ClosedError once the database, the
snapshot or the transaction that it reads is closed. A context manager, for those who stop early:
an open iterator keeps memory that newer writes have replaced.

    >>> db.update({b"a": b"1", b"b": b"2"})
    >>> with iter(db.items()) as pairs:
    ...     next(pairs)
    (b'a', b'1')
)";

}  // namespace

PyObject* make_iterator(const PairRange& range, bool reverse_it) {
  return make_object(
      std::make_shared<RangeIterator>(range.reader, range.scan(reverse_it), range.parts));
}

void register_iterator(py::module_& module) {
  static PyMethodDef methods[] = {method<&close>(kCloseDoc),
                                  method<&enter<RangeIterator>>(kEnterDoc),
                                  method<&exit>(kExitDoc),
                                  method<&refuse_copies<RangeIterator>>(kReduceDoc),
                                  {}};
  register_made_class<RangeIterator>(module, "RangeIterator", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->ht_type.tp_iter = slot<&self>;
    type->ht_type.tp_iternext = slot<&next>;
  });
}

}  // namespace skiplith::python
