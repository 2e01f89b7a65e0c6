// One call of a database: what it was, when, and what it answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace skiplith::lab {

// No value: an absent key where it is read, a delete where it is written.
using MaybeValue = std::optional<std::string>;
struct Pair {
  std::string key;
  MaybeValue value;
};
// The pairs of a whole database.
using Contents = std::map<std::string, std::string>;

enum class OperationKind : uint8_t {
  kGet,            // pairs: the key with the answer
  kPut,            // pairs: the key with its new value
  kDelete,         // pairs: the key; blind
  kErase,          // pairs: the key; succeeded: it was there (`del db[key]`)
  kCompareAndSet,  // pairs: the key with the desired value; expected; succeeded: it matched
  kIncrement,      // pairs: the key; amount, sum; succeeded: neither length nor overflow refused it
  kSetDefault,     // pairs: the key with the default; answer: what the key has afterwards
  kPop,            // pairs: the key with the answer
  kPopItem,        // pairs: what was popped, or none; last: from which end
  kUpdate,         // pairs: mutations in their order, as one
  kRead,           // pairs: keys with answers, all of one point in time
  kClear,
};
inline constexpr size_t kOperationKinds = 12;
const char* operation_name(OperationKind kind);
std::optional<OperationKind> operation_named(std::string_view name);

// What each field means to which kind is said above.
struct Operation {
  OperationKind kind = OperationKind::kGet;
  // No answer came: it may have happened at any one moment after begin_ns, or never. Its answers
  // mean nothing, and end_ns is when it was given up.
  bool pending = false;
  bool succeeded = true;
  bool last = true;
  uint32_t thread = 0;
  uint64_t begin_ns = 0;
  uint64_t end_ns = 0;
  int64_t amount = 0;
  int64_t sum = 0;
  std::vector<Pair> pairs = {};
  MaybeValue expected = {};
  MaybeValue answer = {};

  bool only_reads() const { return kind == OperationKind::kGet || kind == OperationKind::kRead; }
  // Whether its answer says that it has changed nothing, whenever it was.
  bool left_all_as_it_was() const;
};

// As Python writes bytes, shortened when long: histories are made of test data.
std::string shown(Bytes bytes);
std::string shown_or_absent(const MaybeValue& value);  // "absent" for none
// "thread 1, 2.1 to 3.5 us: get(b'k') -> b'v'", times since `origin_ns`.
std::string described(const Operation& operation, uint64_t origin_ns);

}  // namespace skiplith::lab
