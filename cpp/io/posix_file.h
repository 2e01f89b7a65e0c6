// Ordinary files: read anywhere, or written once from front to back.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"

namespace skiplith {

Result<std::unique_ptr<ReadableFile>> open_posix_readable(const std::string& path);
Result<std::unique_ptr<AppendableFile>> create_posix_appendable(const std::string& path);

}  // namespace skiplith
