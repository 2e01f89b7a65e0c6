#include "lsm/manifest.h"

#include <algorithm>
#include <cerrno>

#include "base/sync_points.h"
#include "io/file_names.h"

namespace skiplith {
namespace {

// A file is full at this size, or at four times its first record where the state itself is large.
constexpr uint64_t kFullAtBytes = uint64_t{1} << 20;

}  // namespace

Manifest::Manifest(Files& files, std::string directory, const DatabaseId& database, uint64_t number,
                   ManifestState state, uint64_t highest)
    : files_(files),
      directory_(std::move(directory)),
      database_(database),
      next_file_number_(std::max(state.next_file_number, highest + 1)),
      state_(std::move(state)),
      number_(number) {}

ManifestState Manifest::state() const {
  MutexLock lock(mutex_);
  return state_;
}

uint64_t Manifest::number() const {
  MutexLock lock(mutex_);
  return number_;
}

Status Manifest::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

Status Manifest::append(const ManifestEdit& edit) {
  MutexLock lock(mutex_);
  SKIPLITH_RETURN_IF_ERROR(failure_);
  // Stands if memory runs out on the way.
  failure_ = Status::storage(ENOMEM, path_of(number_), "write the manifest");

  const bool begins = file_ == nullptr || file_bytes_ >= full_at_bytes_;
  const uint64_t number = begins ? take_file_number() : number_;
  ManifestEdit whole = edit;
  whole.next_file_number = next_file_number_.load();
  ManifestState after = state_;
  SKIPLITH_CHECK(apply(whole, &after));

  Status status = begins ? begin_file(number, after) : append_record(whole);
  if (status.is_ok()) state_ = std::move(after);
  failure_ = std::move(status);
  return failure_;
}

Status Manifest::append_record(const ManifestEdit& edit) {
  const std::string record =
      encode_manifest_record({database_, number_}, file_bytes_, encode(edit));
  SKIPLITH_RETURN_IF_ERROR(file_->append(record));
  SKIPLITH_SYNC_POINT(manifest_appended);
  SKIPLITH_RETURN_IF_ERROR(file_->sync());
  file_bytes_ += record.size();
  return Status::ok();
}

Status Manifest::begin_file(uint64_t number, const ManifestState& state) {
  const ManifestIdentity identity{database_, number};
  std::string contents = encode_manifest_header(identity);
  contents += encode_manifest_record(identity, contents.size(), encode(edit_for(state)));
  std::string old_path = number_ != 0 ? path_of(number_) : std::string();

  Result<std::unique_ptr<AppendableFile>> file = files_.create_appendable(path_of(number));
  if (!file.is_ok()) return file.take_status();
  SKIPLITH_RETURN_IF_ERROR(write_file(**file, contents));
  SKIPLITH_RETURN_IF_ERROR(files_.sync_directory(directory_));
  SKIPLITH_SYNC_POINT(manifest_written);
  SKIPLITH_RETURN_IF_ERROR(name_in_current(number));

  number_ = number;
  file_ = std::move(*file);
  file_bytes_ = contents.size();
  full_at_bytes_ = std::max(kFullAtBytes, 4 * file_bytes_);
  if (!old_path.empty()) (void)files_.remove(old_path);
  return Status::ok();
}

Status Manifest::write_file(AppendableFile& file, Bytes contents) {
  SKIPLITH_RETURN_IF_ERROR(file.append(contents));
  return file.sync();
}

Status Manifest::name_in_current(uint64_t number) {
  const std::string temporary = file_path(directory_, {FileType::kTemporary});
  Result<PathKind> left_over = files_.kind_of(temporary);
  if (!left_over.is_ok()) return left_over.take_status();
  if (*left_over != PathKind::kMissing) SKIPLITH_RETURN_IF_ERROR(files_.remove(temporary));

  Result<std::unique_ptr<AppendableFile>> file = files_.create_appendable(temporary);
  if (!file.is_ok()) return file.take_status();
  SKIPLITH_RETURN_IF_ERROR(write_file(**file, encode_current(number)));
  SKIPLITH_RETURN_IF_ERROR((*file)->close());
  SKIPLITH_RETURN_IF_ERROR(files_.rename(temporary, file_path(directory_, {FileType::kCurrent})));
  return files_.sync_directory(directory_);
}

Result<std::vector<std::string>> Manifest::orphans() const {
  MutexLock lock(mutex_);
  Result<std::vector<std::string>> names = files_.list(directory_);
  if (!names.is_ok()) return names.take_status();
  std::vector<std::string> found;
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = parse_file_name(name);
    if (!parsed) continue;
    bool counts = false;
    switch (parsed->type) {
      case FileType::kLock:
      case FileType::kCurrent: counts = true; break;
      case FileType::kManifest: counts = parsed->number == number_; break;
      case FileType::kSegment: counts = state_.live_segments.contains(parsed->number); break;
      case FileType::kTable: counts = state_.tables.contains(parsed->number); break;
      case FileType::kTemporary: break;
    }
    if (!counts) found.push_back(join_path(directory_, name));
  }
  return found;
}

std::string Manifest::path_of(uint64_t number) const {
  return number == 0 ? file_path(directory_, {FileType::kCurrent})
                     : file_path(directory_, {FileType::kManifest, number});
}

}  // namespace skiplith
