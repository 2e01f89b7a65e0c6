// Open files and locks in memory.
#pragma once

#include <memory>
#include <string>

#include "io/memory_disk.h"

namespace skiplith {

// `path` is what the handle calls itself, as it was given.
std::unique_ptr<ReadableFile> make_memory_readable(std::shared_ptr<MemoryDisk> disk,
                                                   const std::string& path,
                                                   std::shared_ptr<MemoryFile> file);
std::unique_ptr<AppendableFile> make_memory_appendable(std::shared_ptr<MemoryDisk> disk,
                                                       const std::string& path,
                                                       std::shared_ptr<MemoryFile> file);
// A new file, mapped already where the form says so; empty.
std::unique_ptr<SegmentFile> make_memory_segment(std::shared_ptr<MemoryDisk> disk,
                                                 const std::string& path,
                                                 std::shared_ptr<MemoryFile> file, SinkForm form,
                                                 uint64_t reserved);
// kLocked when it is held. `directory` exists.
Result<std::unique_ptr<DirectoryLock>> lock_memory_directory(std::shared_ptr<MemoryDisk> disk,
                                                             const std::string& directory,
                                                             bool shared);

}  // namespace skiplith
