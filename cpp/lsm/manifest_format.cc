#include "lsm/manifest_format.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "io/file_names.h"

namespace skiplith {
namespace {

constexpr uint64_t kLengthWordBytes = 8;
constexpr uint64_t kChecksumBytes = 8;
constexpr uint64_t kHeaderCheckOffset = kManifestHeaderBytes - 8;

uint64_t seed_at(const ManifestIdentity& identity, uint64_t offset) {
  return identity.database.words[0] ^ identity.number << 32 ^ offset;
}

uint32_t length_check(uint32_t payload_bytes, uint64_t seed) {
  char bytes[4];
  store_u32(bytes, payload_bytes);
  return static_cast<uint32_t>(checksum(Bytes(bytes, sizeof bytes), seed));
}

uint64_t record_checksum(Bytes before, uint64_t seed) {
  const uint64_t sum = checksum(before, seed);
  return sum != 0 ? sum : 1;
}

// The bytes of the record that begins at `offset`, as its length word says; 0 when that is not
// there or not valid. They may reach behind the end of the file.
uint64_t record_bytes_at(const ManifestIdentity& identity, Bytes file, uint64_t offset) {
  Decoder decoder(file.substr(offset));
  const uint32_t payload_bytes = decoder.u32();
  const uint32_t check = decoder.u32();
  if (!decoder.ok() || payload_bytes == 0) return 0;
  if (check != length_check(payload_bytes, seed_at(identity, offset))) return 0;
  return kLengthWordBytes + round_up(payload_bytes, 8) + kChecksumBytes;
}

bool has_piece_of_zeros(Bytes file, uint64_t begin, uint64_t end) {
  while (begin < end) {
    const uint64_t piece_end = std::min(round_up(begin + 1, kPieceBytes), end);
    const Bytes piece = file.substr(begin, piece_end - begin);
    if (piece.find_first_not_of('\0') == Bytes::npos) return true;
    begin = piece_end;
  }
  return false;
}

}  // namespace

std::string encode_manifest_header(const ManifestIdentity& identity) {
  std::string header(kManifestMagic, 8);
  append_u32(&header, kManifestVersion);
  append_u32(&header, 0);
  append_u64(&header, identity.database.words[0]);
  append_u64(&header, identity.database.words[1]);
  append_u64(&header, identity.number);
  header.resize(kHeaderCheckOffset, '\0');
  append_u64(&header, checksum(header, 0));
  return header;
}

Result<ManifestIdentity> decode_manifest_header(Bytes file, const std::string& path) {
  if (file.size() < kManifestHeaderBytes) {
    return Status::corruption(path, file.size(), "the manifest's header is cut short");
  }
  const Bytes checked = file.substr(0, kHeaderCheckOffset);
  if (checked.substr(0, 8) != Bytes(kManifestMagic, 8) ||
      load_u64(file.data() + kHeaderCheckOffset) != checksum(checked, 0)) {
    return Status::corruption(path, 0, "the manifest's header is damaged");
  }
  Decoder decoder(checked.substr(8));
  if (decoder.u32() != kManifestVersion || decoder.u32() != 0) {
    return Status::at_path(StatusCode::kFormat, path, "made by a newer version");
  }
  ManifestIdentity identity;
  identity.database.words[0] = decoder.u64();
  identity.database.words[1] = decoder.u64();
  identity.number = decoder.u64();
  return identity;
}

std::string encode_manifest_record(const ManifestIdentity& identity, uint64_t offset,
                                   Bytes payload) {
  SKIPLITH_CHECK(!payload.empty() && payload.size() <= UINT32_MAX);
  const uint64_t seed = seed_at(identity, offset);
  const auto payload_bytes = static_cast<uint32_t>(payload.size());
  std::string record;
  append_u32(&record, payload_bytes);
  append_u32(&record, length_check(payload_bytes, seed));
  record.append(payload);
  record.resize(round_up(record.size(), 8), '\0');
  append_u64(&record, record_checksum(record, seed));
  return record;
}

std::optional<ManifestRecord> find_manifest_record(const ManifestIdentity& identity, Bytes file,
                                                   uint64_t offset) {
  const uint64_t size = record_bytes_at(identity, file, offset);
  if (size == 0 || size > file.size() - offset) return std::nullopt;
  const Bytes record = file.substr(offset, size);
  const Bytes checked = record.substr(0, size - kChecksumBytes);
  if (load_u64(checked.data() + checked.size()) !=
      record_checksum(checked, seed_at(identity, offset))) {
    return std::nullopt;
  }
  return ManifestRecord{.payload = record.substr(kLengthWordBytes, load_u32(record.data())),
                        .end = offset + size};
}

bool is_torn_manifest_tail(const ManifestIdentity& identity, Bytes file, uint64_t offset) {
  if (file.size() - offset < kLengthWordBytes) return true;
  const uint64_t size = record_bytes_at(identity, file, offset);
  if (size != 0) {
    const uint64_t end = offset + size;
    if (end != file.size()) return end > file.size();  // what others follow has been synced
    return has_piece_of_zeros(file, offset, end);
  }
  // The length word lies in one piece: it is whole, or zeros like the rest of its piece.
  const uint64_t piece_end = std::min<uint64_t>(round_up(offset + 1, kPieceBytes), file.size());
  if (!has_piece_of_zeros(file, offset, piece_end)) return false;
  for (uint64_t later = offset + 8; later < file.size(); later += 8) {
    if (find_manifest_record(identity, file, later)) return false;
  }
  return true;
}

std::string encode_current(uint64_t manifest_number) {
  std::string text = make_file_name({FileType::kManifest, manifest_number}) + "\n";
  const uint64_t sum = checksum(text, 0);
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[sum >> shift & 15];
  return text + "\n";
}

Result<uint64_t> decode_current(Bytes text, const std::string& path) {
  const std::optional<FileName> name = parse_file_name(text.substr(0, text.find('\n')));
  if (name && name->type == FileType::kManifest && text == encode_current(name->number)) {
    return name->number;
  }
  // Ours and damaged, or another program's CURRENT? No single damaged bit makes ours look like
  // another's: its beginning and its suffix both speak for it.
  const bool ours = text.empty() || (text[0] >= '0' && text[0] <= '9') ||
                    text.find('\0') != Bytes::npos || text.find(".manifest") != Bytes::npos;
  if (!ours) return Status::at_path(StatusCode::kFormat, path, "not a Skiplith database");
  return Status::corruption(path, 0, "CURRENT is damaged");
}

}  // namespace skiplith
