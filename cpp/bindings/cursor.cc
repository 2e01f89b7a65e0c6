// Cursor: free movement over the pairs of one point in time.

#include "bindings/cursor.h"
#include "bindings/arguments.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

// Threads may share it, one call at a time: the mutex, the reader's where that has one, protects
// everything below it.
class Cursor {
 public:
  static constexpr const char* kInsteadOfCopies = "make another one and seek() the same key";

  Cursor(std::shared_ptr<Reader> reader, std::unique_ptr<DbCursor> cursor)
      : reader_(std::move(reader)), cursor_(std::move(cursor)) {}
  ~Cursor() {
    const MutexLock lock = reader_->lock();
    cursor_.reset();
  }

  // Moves by `move(DbCursor&)` and tells whether the cursor stands on a pair then.
  template <typename Move>
  PyObject* move(Move move) {
    MutexLock lock = lock_politely(mutex_);
    DbCursor& cursor = open_locked(lock);
    bool valid = false;
    ensure(reader_->reading(cursor.point(), false, [&] {
      const MutexLock until_gil_is_taken = std::move(lock);
      Status status = move(cursor);
      fresh_ = false;
      valid = cursor.valid();
      return status;
    }));
    return make_bool(valid);
  }
  // One step, or from where a new cursor stands to the end that lies in this direction.
  PyObject* step(Status (DbCursor::*onward)(), Status (DbCursor::*from_the_end)()) {
    return move([&](DbCursor& cursor) {
      if (fresh_) return (cursor.*from_the_end)();
      return cursor.valid() ? (cursor.*onward)() : cursor.failure();
    });
  }

  bool valid() {
    MutexLock lock = lock_politely(mutex_);
    return open_locked(lock).valid();
  }
  PyObject* piece(Bytes (DbCursor::*which)() const) {
    Value value;
    {
      MutexLock lock = lock_politely(mutex_);
      const DbCursor& cursor = open_locked(lock);
      if (!cursor.valid()) {
        lock.unlock();
        throw_error(PyExc_ValueError, "the cursor stands on no pair");
      }
      value.copy((cursor.*which)());
    }
    return make_bytes(reader_->gil(), value.bytes());
  }
  void close() {
    const MutexLock lock = lock_politely(mutex_);
    cursor_.reset();
  }

 private:
  DbCursor& open_locked(MutexLock& lock) const {
    if (cursor_ == nullptr) {
      lock.unlock();
      throw_closed("the cursor is closed");
    }
    reader_->ensure_open(lock);
    return *cursor_;
  }

  const std::shared_ptr<Reader> reader_;
  Mutex own_mutex_;
  Mutex& mutex_ = reader_->mutex() != nullptr ? *reader_->mutex() : own_mutex_;
  std::unique_ptr<DbCursor> cursor_;  // none after close()
  bool fresh_ = true;                 // it has not been moved yet
};

constexpr const char* kSeekDoc = R"(seek($self, key, /)
--

Moves to the first pair whose key is `key` or follows it; returns whether there is one.

Raises TypeError, ClosedError.

    >>> db.update({b"a": b"1", b"c": b"3"})
    >>> cursor = db.cursor()
    >>> cursor.seek(b"b"), cursor.key
    (True, b'c')
)";

PyObject* seek(Cursor& cursor, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  return cursor.move([&](DbCursor& to) { return to.seek(key.bytes()); });
}

constexpr const char* kSeekForPrevDoc = R"(seek_for_prev($self, key, /)
--

Moves to the last pair whose key is `key` or precedes it; returns whether there is one.

Raises TypeError, ClosedError.

    >>> db.update({b"a": b"1", b"c": b"3"})
    >>> cursor = db.cursor()
    >>> cursor.seek_for_prev(b"b"), cursor.key
    (True, b'a')
)";

PyObject* seek_for_prev(Cursor& cursor, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  return cursor.move([&](DbCursor& to) { return to.seek_for_prev(key.bytes()); });
}

constexpr const char* kFirstDoc = R"(first($self, /)
--

Moves to the first pair; returns whether there is one. Raises ClosedError.

    >>> db.cursor().first()
    False
)";

PyObject* first(Cursor& cursor, Arguments) {
  return cursor.move([](DbCursor& to) { return to.first(); });
}

constexpr const char* kLastDoc = R"(last($self, /)
--

Moves to the last pair; returns whether there is one. Raises ClosedError.

    >>> db.cursor().last()
    False
)";

PyObject* last(Cursor& cursor, Arguments) {
  return cursor.move([](DbCursor& to) { return to.last(); });
}

constexpr const char* kNextDoc = R"(next($self, /)
--

Moves to the following pair; returns whether there is one. A new cursor goes to the first pair; one
that has left the pairs stays where it is. Raises ClosedError.

    >>> db.update({b"a": b"1", b"b": b"2"})
    >>> cursor = db.cursor()
    >>> while cursor.next():
    ...     print(cursor.key, cursor.value)
    b'a' b'1'
    b'b' b'2'
)";

PyObject* next(Cursor& cursor, Arguments) { return cursor.step(&DbCursor::next, &DbCursor::first); }

constexpr const char* kPrevDoc = R"(prev($self, /)
--

Moves to the preceding pair; returns whether there is one. A new cursor goes to the last pair; one
that has left the pairs stays where it is. Raises ClosedError.

    >>> db.update({b"a": b"1", b"b": b"2"})
    >>> cursor = db.cursor()
    >>> while cursor.prev():
    ...     print(cursor.key, cursor.value)
    b'b' b'2'
    b'a' b'1'
)";

PyObject* prev(Cursor& cursor, Arguments) { return cursor.step(&DbCursor::prev, &DbCursor::last); }

constexpr const char* kCloseDoc = R"(close($self, /)
--

Lets go of what the cursor reads; idempotent. Every other use raises ClosedError then.

    >>> cursor = db.cursor()
    >>> cursor.close()
)";

PyObject* close(Cursor& cursor, Arguments) {
  cursor.close();
  return none();
}

constexpr const char* kExitDoc =
    "__exit__($self, type, value, traceback, /)\n--\n\nCloses the cursor.";

PyObject* exit(Cursor& cursor, Arguments) {
  cursor.close();
  return none();
}

PyObject* key(Cursor& cursor) { return cursor.piece(&DbCursor::key); }
PyObject* value(Cursor& cursor) { return cursor.piece(&DbCursor::value); }
PyObject* valid(Cursor& cursor) { return make_bool(cursor.valid()); }

constexpr const char* kDoc =
    R"(Moves freely over pairs as they were at one moment; made by cursor() of a database, a snapshot
or a transaction.

A context manager. Threads may share it, one call at a time. It raises ClosedError once it, or what
it reads, is closed.

    >>> db.update({b"apple": b"red", b"lemon": b"yellow", b"plum": b"purple"})
    >>> with db.cursor() as cursor:
    ...     if cursor.seek(b"l"):
    ...         print(cursor.key, cursor.value)
    b'lemon' b'yellow'
)";

}  // namespace

PyObject* make_cursor(Reader& reader) {
  return make_object(std::make_shared<Cursor>(reader.shared_from_this(), reader.cursor()));
}

void register_cursor(py::module_& module) {
  static PyMethodDef methods[] = {method<&seek>(kSeekDoc),
                                  method<&seek_for_prev>(kSeekForPrevDoc),
                                  method<&first>(kFirstDoc),
                                  method<&last>(kLastDoc),
                                  method<&next>(kNextDoc),
                                  method<&prev>(kPrevDoc),
                                  method<&close>(kCloseDoc),
                                  method<&enter<Cursor>>(kEnterDoc),
                                  method<&exit>(kExitDoc),
                                  method<&refuse_copies<Cursor>>(kReduceDoc),
                                  {}};
  static PyGetSetDef attributes[] = {
      attribute<&key>("key", "The present pair's key; ValueError when there is none."),
      attribute<&value>("value", "The present pair's value; ValueError when there is none."),
      attribute<&valid>("valid", "Does the cursor stand on a pair?"),
      {}};
  register_made_class<Cursor>(module, "Cursor", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->ht_type.tp_getset = attributes;
  });
}

}  // namespace skiplith::python
