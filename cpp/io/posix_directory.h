// Directories: made with their parents, listed, synced.
#pragma once

#include <string>
#include <vector>

#include "io/files.h"

namespace skiplith {

Result<PathKind> posix_kind_of(const std::string& path);
// A kill or an error on the way leaves some of the directories, empty; the next call goes on.
Status make_posix_directories(const std::string& directory);
Result<std::vector<std::string>> list_posix_directory(const std::string& directory);
Status sync_posix_directory(const std::string& directory);
// By the magic number of the file system. The mapped form needs one that, once blocks are
// allocated, never refuses to write them: ext4, XFS and tmpfs. A file system that copies on
// write may run out of space in the middle of a store, which would be a SIGBUS.
Result<SinkForm> best_posix_form(const std::string& directory);

}  // namespace skiplith
