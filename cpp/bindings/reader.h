// What can be read: a database, a snapshot or a transaction.
//
// Ranges, iterators and cursors share it: it lives until the last of them is gone.
//
// A transaction is for one thread at a time, so it has a mutex (row 1 of the wait order), and all
// that was made from it moves under that one. A database and a snapshot have none: there, each
// iterator and cursor has its own.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "bindings/errors.h"
#include "bindings/gil.h"
#include "db/database.h"
#include "db/scan.h"

namespace skiplith::python {

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  // Looks up many keys at one point in time, some at a time (Database::get_many), each time within
  // an operate(). What was found stays until the next time.
  struct Lookup {
    ReadPoint point;
    std::function<Status(bool may_wait, std::span<WantedKey> wanted)> get;
  };

  virtual ~Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Gil& gil() { return gil_; }
  Mutex* mutex() { return mutex_; }

  // False after its end, after its database's, and in forked children.
  virtual bool is_open() const = 0;
  // ClosedError, unless it is open.
  void ensure_open() const {
    if (!is_open()) [[unlikely]]
      refuse();
  }
  // The same under a lock, which is let go first: making an exception may run Python code.
  void ensure_open(MutexLock& lock) const {
    if (is_open()) [[likely]]
      return;
    if (lock.owns_lock()) lock.unlock();
    refuse();
  }

  // --- reads, by the GIL policy; the GIL is held before and after ---
  virtual void get(Bytes key, Value* value) = 0;
  virtual Lookup at_one_point() = 0;
  virtual std::unique_ptr<DbCursor> cursor() = 0;
  virtual std::unique_ptr<Scan> scan(Range range, bool reverse) = 0;

  // The lock under which all of it moves, if it has one and is not over yet.
  MutexLock lock() { return mutex_ != nullptr && is_open() ? lock_politely(*mutex_) : MutexLock(); }
  // One operation under that lock, by the GIL policy.
  template <typename Try, typename Blocking>
  void operate(bool long_for_certain, Try try_form, Blocking blocking_form) {
    MutexLock held = lock();
    ensure_open(held);
    const Status status = by_policy(gil_, long_for_certain, try_form, [&] {
      const MutexLock until_gil_is_taken = std::move(held);
      return blocking_form();
    });
    if (held.owns_lock()) held.unlock();
    ensure(status);
  }
  // Runs `work`, one step of reading at `point`, under that lock.
  template <typename Work>
  void step(const ReadPoint& point, bool long_for_certain, Work work) {
    MutexLock held = lock();
    ensure_open(held);
    ensure(reading(point, long_for_certain, [&] {
      const MutexLock until_gil_is_taken = std::move(held);
      return work();
    }));
  }

  // Runs `work`, which may wait, without the GIL and returns what it returns.
  template <typename Work>
  auto released(Work work) {
    const GilReleased scope(gil_);
    return work();
  }
  // Runs `work`, which reads at `point`: without the GIL where that pays, or where files are read.
  template <typename Work>
  auto reading(const ReadPoint& point, bool long_for_certain, Work work) {
    if (!point.may_read_files()) return released_if(long_for_certain, work);
    return released(work);
  }
  // Runs `work`, which waits for nothing, without the GIL where that pays.
  template <typename Work>
  auto released_if(bool long_for_certain, Work work) {
    if (!gil_.lets_go(long_for_certain)) return work();
    return released(work);
  }

 protected:
  explicit Reader(Gil& gil, Mutex* mutex = nullptr) : gil_(gil), mutex_(mutex) {}
  // Says what is closed.
  [[noreturn]] virtual void refuse() const = 0;

 private:
  Gil& gil_;
  Mutex* const mutex_;
};

// A cursor or scan that one call uses: it goes under the lock of what it reads.
template <typename T>
class Borrowed {
 public:
  Borrowed(Reader& reader, std::unique_ptr<T> made) : reader_(reader), made_(std::move(made)) {}
  ~Borrowed() {
    const MutexLock lock = reader_.lock();
    made_.reset();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  T* operator->() const { return made_.get(); }
  T& operator*() const { return *made_; }

 private:
  Reader& reader_;
  std::unique_ptr<T> made_;
};

}  // namespace skiplith::python
