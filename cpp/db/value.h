// Where a read puts its answer.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace skiplith {

class View;

// A value (or key) read from the store. Small ones are copied in; larger ones stay where they
// lie, and a reference to the view keeps them there: valid for the Value's whole life, after
// close too. Reusable.
class Value {
 public:
  static constexpr size_t kInlineBytes = 512;

  Value() = default;
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  bool found() const { return data_ != nullptr; }
  Bytes bytes() const { return Bytes(data_, size_); }  // needs found()

  void set_absent() {
    data_ = nullptr;
    pin_.reset();
  }
  void copy_inline(Bytes bytes) {  // bytes.size() <= kInlineBytes
    std::memcpy(inline_, bytes.data(), bytes.size());
    data_ = inline_;
    size_ = bytes.size();
    pin_.reset();
  }
  void pin(Bytes bytes, std::shared_ptr<const View> view) {
    data_ = bytes.data();
    size_ = bytes.size();
    pin_ = std::move(view);
  }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const View> pin_;
  char inline_[kInlineBytes];
};

}  // namespace skiplith
