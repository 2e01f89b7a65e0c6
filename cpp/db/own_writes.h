// What a transaction has written and nobody else sees yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "record/batch.h"
#include "record/cursor.h"

namespace skiplith {

// The last mutation of each key. Cursors go over the writes as they were when the cursor was made:
// a write that follows copies them first, once, if a cursor is still there. One thread.
class OwnWrites {
 public:
  // No value: deleted.
  using Map = std::map<std::string, std::optional<std::string>, std::less<>>;

  // Sizes are checked as Batch does.
  Status put(Bytes key, Bytes value);
  Status erase(Bytes key);
  bool empty() const { return map_ == nullptr || map_->empty(); }
  // The only mutation; null when there are none or more.
  const Map::value_type* only() const {
    return map_ != nullptr && map_->size() == 1 ? &*map_->begin() : nullptr;
  }
  // Do all keys and values together have no more than so many bytes, in so many mutations?
  bool is_small(size_t most, size_t most_bytes) const;
  // Null: not written. Good until the next write.
  const std::optional<std::string>* find(Bytes key) const;
  // The writes so far, as they are: a write that follows copies them, if somebody still has these.
  std::shared_ptr<const Map> share() const { return map_; }
  // Every mutation, in key order.
  Status append_to(Batch* batch) const;
  std::unique_ptr<Cursor> cursor() const;

 private:
  Map& writable();

  std::shared_ptr<Map> map_;  // null: nothing was written
};

}  // namespace skiplith
