// What can be done to files, by name: what faults strike, and what memory files tell of.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace skiplith {

enum class Operation : uint8_t {
  kCreateSegment,
  kSegmentGrow,
  kSegmentWrite,
  kSegmentSync,
  kSegmentFinish,
  kCreateAppendable,
  kAppend,
  kAppendSync,
  kAppendClose,
  kOpenReadable,
  kRead,
  kKindOf,
  kList,
  kMakeDirectories,
  kSyncDirectory,
  kRename,
  kRemove,
  kLock,
  kCount
};

inline constexpr size_t kOperations = static_cast<size_t>(Operation::kCount);

// "create_segment", "segment_grow" and so on.
const char* operation_name(Operation operation);
std::optional<Operation> operation_named(Bytes name);

}  // namespace skiplith
