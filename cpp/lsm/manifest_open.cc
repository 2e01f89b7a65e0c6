// How a Manifest comes to be: created, or read from its file.
#include <algorithm>

#include "io/file_names.h"
#include "lsm/manifest.h"

namespace skiplith {
namespace {

constexpr uint64_t kMaxCurrentBytes = 64;
// Far above what a state can need: a larger file is damage.
constexpr uint64_t kMaxManifestBytes = uint64_t{1} << 30;

// At most one byte more than `max_bytes`: enough to see that the file is too long.
Result<std::string> read_whole(Files& files, const std::string& path, uint64_t max_bytes) {
  Result<std::unique_ptr<ReadableFile>> file = files.open_readable(path);
  if (!file.is_ok()) return file.take_status();
  Result<uint64_t> size = (*file)->size();
  if (!size.is_ok()) return size.take_status();
  std::string contents(std::min(*size, max_bytes + 1), '\0');
  Result<size_t> read = (*file)->read(0, contents.data(), contents.size());
  if (!read.is_ok()) return read.take_status();
  contents.resize(*read);
  return contents;
}

struct Numbers {
  uint64_t highest = 0;
  bool has_data = false;  // segments or tables
};

Result<Numbers> numbers_in(Files& files, const std::string& directory) {
  Result<std::vector<std::string>> names = files.list(directory);
  if (!names.is_ok()) return names.take_status();
  Numbers found;
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = parse_file_name(name);
    if (!parsed) continue;
    found.highest = std::max(found.highest, parsed->number);
    found.has_data |= parsed->type == FileType::kSegment || parsed->type == FileType::kTable;
  }
  return found;
}

Status apply_record(const std::string& path, uint64_t offset, Bytes payload, ManifestState* state) {
  ManifestEdit edit;
  switch (decode(payload, &edit)) {
    case EditCoding::kValid: break;
    case EditCoding::kUnknownTag:
      return Status::at_path(StatusCode::kFormat, path, "made by a newer version");
    case EditCoding::kMalformed:
      return Status::corruption(path, offset, "a manifest record is malformed");
  }
  if (!apply(edit, state)) {
    return Status::corruption(path, offset, "a manifest record contradicts those before it");
  }
  return Status::ok();
}

Result<ManifestState> replay(const ManifestIdentity& identity, Bytes file,
                             const std::string& path) {
  ManifestState state;
  uint64_t offset = kManifestHeaderBytes;
  do {
    const std::optional<ManifestRecord> record = find_manifest_record(identity, file, offset);
    if (!record) {
      const bool first = offset == kManifestHeaderBytes;
      if (!first && is_torn_manifest_tail(identity, file, offset)) break;
      return Status::corruption(path, offset, "a manifest record is damaged");
    }
    SKIPLITH_RETURN_IF_ERROR(apply_record(path, offset, record->payload, &state));
    offset = record->end;
  } while (offset < file.size());
  return state;
}

}  // namespace

Result<std::unique_ptr<Manifest>> Manifest::create(Files& files, const std::string& directory,
                                                   const DatabaseId& database,
                                                   ManifestState state) {
  Result<Numbers> found = numbers_in(files, directory);
  if (!found.is_ok()) return found.take_status();
  std::unique_ptr<Manifest> manifest(
      new Manifest(files, directory, database, 0, std::move(state), found->highest));
  SKIPLITH_RETURN_IF_ERROR(manifest->append({}));
  return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::load(Files& files, const std::string& directory) {
  Result<Numbers> found = numbers_in(files, directory);
  if (!found.is_ok()) return found.take_status();

  const std::string current_path = file_path(directory, {FileType::kCurrent});
  Result<PathKind> kind = files.kind_of(current_path);
  if (!kind.is_ok()) return kind.take_status();
  if (*kind == PathKind::kMissing) {
    // CURRENT precedes the first segment or table, so it has been lost if there are any.
    if (found->has_data) return Status::corruption(current_path, 0, "CURRENT is missing");
    return Status::at_path(StatusCode::kNotFound, directory, "no database here");
  }
  Result<std::string> current = read_whole(files, current_path, kMaxCurrentBytes);
  if (!current.is_ok()) return current.take_status();
  Result<uint64_t> number = decode_current(*current, current_path);
  if (!number.is_ok()) return number.take_status();

  const std::string path = file_path(directory, {FileType::kManifest, *number});
  kind = files.kind_of(path);
  if (!kind.is_ok()) return kind.take_status();
  if (*kind == PathKind::kMissing) return Status::corruption(path, 0, "the manifest is missing");
  Result<std::string> contents = read_whole(files, path, kMaxManifestBytes);
  if (!contents.is_ok()) return contents.take_status();
  if (contents->size() > kMaxManifestBytes) {
    return Status::corruption(path, kMaxManifestBytes, "the manifest is too long");
  }
  Result<ManifestIdentity> identity = decode_manifest_header(*contents, path);
  if (!identity.is_ok()) return identity.take_status();
  if (identity->number != *number) {
    return Status::corruption(path, 0, "the manifest is another one than its name says");
  }
  Result<ManifestState> state = replay(*identity, *contents, path);
  if (!state.is_ok()) return state.take_status();

  return std::unique_ptr<Manifest>(new Manifest(files, directory, identity->database, *number,
                                                std::move(*state), found->highest));
}

}  // namespace skiplith
