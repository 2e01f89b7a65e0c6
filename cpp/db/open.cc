#include "db/open.h"

#include <algorithm>

namespace skiplith {

Status check_options(const Options& options) {
  if (options.memtable_bytes < kMinMemtableBytes || options.memtable_bytes > kMaxMemtableBytes) {
    return Status::error(StatusCode::kInvalidArgument,
                         "memtable_bytes must be from 65,536 to 8,589,934,592 bytes");
  }
  if (options.sync_interval_ms > kMaxSyncIntervalMs) {
    return Status::error(StatusCode::kInvalidArgument,
                         "sync_interval_ms must be at most 86,400,000, a day");
  }
  if (options.filter_bits > kMaxFilterBits) {
    return Status::error(StatusCode::kInvalidArgument, "filter_bits must be at most 32, per key");
  }
  if (!options.wal && options.sync) {
    return Status::error(StatusCode::kInvalidArgument, "sync=True needs the log: wal=True");
  }
  return Status::ok();
}

bool DirectoryListing::has_data() const {
  return std::any_of(ours.begin(), ours.end(), [](const FileName& name) {
    return name.type == FileType::kSegment || name.type == FileType::kTable;
  });
}

std::set<uint64_t> DirectoryListing::numbers(FileType type) const {
  std::set<uint64_t> found;
  for (const FileName& name : ours) {
    if (name.type == type) found.insert(name.number);
  }
  return found;
}

Result<DirectoryListing> list_directory(Files& files, const std::string& directory) {
  auto names = files.list(directory);
  if (!names.is_ok()) return names.take_status();
  DirectoryListing listing;
  for (const std::string& name : *names) {
    const auto parsed = parse_file_name(name);
    if (!parsed) {
      listing.has_foreign = true;
    } else if (parsed->type == FileType::kCurrent) {
      listing.has_current = true;
    } else if (parsed->type != FileType::kLock) {
      listing.ours.push_back(*parsed);
    }
  }
  return listing;
}

Result<Opening> decide_opening(const std::string& directory, OpenMode mode,
                               const DirectoryListing& listing) {
  const auto not_a_database = [&] {
    return Status::at_path(StatusCode::kFormat, directory,
                           "the directory has other files in it and no database");
  };
  if (mode == OpenMode::kNew) {
    if (!listing.has_current && listing.has_foreign) return not_a_database();
    return Opening::kCreate;
  }
  if (listing.has_current) return Opening::kLoad;
  if (listing.has_data()) {
    return Status::corruption(join_path(directory, "CURRENT"), 0,
                              "missing beside segments or tables");
  }
  if (mode == OpenMode::kCreate) {
    if (listing.has_foreign) return not_a_database();
    return Opening::kCreate;
  }
  return Status::at_path(StatusCode::kNotFound, directory, "no database in this directory");
}

}  // namespace skiplith
