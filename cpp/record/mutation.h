// One mutation as bytes, in the log and in batches. The layout is on disk: frozen.
//
//   put     [kind 1][varint key bytes][varint value bytes][key][value]
//   delete  [kind 1][varint key bytes][key]
//   clear   [kind 1]
//
// A payload is one mutation after another, nothing between and nothing after.
#pragma once

#include "base/coding.h"
#include "base/status.h"
#include "record/kind.h"
#include "record/limits.h"

namespace skiplith {

struct Mutation {
  Kind kind = Kind::kPut;
  Bytes key = {};
  Bytes value = {};
};

// kInvalidArgument when a key or value is larger than its limit. Never names the bytes.
Status check_key_size(uint64_t key_bytes);
Status check_value_size(uint64_t value_bytes);

// Everything before the value.
inline size_t head_bytes(Kind kind, Bytes key, size_t value_size) {
  if (kind == Kind::kClear) return 1;
  const size_t size_bytes = kind == Kind::kPut ? varint_bytes(value_size) : 0;
  return 1 + varint_bytes(key.size()) + size_bytes + key.size();
}

// A buffer of this size holds any head with this key: kind and two varints come before the key.
inline constexpr size_t max_head_bytes(Bytes key) { return 1 + 3 + 5 + key.size(); }

// Encodes everything before the value; for kDelete and kClear that is the whole mutation.
// The sizes have been checked. Returns the end of what was written.
char* encode_head(char* to, Kind kind, Bytes key, size_t value_size);

// Reads the mutations of a payload in order. Safe on any bytes: never reads outside them.
//
//   MutationReader reader(payload);
//   Mutation mutation;
//   while (reader.next(&mutation)) ...
//   if (!reader.ok()) ...            // stopped at something that is no mutation
class MutationReader {
 public:
  explicit MutationReader(Bytes payload) : rest_(payload) {}
  // False at the end and at the first bad byte; ok() tells which. The mutation borrows from the
  // payload.
  bool next(Mutation* mutation);
  bool ok() const { return ok_; }

 private:
  Bytes rest_;
  bool ok_ = true;
};

}  // namespace skiplith
