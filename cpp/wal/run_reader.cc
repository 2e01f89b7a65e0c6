#include "wal/run_reader.h"

namespace skiplith {
namespace {

// Each byte equals the one before it, and the first is zero.
bool all_zeros(Bytes bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Of a place in a run's joined areas.
uint64_t file_offset(const Run& run, uint64_t position) {
  return run.offset + position / kAreaBytes * kBlockBytes + kBlockHeaderBytes +
         position % kAreaBytes;
}

}  // namespace

void note_damage(SegmentContents* contents, uint64_t offset, const char* what) {
  if (!contents->damage) contents->damage = Damage{offset, what};
}

void RunReader::read(const Run& run, const char* stream) {
  // Only the last record of a lane can have been in flight.
  if (unread_offset_) note_damage_at(*unread_offset_, "a record is damaged");
  const Bytes bytes(stream, run.blocks * kAreaBytes);
  uint64_t position = 0;
  while (position + kLeastRecordBytes <= bytes.size()) {
    const uint64_t record = read_record(run, bytes, position);
    if (record == 0) break;
    position += record;
  }
  if (!all_zeros(bytes.substr(position))) unread_offset_ = file_offset(run, position);
}

uint64_t RunReader::read_record(const Run& run, Bytes stream, uint64_t position) {
  const char* const from = stream.data() + position;
  if (load_u64(from + kLengthWordOffset) == 0) return 0;
  const uint64_t offset = file_offset(run, position);
  const uint64_t seed = nonce_ ^ offset;
  RecordHeader header;
  if (!decode_record_header(from, seed, &header)) {
    return note_damage_at(offset, "a record's header is damaged");
  }
  if (header.first_sequence <= tail_.last_sequence) {
    return note_damage_at(offset, "a lane's sequences are out of order");
  }
  // A record begins its run and fills all its blocks, or lies within the last of them.
  const uint64_t blocks = blocks_for(header.payload_bytes);
  if (position == 0 && blocks > run.blocks && run.before_untouched) return note_in_flight(header);
  const uint64_t end = position + record_bytes(header.payload_bytes);
  if (end > stream.size() || (position == 0 && blocks != run.blocks)) {
    return note_damage_at(offset, "a record does not fit its blocks");
  }
  const uint64_t trailer = load_u64(stream.data() + end - kTrailerBytes);
  if (trailer == 0) {
    if (!all_zeros(stream.substr(end))) {
      return note_damage_at(offset, "a record is unfinished, and another follows");
    }
    return note_in_flight(header);
  }
  const Bytes payload = stream.substr(position + kRecordHeaderBytes, header.payload_bytes);
  const uint64_t word = load_u64(from + kLengthWordOffset);
  if (trailer != trailer_word(checksum(payload, seed), word, header.first_sequence, seed)) {
    return note_damage_at(offset, "a record does not match its checksum");
  }
  contents_->records.push_back({.first_sequence = header.first_sequence,
                                .count = header.count,
                                .lane = run.lane,
                                .offset = offset,
                                .payload = payload});
  tail_.last_sequence = contents_->records.back().last_sequence();
  return end - position;
}

uint64_t RunReader::note_in_flight(const RecordHeader& header) {
  tail_.in_flight_first = header.first_sequence;
  tail_.in_flight_count = header.count;
  return 0;
}

uint64_t RunReader::note_damage_at(uint64_t offset, const char* what) {
  note_damage(contents_, offset, what);
  return 0;
}

}  // namespace skiplith
