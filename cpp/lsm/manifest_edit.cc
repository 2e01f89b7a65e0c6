#include "lsm/manifest_edit.h"

#include <algorithm>

#include "base/coding.h"
#include "record/limits.h"

namespace skiplith {
namespace {

enum Tag : uint64_t {
  kNextFileNumber = 1,
  kBaseSequence = 2,
  kAddedSegment = 3,
  kRemovedSegment = 4,
  kAddedTable = 5,
  kRemovedTable = 6,
};

// Zeros of a key's bytes in a row: fewer than what makes a torn record look whole.
constexpr size_t kKeyPieceBytes = 32;
constexpr char kKeyPieceEnd = 1;

void append_field(std::string* to, Tag tag, uint64_t value) {
  append_varint(to, tag);
  append_varint(to, value);
}

void append_key(std::string* to, Bytes key) {
  append_varint(to, key.size());
  for (; !key.empty(); key.remove_prefix(std::min(key.size(), kKeyPieceBytes))) {
    to->append(key.substr(0, kKeyPieceBytes));
    to->push_back(kKeyPieceEnd);
  }
}

bool decode_key(Decoder* from, std::string* key) {
  uint64_t left = from->varint();
  if (left > kMaxKeyBytes) return false;
  while (left != 0 && from->ok()) {
    const Bytes piece = from->bytes(std::min<uint64_t>(left, kKeyPieceBytes));
    if (from->u8() != kKeyPieceEnd) return false;
    key->append(piece);
    left -= piece.size();
  }
  return from->ok();
}

std::string encode_table(const TableMeta& table) {
  std::string bytes;
  for (const uint64_t value :
       {table.number, uint64_t{table.level}, table.bytes, table.entries, table.tombstones,
        table.old_versions, table.smallest_sequence, table.largest_sequence}) {
    append_varint(&bytes, value);
  }
  append_key(&bytes, table.smallest_key);
  append_key(&bytes, table.largest_key);
  return bytes;
}

bool decode_table(Bytes bytes, TableMeta* table) {
  Decoder decoder(bytes);
  table->number = decoder.varint();
  const uint64_t level = decoder.varint();
  table->bytes = decoder.varint();
  table->entries = decoder.varint();
  table->tombstones = decoder.varint();
  table->old_versions = decoder.varint();
  table->smallest_sequence = decoder.varint();
  table->largest_sequence = decoder.varint();
  if (!decode_key(&decoder, &table->smallest_key)) return false;
  if (!decode_key(&decoder, &table->largest_key)) return false;
  table->level = static_cast<uint32_t>(level);
  return decoder.empty() && level < kLevels && table->entries > 0 &&
         table->smallest_key <= table->largest_key &&
         table->smallest_sequence <= table->largest_sequence;
}

bool raise(const std::optional<uint64_t>& to, uint64_t* number) {
  if (!to) return true;
  if (*to < *number) return false;
  *number = *to;
  return true;
}

}  // namespace

ManifestEdit edit_for(const ManifestState& state) {
  ManifestEdit edit{.next_file_number = state.next_file_number,
                    .base_sequence = state.base_sequence,
                    .added_segments = {state.live_segments.begin(), state.live_segments.end()}};
  for (const auto& [number, table] : state.tables) edit.added_tables.push_back(table);
  return edit;
}

bool apply(const ManifestEdit& edit, ManifestState* state) {
  if (!raise(edit.next_file_number, &state->next_file_number)) return false;
  if (!raise(edit.base_sequence, &state->base_sequence)) return false;
  for (const uint64_t number : edit.removed_segments) {
    if (state->live_segments.erase(number) == 0) return false;
  }
  for (const uint64_t number : edit.added_segments) {
    if (number == 0 || number >= state->next_file_number) return false;
    if (!state->live_segments.insert(number).second) return false;
  }
  for (const uint64_t number : edit.removed_tables) {
    if (state->tables.erase(number) == 0) return false;
  }
  for (const TableMeta& table : edit.added_tables) {
    if (table.number == 0 || table.number >= state->next_file_number) return false;
    if (!state->tables.emplace(table.number, table).second) return false;
  }
  return true;
}

std::string encode(const ManifestEdit& edit) {
  std::string bytes;
  if (edit.next_file_number) append_field(&bytes, kNextFileNumber, *edit.next_file_number);
  if (edit.base_sequence) append_field(&bytes, kBaseSequence, *edit.base_sequence);
  for (const uint64_t number : edit.added_segments) append_field(&bytes, kAddedSegment, number);
  for (const uint64_t number : edit.removed_segments) {
    append_field(&bytes, kRemovedSegment, number);
  }
  for (const TableMeta& table : edit.added_tables) {
    const std::string encoded = encode_table(table);
    append_field(&bytes, kAddedTable, encoded.size());
    bytes += encoded;
  }
  for (const uint64_t number : edit.removed_tables) append_field(&bytes, kRemovedTable, number);
  return bytes;
}

EditCoding decode(Bytes bytes, ManifestEdit* edit) {
  *edit = {};
  Decoder decoder(bytes);
  while (!decoder.empty()) {
    const uint64_t tag = decoder.varint();
    if (!decoder.ok()) return EditCoding::kMalformed;
    if (tag == 0) return EditCoding::kMalformed;
    if (tag > kRemovedTable) return EditCoding::kUnknownTag;
    const uint64_t value = decoder.varint();
    if (!decoder.ok()) return EditCoding::kMalformed;
    switch (static_cast<Tag>(tag)) {
      case kNextFileNumber: edit->next_file_number = value; break;
      case kBaseSequence: edit->base_sequence = value; break;
      case kAddedSegment: edit->added_segments.push_back(value); break;
      case kRemovedSegment: edit->removed_segments.push_back(value); break;
      case kAddedTable: {
        TableMeta table;
        if (!decode_table(decoder.bytes(value), &table)) return EditCoding::kMalformed;
        edit->added_tables.push_back(std::move(table));
        break;
      }
      case kRemovedTable: edit->removed_tables.push_back(value); break;
    }
  }
  return EditCoding::kValid;
}

}  // namespace skiplith
