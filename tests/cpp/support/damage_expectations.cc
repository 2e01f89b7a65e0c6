#include "support/damage_expectations.h"

#include "io/file_names.h"

namespace skiplith::testing {
namespace {

std::string path_of(const std::string& name) { return join_path(kSampleDirectory, name); }

FileType type_of(const std::string& name) { return parse_file_name(name)->type; }

// A place in a segment's blocks, and what there is.
struct Place {
  const LoggedRecord* record = nullptr;  // that the byte belongs to
  bool is_padding = false;               // between payload and trailer: guarded by nothing
  bool is_block_header = false;
  bool is_used_block = false;
  std::optional<Sequence> first_in_block = {};  // of all records with a byte in the block
};

Place place_at(const SegmentContents& segment, uint64_t byte) {
  const auto block_of = [](uint64_t offset) { return (offset - kHeaderPageBytes) / kBlockBytes; };
  const auto within = [](uint64_t offset) { return (offset - kHeaderPageBytes) % kBlockBytes; };
  Place place;
  place.is_block_header = within(byte) < kBlockHeaderBytes;
  for (const LoggedRecord& record : segment.records) {
    const uint64_t position = within(record.offset) - kBlockHeaderBytes;
    const uint64_t bytes = record_bytes(record.payload.size());
    const uint64_t first = block_of(record.offset);
    const uint64_t last = first + (position + bytes - 1) / kAreaBytes;
    const uint64_t block = block_of(byte);
    if (block < first || block > last) continue;
    place.is_used_block = true;
    if (!place.first_in_block || record.first_sequence < *place.first_in_block) {
      place.first_in_block = record.first_sequence;
    }
    if (place.is_block_header) continue;
    const uint64_t in_run = (block - first) * kAreaBytes + within(byte) - kBlockHeaderBytes;
    if (in_run < position || in_run >= position + bytes) continue;
    place.record = &record;
    const uint64_t in_record = in_run - position;
    place.is_padding = in_record >= kRecordHeaderBytes + record.payload.size() &&
                       in_record < bytes - kTrailerBytes;
  }
  return place;
}

}  // namespace

DamageExpectations::DamageExpectations(const DamageSample& sample, Stop stop)
    : sample_(sample), stop_(stop) {
  auto manifest = Manifest::load(*sample.files, kSampleDirectory);
  EXPECT_TRUE(manifest.is_ok());
  database_ = (*manifest)->database();
  manifest_ = (*manifest)->state();
  for (const uint64_t number : manifest_.live_segments) {
    const std::string name = make_file_name({FileType::kSegment, number});
    auto contents = read_segment(*sample.files, path_of(name), database_, number);
    EXPECT_TRUE(contents.is_ok());
    synced_through_ = std::max(synced_through_, contents->synced_through);
    segments_.emplace(name, std::move(*contents));
    whole_blocks_[name] =
        (sample.files->contents(path_of(name))->size() - kHeaderPageBytes) / kBlockBytes;
  }
}

Expectation DamageExpectations::right() const { return {Verdict::kRight, &sample_.latest()}; }
Expectation DamageExpectations::noticed(const std::string& name) const {
  return {Verdict::kNoticed, &sample_.latest(), {path_of(name)}};
}
Expectation DamageExpectations::either(const std::string& name) const {
  return {Verdict::kEither, &sample_.latest(), {path_of(name)}};
}

Expectation DamageExpectations::flipped(const std::string& name, uint64_t byte) const {
  return type_of(name) == FileType::kSegment ? flipped_segment(name, byte) : noticed(name);
}

Expectation DamageExpectations::flipped_segment(const std::string& name, uint64_t byte) const {
  if (byte < kHeaderBytes) return noticed(name);
  if (byte < kHeaderPageBytes) {
    // In the boot that wrote it, a segment without a footer must be as long as it was allocated.
    const bool in_footer = byte >= kFooterOffset && byte < kFooterOffset + kFooterBytes;
    if (stop_ == Stop::kClosed && in_footer) return noticed(name);
    // The other parts, if damaged, are not there, and replay knows less: nothing that is missed
    // where the rest is whole. What lies between the parts is not looked at.
    return right();
  }
  const Place place = place_at(segments_.at(name), byte);
  if (place.is_padding) return right();
  if (place.is_block_header) {
    if (place.is_used_block) return lost_from(name, *place.first_in_block);
    // Only the check says whether somebody has written to a block; what is less than a block at the
    // file's end is none.
    const bool in_check = (byte - kHeaderPageBytes) % kBlockBytes >= 16;
    const bool is_block = (byte - kHeaderPageBytes) / kBlockBytes < whole_blocks_.at(name);
    return in_check && is_block && !may_lose_tail() ? noticed(name) : right();
  }
  if (place.record != nullptr) return lost_from(name, place.record->first_sequence);
  if (!place.is_used_block) return right();
  // Behind a block's last record. Whether it is looked at depends on what follows; after a power
  // cut nothing is lost by it.
  return may_lose_tail() ? right() : either(name);
}

Expectation DamageExpectations::lost_from(const std::string& name, Sequence sequence) const {
  if (!may_lose_tail() || sequence <= synced_through_) return noticed(name);
  return {Verdict::kRight, &sample_.history.at(sequence - 1)};
}

Expectation DamageExpectations::truncated(const std::string& name, const std::string& file) const {
  if (type_of(name) == FileType::kManifest) return truncated_manifest(name, file);
  if (type_of(name) != FileType::kSegment || !may_lose_tail()) return noticed(name);
  if (file.size() < kHeaderPageBytes) return noticed(name);
  // Blocks that are not whole are not there.
  const uint64_t whole_blocks = (file.size() - kHeaderPageBytes) / kBlockBytes;
  std::optional<Sequence> lost;
  const SegmentContents& segment = segments_.at(name);
  for (const LoggedRecord& record : segment.records) {
    const uint64_t position = (record.offset - kHeaderPageBytes) % kBlockBytes - kBlockHeaderBytes;
    const uint64_t last_block = (record.offset - kHeaderPageBytes) / kBlockBytes +
                                (position + record_bytes(record.payload.size()) - 1) / kAreaBytes;
    if (last_block >= whole_blocks && (!lost || record.first_sequence < *lost)) {
      lost = record.first_sequence;
    }
  }
  return lost ? lost_from(name, *lost) : right();
}

// A manifest that ends within a record is one whose last edit was cut short, and one that ends
// between two records is whole (lsm/manifest_format.h). But those edits had been acted upon, so
// others' files speak against it: one that an earlier state names is gone, or a segment holds
// records that the state has never heard of. Which of them is damaged nobody can know, so that
// file's path is told.
Expectation DamageExpectations::truncated_manifest(const std::string& name,
                                                   const std::string& file) const {
  MemoryFiles files;
  EXPECT_TRUE(files.plant(path_of(name), file).is_ok());
  EXPECT_TRUE(
      files.plant(path_of("CURRENT"), *sample_.files->contents(path_of("CURRENT"))).is_ok());
  auto loaded = Manifest::load(files, kSampleDirectory);
  if (!loaded.is_ok()) return noticed(name);
  const ManifestState state = (*loaded)->state();
  if (state == manifest_) return right();
  Expectation expectation = noticed(name);
  expectation.paths.clear();
  for (const uint64_t number : state.live_segments) {
    if (!manifest_.live_segments.contains(number)) {
      expectation.paths.insert(path_of(make_file_name({FileType::kSegment, number})));
    }
  }
  for (const uint64_t number : manifest_.live_segments) {
    if (!state.live_segments.contains(number)) {
      expectation.paths.insert(path_of(make_file_name({FileType::kSegment, number})));
    }
  }
  return expectation;
}

Expectation DamageExpectations::lengthened(const std::string& name) const {
  switch (type_of(name)) {
    // Behind the last record of a manifest, fewer bytes than a length word are a record torn at its
    // beginning; behind a segment's last block lies what is no block; a lock's bytes say nothing.
    case FileType::kManifest:
    case FileType::kSegment:
    case FileType::kLock: return right();
    default: return noticed(name);
  }
}

Expectation DamageExpectations::replaced(const std::string& name) const {
  return type_of(name) == FileType::kLock ? right() : noticed(name);
}

}  // namespace skiplith::testing
