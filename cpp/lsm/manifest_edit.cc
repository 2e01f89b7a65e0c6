#include "lsm/manifest_edit.h"

#include "base/coding.h"

namespace skiplith {
namespace {

enum Tag : uint64_t {
  kNextFileNumber = 1,
  kBaseSequence = 2,
  kAddedSegment = 3,
  kRemovedSegment = 4,
};

void append_field(std::string* to, Tag tag, uint64_t value) {
  append_varint(to, tag);
  append_varint(to, value);
}

bool raise(const std::optional<uint64_t>& to, uint64_t* number) {
  if (!to) return true;
  if (*to < *number) return false;
  *number = *to;
  return true;
}

}  // namespace

ManifestEdit edit_for(const ManifestState& state) {
  return {.next_file_number = state.next_file_number,
          .base_sequence = state.base_sequence,
          .added_segments = {state.live_segments.begin(), state.live_segments.end()}};
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
  return bytes;
}

EditCoding decode(Bytes bytes, ManifestEdit* edit) {
  *edit = {};
  Decoder decoder(bytes);
  while (!decoder.empty()) {
    const uint64_t tag = decoder.varint();
    if (!decoder.ok()) return EditCoding::kMalformed;
    if (tag == 0) return EditCoding::kMalformed;
    if (tag > kRemovedSegment) return EditCoding::kUnknownTag;
    const uint64_t value = decoder.varint();
    if (!decoder.ok()) return EditCoding::kMalformed;
    switch (static_cast<Tag>(tag)) {
      case kNextFileNumber: edit->next_file_number = value; break;
      case kBaseSequence: edit->base_sequence = value; break;
      case kAddedSegment: edit->added_segments.push_back(value); break;
      case kRemovedSegment: edit->removed_segments.push_back(value); break;
    }
  }
  return EditCoding::kValid;
}

}  // namespace skiplith
