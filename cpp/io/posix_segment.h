// A segment's file on disk.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"

namespace skiplith {

// A kill on the way leaves a file that no manifest names, an error leaves nothing.
Result<std::unique_ptr<SegmentFile>> create_posix_segment(const std::string& path, SinkForm form,
                                                          uint64_t capacity, uint64_t reserved);

}  // namespace skiplith
