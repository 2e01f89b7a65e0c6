// A database whose every call is recorded.
#pragma once

#include "db/database.h"
#include "lab/history.h"

namespace skiplith::lab {

// The form of the engine's call, and whether a write waits for the disk.
struct CallForm {
  bool may_wait = true;
  bool sync = false;  // only where it may wait
};

// Stamps right before and right after the engine's call, and tells the history. Without a history
// it only forwards. The methods and their answers are the database's; where a form that must not
// wait answers kWouldBlock, or a call is refused with nothing done, nothing is recorded. A write
// that fails in another way is recorded as pending.
class RecordedDatabase {
 public:
  // Both must outlive it; `history` may be null.
  RecordedDatabase(Database& database, History* history) : database_(database), history_(history) {}

  Status get(CallForm form, Bytes key, Value* value);
  Status put(CallForm form, Bytes key, Bytes value);
  Status erase(CallForm form, Bytes key);  // "delete": blind

  Status erase_existing(CallForm form, Bytes key, bool* erased);  // "erase"
  Status compare_and_set(CallForm form, Bytes key, std::optional<Bytes> expected,
                         std::optional<Bytes> desired, bool* matched);
  // A refused increment (kInvalidArgument, kOverflow) is recorded as an answer.
  Status increment(CallForm form, Bytes key, int64_t amount, int64_t* sum);
  // What the key has afterwards is in `*value`.
  Status setdefault(CallForm form, Bytes key, Bytes otherwise, Value* value);
  Status pop(CallForm form, Bytes key, Value* value);

  // These always may wait.
  Status pop_edge(bool last, Value* key, Value* value, bool sync);
  Status write(const Batch& batch, bool sync);  // "update"
  Status clear(bool sync);

  // The values of all keys at one point in time: values[i] is that of keys[i].
  Status read(CallForm form, const std::vector<Bytes>& keys, Value* values);

  Database& database() { return database_; }

 private:
  template <typename Call, typename Fill>
  Status record(OperationKind kind, Call call, Fill fill);

  Database& database_;
  History* const history_;
};

}  // namespace skiplith::lab
