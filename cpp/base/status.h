// How operations say what went wrong. Expected outcomes and failures of the environment are
// values; only running out of memory (std::bad_alloc) is thrown. Bugs are SKIPLITH_CHECK's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace skiplith {

enum class StatusCode : uint8_t {
  kOk,
  kWouldBlock,       // a try_ form met something to wait for: call the blocking form
  kClosed,           // the database was closed, or belongs to the parent of a fork
  kCorruption,       // a file's content contradicts its checksum or another file
  kStorage,          // a system call failed: error_number() and path() tell
  kNotFound,         // no database where one must exist
  kLocked,           // another handle or process has the database open
  kReadOnly,         // a write to a database opened read-only
  kConflict,         // a transaction's reads are no longer true
  kFormat,           // not a Skiplith database, or made by a newer version
  kPoisoned,         // an earlier log write failed; nothing is written any more
  kInvalidArgument,  // a size or a value outside the stated limits
  kOverflow,         // increment past 64 bits
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status ok() { return Status(); }
  static Status would_block() { return Status(StatusCode::kWouldBlock); }
  static Status closed() { return Status(StatusCode::kClosed); }
  static Status error(StatusCode code, std::string message) {
    return Status(code, Detail{.message = std::move(message)});
  }
  static Status corruption(std::string path, uint64_t offset, std::string message) {
    return Status(StatusCode::kCorruption,
                  Detail{.message = std::move(message), .path = std::move(path), .offset = offset});
  }
  static Status storage(int error_number, std::string path, std::string message) {
    return Status(StatusCode::kStorage, Detail{.message = std::move(message),
                                               .path = std::move(path),
                                               .error_number = error_number});
  }
  static Status at_path(StatusCode code, std::string path, std::string message) {
    return Status(code, Detail{.message = std::move(message), .path = std::move(path)});
  }

  // PoisonedError carries the failure that caused it.
  static Status poisoned(const Status& cause) {
    Status status(StatusCode::kPoisoned, Detail{.message = "an earlier write of the log failed"});
    status.detail_->cause = std::make_shared<const Status>(cause);
    return status;
  }

  Status(const Status& other)
      : code_(other.code_), detail_(other.detail_ ? new Detail(*other.detail_) : nullptr) {}
  Status& operator=(const Status& other) {
    if (this != &other) *this = Status(other);
    return *this;
  }
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool is_ok() const { return code_ == StatusCode::kOk; }
  bool is_would_block() const { return code_ == StatusCode::kWouldBlock; }
  StatusCode code() const { return code_; }

  // Empty or zero where the code has no such detail.
  const std::string& message() const { return detail().message; }
  const std::string& path() const { return detail().path; }
  uint64_t offset() const { return detail().offset; }
  int error_number() const { return detail().error_number; }
  const Status* cause() const { return detail().cause.get(); }

  // "message: path (offset N)", for logs and tests.
  std::string to_string() const;

 private:
  struct Detail {
    std::string message = {};
    std::string path = {};
    uint64_t offset = 0;
    int error_number = 0;
    std::shared_ptr<const Status> cause = {};
  };
  explicit Status(StatusCode code) : code_(code) {}
  Status(StatusCode code, Detail detail)
      : code_(code), detail_(std::make_unique<Detail>(std::move(detail))) {}
  const Detail& detail() const;

  StatusCode code_ = StatusCode::kOk;
  std::unique_ptr<Detail> detail_;
};

const char* status_code_name(StatusCode code);

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: conversion is the point
  Result(Status status) : status_(std::move(status)) {  // NOLINT
    SKIPLITH_CHECK(!status_.is_ok());
  }
  bool is_ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  Status take_status() { return std::move(status_); }
  T& value() {
    SKIPLITH_CHECK(is_ok());
    return *value_;
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace skiplith

// Leaves the function with the status unless it is ok.
#define SKIPLITH_RETURN_IF_ERROR(expression)                \
  do {                                                      \
    ::skiplith::Status skiplith_status_ = (expression);     \
    if (!skiplith_status_.is_ok()) return skiplith_status_; \
  } while (false)
