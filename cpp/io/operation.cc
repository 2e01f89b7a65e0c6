#include "io/operation.h"

namespace skiplith {
namespace {

// In the order of the enumeration.
constexpr const char* kNames[] = {
    "create_segment", "segment_grow",
    "segment_write",  "segment_sync",
    "segment_finish", "create_appendable",
    "append",         "append_sync",
    "append_close",   "open_readable",
    "read",           "kind_of",
    "list",           "make_directories",
    "sync_directory", "rename",
    "remove",         "lock",
};
static_assert(sizeof kNames / sizeof *kNames == kOperations);

}  // namespace

const char* operation_name(Operation operation) { return kNames[static_cast<size_t>(operation)]; }

std::optional<Operation> operation_named(Bytes name) {
  for (size_t i = 0; i < kOperations; ++i) {
    if (name == kNames[i]) return static_cast<Operation>(i);
  }
  return std::nullopt;
}

}  // namespace skiplith
