// The bytes of a manifest and of CURRENT. Little-endian, frozen.
//
// Manifest: a header, then records without gaps.
//
//   header   [magic 8][version u32][zero u32][database id 16][manifest number u64]
//            [zero 16][check u64 = XXH3(the 56 bytes before, seed 0)]
//   record   [payload bytes u32][length check u32][payload][zeros up to a multiple of 8]
//            [checksum u64]
//
//   seed          id's first word ^ manifest number << 32 ^ record's offset: a record is valid in
//                 its own place only
//   length check  low half of XXH3(payload bytes as u32, seed)
//   checksum      XXH3(everything before it in the record, seed), never 0
//
// The header keeps this form in all versions. The first record is the full state; it and the
// header are durable before CURRENT names the file, so there they are whole or damaged.
//
// Every later record is synced before the next one is written: only the last can be torn, that
// is, written and never acknowledged. A process that dies leaves a prefix of it. A machine that
// dies, or a failed writeback, cuts it into pieces where the file's offset is a multiple of
// kPieceBytes (no device leaves less than that half-written), and leaves each piece as written,
// as zeros, or behind the end of the file. A whole record has no piece of zeros: the first holds
// its length, the last its checksum, and those between only payload, which has no such run.
//
// So a torn record can be told from a damaged one of the same length, whichever of the two died;
// which boot wrote it need not be known. (A file system that shows what was on the disk before in
// place of zeros, as ext4 with data=writeback may, makes a torn record look damaged: refused, not
// guessed at.) What no format can notice is a file cut exactly between two records.
//
// CURRENT: the manifest's file name, a newline, XXH3(both, seed 0) as 16 hexadecimal digits, a
// newline.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "wal/segment_format.h"

namespace skiplith {

inline constexpr char kManifestMagic[9] = "SkplMan\n";
inline constexpr uint32_t kManifestVersion = 1;
inline constexpr uint64_t kManifestHeaderBytes = 64;
inline constexpr uint64_t kPieceBytes = 64;

// Which manifest: part of every checksum in it.
struct ManifestIdentity {
  DatabaseId database;
  uint64_t number = 0;
};

std::string encode_manifest_header(const ManifestIdentity& identity);
// `file` is the whole file, `path` for messages. kCorruption, or kFormat for another version.
Result<ManifestIdentity> decode_manifest_header(Bytes file, const std::string& path);

// `payload` is not empty; `offset` is where in the file the record will lie.
std::string encode_manifest_record(const ManifestIdentity& identity, uint64_t offset,
                                   Bytes payload);

struct ManifestRecord {
  Bytes payload;
  uint64_t end = 0;  // offset behind it
};
// The record at `offset`; nothing when there is no valid one.
std::optional<ManifestRecord> find_manifest_record(const ManifestIdentity& identity, Bytes file,
                                                   uint64_t offset);
// There is no valid record at `offset`: is what lies there the last record, torn?
bool is_torn_manifest_tail(const ManifestIdentity& identity, Bytes file, uint64_t offset);

std::string encode_current(uint64_t manifest_number);
// The manifest's number. kCorruption, or kFormat when this cannot have been written by us.
Result<uint64_t> decode_current(Bytes text, const std::string& path);

}  // namespace skiplith
