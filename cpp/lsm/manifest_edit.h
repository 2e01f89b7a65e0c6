// What the manifest knows, and the steps by which it changes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "lsm/table_meta.h"
#include "record/kind.h"

namespace skiplith {

// A segment that is not live is dead for good: it is never replayed, even if its file is there.
struct ManifestState {
  uint64_t next_file_number = 1;  // no file has this number or a higher one
  Sequence base_sequence = 0;     // all up to it is in no live segment: recovery expects the next
  std::set<uint64_t> live_segments = {};
  std::map<uint64_t, TableMeta> tables = {};  // by number

  bool operator==(const ManifestState&) const = default;
};

// Applied as one. Numbers and sequences never go down; what is added was not there, what is
// removed was. A table that moves to another level is removed and added.
struct ManifestEdit {
  std::optional<uint64_t> next_file_number = {};
  std::optional<Sequence> base_sequence = {};
  std::vector<uint64_t> added_segments = {};
  std::vector<uint64_t> removed_segments = {};
  std::vector<TableMeta> added_tables = {};
  std::vector<uint64_t> removed_tables = {};

  bool operator==(const ManifestEdit&) const = default;
};

// The edit that makes an empty state this one.
ManifestEdit edit_for(const ManifestState& state);

// False when the edit contradicts the state, which then is in no particular state.
bool apply(const ManifestEdit& edit, ManifestState* state);

// On disk an edit is a row of [tag varint][value varint], in any order; the tags are frozen:
//
//   1  next file number
//   2  base sequence
//   3  a segment becomes live (any number of times)
//   4  a segment becomes dead (any number of times)
//   5  a table becomes live (any number of times): the value is how many bytes follow, and these
//      are, as varints: number, level, file bytes, entries, tombstones, old versions, smallest and
//      largest sequence; then the smallest and the largest key, each as its length, a varint, and
//      its bytes in pieces of up to 32, a byte 1 behind each piece
//   6  a table becomes dead (any number of times)
//
// A tag says something that must not be overlooked, so a reader refuses those it does not know.
// No edit has 64 zero bytes in a row: manifest_format.h tells torn records from damaged ones by it.
std::string encode(const ManifestEdit& edit);

enum class EditCoding : uint8_t { kValid, kUnknownTag, kMalformed };
EditCoding decode(Bytes bytes, ManifestEdit* edit);

}  // namespace skiplith
