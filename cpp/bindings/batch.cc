// Batch: writes collected in a `with` block and applied as one at its end.

#include "bindings/batch.h"

#include "bindings/arguments.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

// Meant for one thread; the mutex, which protects everything below it, keeps others from harm.
class OpenBatch {
 public:
  static constexpr const char* kInsteadOfCopies = "fill a second one alike";

  OpenBatch(std::shared_ptr<Db> db, bool sync) : db_(std::move(db)), sync_(sync) {}

  void enter() {
    const MutexLock lock = lock_politely(mutex_);
    if (state_ != State::kNew) throw_closed("the batch has been used: make another one");
    db_->ensure_open();
    state_ = State::kOpen;
  }
  void put(Bytes key, Bytes value) {
    append(value.size(), [&] { return batch_.put(key, value); });
  }
  void erase(Bytes key) {
    append(0, [&] { return batch_.erase(key); });
  }
  // Applies it, or drops it.
  void finish(bool apply) {
    Batch batch;
    {
      const MutexLock lock = lock_politely(mutex_);
      ensure_open_locked();
      state_ = State::kFinished;
      std::swap(batch, batch_);
    }
    if (apply) db_->write(batch, sync_);
  }

 private:
  enum class State : uint8_t { kNew, kOpen, kFinished };

  void ensure_open_locked() const {
    if (state_ == State::kOpen) return;
    throw_closed("the batch is not open: use it inside `with db.batch() as batch:`");
  }
  template <typename Append>
  void append(size_t bytes, Append append) {
    MutexLock lock = lock_politely(mutex_);
    ensure_open_locked();
    db_->ensure_open();
    ensure(db_->released_if(bytes >= kReleaseCopyBytes, [&] {
      const MutexLock until_gil_is_taken = std::move(lock);
      return append();
    }));
  }

  const std::shared_ptr<Db> db_;
  const bool sync_;
  Mutex mutex_;
  State state_ = State::kNew;
  Batch batch_;
};

// Both `batch[key] = value` and `del batch[key]`, as the interpreter has it.
int assign(OpenBatch& batch, PyObject* key_object, PyObject* value_object) {
  const BytesArgument key = key_argument(key_object);
  if (value_object == nullptr) {
    batch.erase(key.bytes());
  } else {
    const BytesArgument value = value_argument(value_object);
    batch.put(key.bytes(), value.bytes());
  }
  return 0;
}

PyObject* open(Self<OpenBatch> batch, Arguments) {
  batch.value.enter();
  return Py_NewRef(batch.object);
}

constexpr const char* kExitDoc = R"(__exit__($self, type, value, traceback, /)
--

Applies the batch, or drops it when the block has raised.)";

PyObject* exit(OpenBatch& batch, Arguments arguments) {
  batch.finish(arguments[0] == Py_None);
  return none();
}

constexpr const char* kDoc = R"(Writes that are applied as one; made by DB.batch().

Inside the `with` block, batch[key] = value and del batch[key] collect, in memory and without
looking at the database; a delete of a missing key is no error. At the end of the block all of it
becomes visible at one moment, and survives a crash whole or not at all; when the block raises,
nothing is written. Of several writes to one key the last counts. For one thread, and one use.

Raises TypeError and ValueError (a key, a value or the batch too long) at once, ClosedError outside
of its block, and what DB.put_many() raises at its end.

    >>> db[b"old"] = b"1"
    >>> with db.batch() as batch:
    ...     batch[b"new"] = b"2"
    ...     del batch[b"old"]
    >>> dict(db.items())
    {b'new': b'2'}
)";

}  // namespace

PyObject* make_batch(const std::shared_ptr<Db>& db, bool sync) {
  db->ensure_open();
  return make_object(std::make_shared<OpenBatch>(db, sync));
}

void register_batch(py::module_& module) {
  static PyMethodDef methods[] = {method<&open>(kEnterDoc),
                                  method<&exit>(kExitDoc),
                                  method<&refuse_copies<OpenBatch>>(kReduceDoc),
                                  {}};
  register_made_class<OpenBatch>(module, "Batch", kDoc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->as_mapping.mp_ass_subscript = slot<&assign>;
  });
}

}  // namespace skiplith::python
