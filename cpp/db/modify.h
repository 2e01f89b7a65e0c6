// Atomic read-modify-write of one key: what the dict methods are made of.
#pragma once

#include <optional>

#include "base/status.h"
#include "db/value.h"
#include "record/kind.h"

namespace skiplith {

// Decides what becomes of a key, given what it is. Runs under the key's lock bit, perhaps more
// than once (only the last run counts): no waiting, no Python, no throwing, no engine calls.
class Modification {
 public:
  struct Decision {
    enum class What : uint8_t { kKeep, kPut, kErase } what = What::kKeep;
    Bytes value = {};  // of kPut; must live until the call returns
    static Decision keep() { return {}; }
    static Decision put(Bytes value) { return {What::kPut, value}; }
    static Decision erase() { return {What::kErase, {}}; }
  };

  virtual ~Modification() = default;
  // `current` is valid during the call only; no value: the key is absent.
  virtual Decision decide(std::optional<Bytes> current) = 0;
  // The largest value that decide() may put.
  virtual size_t max_value_bytes() const { return 0; }
  // True when the current value should be kept for the caller in old_value (pop, setdefault).
  virtual bool wants_old_value() const { return false; }

  Value old_value;  // what was current when the last decision was made, if wanted
};

// `del db[k]`, `pop`: erased() tells whether there was something. Exactly one of two racing
// calls finds it.
class EraseExisting : public Modification {
 public:
  explicit EraseExisting(bool keep_old_value) : keep_old_value_(keep_old_value) {}
  Decision decide(std::optional<Bytes> current) override {
    erased_ = current.has_value();
    return erased_ ? Decision::erase() : Decision::keep();
  }
  bool wants_old_value() const override { return keep_old_value_; }
  bool erased() const { return erased_; }

 private:
  const bool keep_old_value_;
  bool erased_ = false;
};

class SetDefault : public Modification {
 public:
  explicit SetDefault(Bytes value) : value_(value) {}
  Decision decide(std::optional<Bytes> current) override {
    inserted_ = !current.has_value();
    return inserted_ ? Decision::put(value_) : Decision::keep();
  }
  size_t max_value_bytes() const override { return value_.size(); }
  bool wants_old_value() const override { return true; }
  bool inserted() const { return inserted_; }

 private:
  const Bytes value_;
  bool inserted_ = false;
};

// No value stands for absence, on both sides.
class CompareAndSet : public Modification {
 public:
  CompareAndSet(std::optional<Bytes> expected, std::optional<Bytes> desired)
      : expected_(expected), desired_(desired) {}
  Decision decide(std::optional<Bytes> current) override {
    matched_ = current == expected_;
    if (!matched_) return Decision::keep();
    if (desired_) return Decision::put(*desired_);
    return current ? Decision::erase() : Decision::keep();
  }
  size_t max_value_bytes() const override { return desired_ ? desired_->size() : 0; }
  bool matched() const { return matched_; }

 private:
  const std::optional<Bytes> expected_, desired_;
  bool matched_ = false;
};

// Eight bytes, little-endian, signed; a missing key counts as zero.
class Increment : public Modification {
 public:
  explicit Increment(int64_t amount) : amount_(amount) {}
  Decision decide(std::optional<Bytes> current) override;
  size_t max_value_bytes() const override { return sizeof(int64_t); }
  int64_t result() const { return result_; }
  // kInvalidArgument: the value is not eight bytes; kOverflow: past 64 bits. Nothing written.
  Status status() const;

 private:
  enum class Problem : uint8_t { kNone, kLength, kOverflow };
  const int64_t amount_;
  int64_t result_ = 0;
  Problem problem_ = Problem::kNone;
  char encoded_[sizeof(int64_t)];
};

}  // namespace skiplith
