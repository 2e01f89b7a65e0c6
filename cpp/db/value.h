// Where a read puts its answer.
#pragma once

#include <memory>

#include <string>

#include "base/bytes.h"
#include "table/block.h"

namespace skiplith {

class View;

// A value (or key) read from the store. Small ones are copied in; larger ones stay where they
// lie, in a memtable or in a block of a table, and a reference keeps them there: valid for the
// Value's whole life, after close too. Reusable.
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
    release();
  }
  // `found` was answered from `view`; under the guard of the lookup, if it was made under one.
  void set(PinnedBytes&& found, const View& view) {
    if (found.bytes().size() <= kInlineBytes) {
      copy(found.bytes());
    } else {
      keep(std::move(found), view);
    }
  }
  void copy(Bytes bytes) {
    char* to = inline_;
    std::unique_ptr<char[]> memory;
    if (bytes.size() > kInlineBytes) {
      memory = std::make_unique_for_overwrite<char[]>(bytes.size());
      to = memory.get();
    }
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    refer_to(Bytes(to, bytes.size()));
    memory_ = std::move(memory);
  }

 private:
  void keep(PinnedBytes&& found, const View& view);
  void refer_to(Bytes bytes) {
    release();
    data_ = bytes.data();
    size_ = bytes.size();
  }
  void release() {
    view_.reset();
    block_ = PinnedBytes();
    memory_.reset();
  }

  const char* data_ = nullptr;
  size_t size_ = 0;
  // Where the bytes lie, if not here: one of these.
  std::shared_ptr<const View> view_;
  PinnedBytes block_;
  std::unique_ptr<char[]> memory_;
  char inline_[kInlineBytes];
};

}  // namespace skiplith
