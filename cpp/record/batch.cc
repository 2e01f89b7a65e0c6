#include "record/batch.h"

#include <algorithm>

namespace skiplith {

Status Batch::put(Bytes key, Bytes value) {
  SKIPLITH_RETURN_IF_ERROR(check_value_size(value.size()));
  return append(Kind::kPut, key, value);
}

Status Batch::erase(Bytes key) { return append(Kind::kDelete, key, Bytes()); }

Status Batch::clear() { return append(Kind::kClear, Bytes(), Bytes()); }

void Batch::reset() {
  payload_.clear();
  count_ = 0;
}

Status Batch::append(Kind kind, Bytes key, Bytes value) {
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  const size_t value_begin = payload_.size() + head_bytes(kind, key, value.size());
  const size_t end = value_begin + value.size();
  if (end > kMaxBatchBytes) {
    return Status::error(
        StatusCode::kInvalidArgument,
        "a batch would have more than " + std::to_string(kMaxBatchBytes) + " bytes");
  }
  // All memory first: running out of it leaves the batch as it was.
  if (end > payload_.capacity()) payload_.reserve(std::max(end, 2 * payload_.capacity()));
  const size_t begin = payload_.size();
  payload_.resize(value_begin);
  encode_head(payload_.data() + begin, kind, key, value.size());
  payload_.append(value);
  ++count_;
  return Status::ok();
}

}  // namespace skiplith
