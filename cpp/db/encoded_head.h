#pragma once

#include <memory>

#include "record/mutation.h"

namespace skiplith {

// A mutation's bytes up to the value, on the stack unless the key is long.
class EncodedHead {
 public:
  EncodedHead(Kind kind, Bytes key, size_t value_size) {
    char* to = small_;
    if (max_head_bytes(key) > sizeof small_) {
      large_ = std::make_unique<char[]>(max_head_bytes(key));
      to = large_.get();
    }
    bytes_ = Bytes(to, static_cast<size_t>(encode_head(to, kind, key, value_size) - to));
  }
  Bytes bytes() const { return bytes_; }

 private:
  char small_[256];
  std::unique_ptr<char[]> large_;
  Bytes bytes_;
};

}  // namespace skiplith
