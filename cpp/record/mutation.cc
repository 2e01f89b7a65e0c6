#include "record/mutation.h"

namespace skiplith {

Status check_key_size(uint64_t key_bytes) {
  if (key_bytes <= kMaxKeyBytes) return Status::ok();
  return Status::error(StatusCode::kInvalidArgument, "a key has " + std::to_string(key_bytes) +
                                                         " bytes, more than " +
                                                         std::to_string(kMaxKeyBytes));
}

Status check_value_size(uint64_t value_bytes) {
  if (value_bytes <= kMaxValueBytes) return Status::ok();
  return Status::error(StatusCode::kInvalidArgument, "a value has " + std::to_string(value_bytes) +
                                                         " bytes, more than " +
                                                         std::to_string(kMaxValueBytes));
}

char* encode_head(char* to, Kind kind, Bytes key, size_t value_size) {
  *to++ = static_cast<char>(kind);
  if (kind == Kind::kClear) return to;
  to = store_varint(to, key.size());
  if (kind == Kind::kPut) to = store_varint(to, value_size);
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  return to + key.size();
}

bool MutationReader::next(Mutation* mutation) {
  if (!ok_ || rest_.empty()) return false;
  Decoder decoder(rest_);
  const uint8_t kind = decoder.u8();
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
  switch (static_cast<Kind>(kind)) {
    case Kind::kPut:
      key_bytes = decoder.varint();
      value_bytes = decoder.varint();
      break;
    case Kind::kDelete: key_bytes = decoder.varint(); break;
    case Kind::kClear: break;
    default: ok_ = false; return false;
  }
  const Bytes key = decoder.bytes(key_bytes);
  const Bytes value = decoder.bytes(value_bytes);
  ok_ = decoder.ok() && key_bytes <= kMaxKeyBytes && value_bytes <= kMaxValueBytes;
  if (!ok_) return false;
  *mutation = {static_cast<Kind>(kind), key, value};
  rest_ = decoder.rest();
  return true;
}

}  // namespace skiplith
