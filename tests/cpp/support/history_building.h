// Histories written by hand: one line an operation.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/operation.h"

namespace skiplith::testing {

using lab::MaybeValue;
using lab::Operation;
using lab::OperationKind;
using lab::Pair;

inline constexpr std::nullopt_t kNone = std::nullopt;

inline Operation called(OperationKind kind, std::vector<Pair> pairs) {
  Operation operation;
  operation.kind = kind;
  operation.pairs = std::move(pairs);
  return operation;
}
inline Operation get(std::string key, MaybeValue answer) {
  return called(OperationKind::kGet, {{std::move(key), std::move(answer)}});
}
inline Operation put(std::string key, std::string value) {
  return called(OperationKind::kPut, {{std::move(key), std::move(value)}});
}
inline Operation erase(std::string key) {
  return called(OperationKind::kDelete, {{std::move(key), kNone}});
}
inline Operation erase_existing(std::string key, bool erased) {
  Operation operation = called(OperationKind::kErase, {{std::move(key), kNone}});
  operation.succeeded = erased;
  return operation;
}
inline Operation compare_and_set(std::string key, MaybeValue expected, MaybeValue desired,
                                 bool matched) {
  Operation operation =
      called(OperationKind::kCompareAndSet, {{std::move(key), std::move(desired)}});
  operation.expected = std::move(expected);
  operation.succeeded = matched;
  return operation;
}
// No sum: it was refused.
inline Operation increment(std::string key, int64_t amount, std::optional<int64_t> sum) {
  Operation operation = called(OperationKind::kIncrement, {{std::move(key), kNone}});
  operation.amount = amount;
  operation.succeeded = sum.has_value();
  operation.sum = sum.value_or(0);
  return operation;
}
inline Operation setdefault(std::string key, std::string otherwise, std::string answer) {
  Operation operation =
      called(OperationKind::kSetDefault, {{std::move(key), std::move(otherwise)}});
  operation.answer = std::move(answer);
  return operation;
}
inline Operation pop(std::string key, MaybeValue answer) {
  return called(OperationKind::kPop, {{std::move(key), std::move(answer)}});
}
inline Operation popitem(bool last, std::vector<Pair> popped) {
  Operation operation = called(OperationKind::kPopItem, std::move(popped));
  operation.last = last;
  return operation;
}
inline Operation update(std::vector<Pair> mutations) {
  return called(OperationKind::kUpdate, std::move(mutations));
}
inline Operation read(std::vector<Pair> answers) {
  return called(OperationKind::kRead, std::move(answers));
}
inline Operation clear() { return called(OperationKind::kClear, {}); }

// When: from the first to the second moment, by a thread that matters to nobody.
inline Operation at(uint64_t begin, uint64_t end, Operation operation) {
  operation.begin_ns = begin;
  operation.end_ns = end;
  return operation;
}
inline Operation unanswered(uint64_t begin, Operation operation) {
  operation.begin_ns = operation.end_ns = begin;
  operation.pending = true;
  return operation;
}

}  // namespace skiplith::testing
