// An ordered group of mutations that becomes visible and durable as one.
#pragma once

#include <string>

#include "record/mutation.h"

namespace skiplith {

// Collects mutations, already encoded as a record's payload. One thread at a time.
//
// A refused mutation (kInvalidArgument: a key, value or the whole batch over its limit) leaves
// the batch as it was. The same key may occur more than once: the later one counts.
class Batch {
 public:
  Status put(Bytes key, Bytes value);
  Status erase(Bytes key);
  // Everything older than this place in the batch is gone.
  Status clear();

  uint32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // The mutations as MutationReader reads them; contiguous.
  const std::string& payload() const { return payload_; }
  uint64_t bytes() const { return payload_.size(); }

  // Forgets all mutations and keeps the memory.
  void reset();

 private:
  Status append(Kind kind, Bytes key, Bytes value);

  std::string payload_;
  uint32_t count_ = 0;
};

}  // namespace skiplith
