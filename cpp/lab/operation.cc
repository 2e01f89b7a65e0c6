#include "lab/operation.h"

#include <cstdio>

namespace skiplith::lab {
namespace {

constexpr const char* kNames[kOperationKinds] = {
    "get",     "put",    "delete", "erase", "compare_and_set", "increment", "setdefault", "pop",
    "popitem", "update", "read",   "clear"};

std::string all_keys(const Operation& operation) {
  std::string text;
  for (const Pair& pair : operation.pairs) text += (text.empty() ? "" : ", ") + shown(pair.key);
  return text;
}

std::string all_values(const Operation& operation) {
  std::string text;
  for (const Pair& pair : operation.pairs)
    text += (text.empty() ? "" : ", ") + shown_or_absent(pair.value);
  return text;
}

std::string mutations(const Operation& operation) {
  std::string text;
  for (const Pair& pair : operation.pairs) {
    text += (text.empty() ? "" : ", ") + shown(pair.key) + ": ";
    text += pair.value ? shown_or_absent(pair.value) : "deleted";
  }
  return text;
}

std::string arguments(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kPut:
    case OperationKind::kSetDefault: return all_keys(operation) + ", " + all_values(operation);
    case OperationKind::kCompareAndSet:
      return all_keys(operation) + ", " + shown_or_absent(operation.expected) + ", " +
             all_values(operation);
    case OperationKind::kIncrement:
      return all_keys(operation) + ", " + std::to_string(operation.amount);
    case OperationKind::kPopItem: return operation.last ? "last" : "first";
    case OperationKind::kUpdate: return mutations(operation);
    case OperationKind::kClear: return "";
    default: return all_keys(operation);
  }
}

std::string answer(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kGet:
    case OperationKind::kPop:
    case OperationKind::kRead: return " -> " + all_values(operation);
    case OperationKind::kErase:
    case OperationKind::kCompareAndSet: return operation.succeeded ? " -> true" : " -> false";
    case OperationKind::kIncrement:
      return operation.succeeded ? " -> " + std::to_string(operation.sum) : " -> refused";
    case OperationKind::kSetDefault: return " -> " + shown_or_absent(operation.answer);
    case OperationKind::kPopItem:
      return operation.pairs.empty() ? " -> empty" : " -> " + mutations(operation);
    default: return "";
  }
}

std::string microseconds(uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns) / 1000);
  return text;
}

}  // namespace

const char* operation_name(OperationKind kind) { return kNames[static_cast<size_t>(kind)]; }

std::optional<OperationKind> operation_named(std::string_view name) {
  for (size_t i = 0; i < kOperationKinds; ++i) {
    if (name == kNames[i]) return static_cast<OperationKind>(i);
  }
  return std::nullopt;
}

bool Operation::left_all_as_it_was() const {
  if (only_reads()) return true;
  if (pending) return false;
  switch (kind) {
    case OperationKind::kErase:
    case OperationKind::kCompareAndSet:
    case OperationKind::kIncrement: return !succeeded;
    case OperationKind::kSetDefault: return answer != pairs[0].value;
    case OperationKind::kPop: return !pairs[0].value;
    case OperationKind::kPopItem: return pairs.empty();
    default: return false;
  }
}

std::string shown(Bytes bytes) {
  constexpr size_t kMostBytes = 24;
  std::string text = "b'";
  for (const char byte : bytes.substr(0, kMostBytes)) {
    if (byte == '\'' || byte == '\\') {
      text += {'\\', byte};
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(byte));
      text += hex;
    }
  }
  text += "'";
  if (bytes.size() > kMostBytes) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

std::string shown_or_absent(const MaybeValue& value) { return value ? shown(*value) : "absent"; }

std::string described(const Operation& operation, uint64_t origin_ns) {
  std::string text = "thread " + std::to_string(operation.thread) + ", " +
                     microseconds(operation.begin_ns - origin_ns);
  text +=
      operation.pending ? " us on" : " to " + microseconds(operation.end_ns - origin_ns) + " us";
  text += std::string(": ") + operation_name(operation.kind) + "(" + arguments(operation) + ")";
  return text + (operation.pending ? " -> no answer" : answer(operation));
}

}  // namespace skiplith::lab
