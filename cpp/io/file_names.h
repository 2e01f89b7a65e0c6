// The names of a database's files. All lie directly in its directory; a number in front, of at
// least six digits, taken from the manifest and never used twice.
//
//   LOCK             locked while the database is open; never removed, never written
//   CURRENT          names the manifest
//   000001.manifest  which files count
//   000002.log       a segment
//   000003.sst       a table
//   CURRENT.tmp, 000004.tmp   on its way to become one of the above by a rename
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace skiplith {

enum class FileType : uint8_t { kLock, kCurrent, kManifest, kSegment, kTable, kTemporary };

struct FileName {
  FileType type;
  uint64_t number = 0;  // 0: LOCK, CURRENT and CURRENT.tmp, which have none

  bool operator==(const FileName&) const = default;
};

std::string make_file_name(const FileName& name);
// Exactly what make_file_name() makes; nullopt for everything else: not ours, never touched.
std::optional<FileName> parse_file_name(Bytes name);

std::string join_path(const std::string& directory, const std::string& name);
inline std::string file_path(const std::string& directory, const FileName& name) {
  return join_path(directory, make_file_name(name));
}

}  // namespace skiplith
