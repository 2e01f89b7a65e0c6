#include "base/status.h"

namespace skiplith {

const Status::Detail& Status::detail() const {
  static const Detail none;
  return detail_ ? *detail_ : none;
}

const char* status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kWouldBlock: return "would block";
    case StatusCode::kClosed: return "closed";
    case StatusCode::kCorruption: return "corruption";
    case StatusCode::kStorage: return "storage";
    case StatusCode::kNotFound: return "not found";
    case StatusCode::kLocked: return "locked";
    case StatusCode::kReadOnly: return "read-only";
    case StatusCode::kConflict: return "conflict";
    case StatusCode::kFormat: return "format";
    case StatusCode::kPoisoned: return "poisoned";
    case StatusCode::kInvalidArgument: return "invalid argument";
    case StatusCode::kOverflow: return "overflow";
  }
  return "unknown";
}

std::string Status::to_string() const {
  std::string text = message().empty() ? status_code_name(code_) : message();
  if (!path().empty()) text += ": " + path();
  if (code_ == StatusCode::kCorruption) text += " (offset " + std::to_string(offset()) + ")";
  if (cause() != nullptr) text += "; caused by: " + cause()->to_string();
  return text;
}

}  // namespace skiplith
