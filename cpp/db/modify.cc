#include "db/modify.h"

#include "base/coding.h"

namespace skiplith {

Modification::Decision Increment::decide(std::optional<Bytes> current) {
  problem_ = Problem::kNone;
  int64_t before = 0;
  if (current) {
    if (current->size() != sizeof before) {
      problem_ = Problem::kLength;
      return Decision::keep();
    }
    before = static_cast<int64_t>(load_u64(current->data()));
  }
  if (__builtin_add_overflow(before, amount_, &result_)) {
    problem_ = Problem::kOverflow;
    return Decision::keep();
  }
  store_u64(encoded_, static_cast<uint64_t>(result_));
  return Decision::put(Bytes(encoded_, sizeof encoded_));
}

Status Increment::status() const {
  switch (problem_) {
    case Problem::kNone: return Status::ok();
    case Problem::kLength:
      return Status::error(StatusCode::kInvalidArgument,
                           "increment needs a value of exactly 8 bytes");
    case Problem::kOverflow: return Status::error(StatusCode::kOverflow, "increment past 64 bits");
  }
  return Status::ok();
}

}  // namespace skiplith
