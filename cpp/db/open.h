// What may be opened: checks that come before anything is touched.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "db/options.h"
#include "io/file_names.h"
#include "io/files.h"

namespace skiplith {

// kInvalidArgument for an option outside its limits.
Status check_options(const Options& options);

// The files of a directory, by what their names say.
struct DirectoryListing {
  bool has_current = false;
  bool has_foreign = false;    // names that are not ours
  std::vector<FileName> ours;  // numbered files and temporary ones

  bool has_data() const;  // segments or tables
  std::set<uint64_t> numbers(FileType type) const;
};

Result<DirectoryListing> list_directory(Files& files, const std::string& directory);

// What open() is to do with the directory.
enum class Opening : uint8_t { kLoad, kCreate };

// Decides by mode and content; touches nothing. A directory with foreign files and no database
// is refused (kFormat), and so is a database that has lost CURRENT (kCorruption): lock and
// manifest files alone mean that nobody got as far as making one.
Result<Opening> decide_opening(const std::string& directory, OpenMode mode,
                               const DirectoryListing& listing);

}  // namespace skiplith
