#include "wal/segment_contents.h"

#include <algorithm>
#include <map>
#include <utility>

#include "wal/run_reader.h"

namespace skiplith {
namespace {

Status read_exactly(const ReadableFile& file, uint64_t offset, char* buffer, size_t size) {
  Result<size_t> got = file.read(offset, buffer, size);
  if (!got.is_ok()) return got.take_status();
  if (*got == size) return Status::ok();
  return Status::corruption(file.path(), offset + *got, "the segment ends early");
}

Status read_header_page(const ReadableFile& file, const DatabaseId& database, uint64_t number,
                        char* page, SegmentHeader* header) {
  SKIPLITH_RETURN_IF_ERROR(read_exactly(file, 0, page, kHeaderPageBytes));
  if (!decode_segment_header(page, header)) {
    return Status::corruption(file.path(), 0, "this is not the header of a segment");
  }
  if (header->version != kSegmentVersion || header->flags != 0) {
    return Status::at_path(StatusCode::kFormat, file.path(),
                           "a segment of a format that is unknown here");
  }
  if (header->identity.database != database) {
    return Status::corruption(file.path(), 0, "the segment belongs to another database");
  }
  if (header->number != number) {
    return Status::corruption(file.path(), 0, "the segment's number is not the expected one");
  }
  return Status::ok();
}

// The facts of the header page, and whether the file is as long as they say.
void note_header_page(const char* page, const SegmentHeader& header, uint64_t file_bytes,
                      SegmentContents* contents) {
  contents->number = header.number;
  contents->boot = header.identity.boot;
  if (decode_unsynced(page + kUnsyncedOffset, header.nonce)) contents->boot = BootId();
  decode_synced_through(page + kSyncedThroughOffset, header.nonce, &contents->synced_through);
  Footer footer;
  uint64_t expected_bytes = 0;
  if (decode_footer(page + kFooterOffset, header.nonce, &footer)) {
    contents->footer = footer;
    expected_bytes = footer.end_offset;
  } else {
    decode_allocated(page + kAllocatedOffset, header.nonce, &expected_bytes);
  }
  if (file_bytes < expected_bytes) {
    contents->damage = Damage{file_bytes, "the segment has lost its end"};
  }
}

// Finds the runs of all lanes by the headers of the blocks.
class RunFinder {
 public:
  RunFinder(const ReadableFile& file, uint64_t nonce, SegmentContents* contents)
      : file_(file), nonce_(nonce), contents_(contents) {}

  Status find(uint64_t file_bytes) {
    for (uint64_t at = kHeaderPageBytes; at + kBlockBytes <= file_bytes; at += kBlockBytes) {
      char bytes[kBlockHeaderBytes];
      SKIPLITH_RETURN_IF_ERROR(read_exactly(file_, at, bytes, sizeof bytes));
      BlockHeader header;
      const BlockState state = load_block_header(bytes, nonce_, at, &header);
      if (state == BlockState::kUntouched && previous_ != nullptr) {
        previous_->before_untouched = true;
      }
      Run* const previous = std::exchange(previous_, nullptr);
      if (state == BlockState::kValid) {
        add(header, at, previous);
      } else if (state == BlockState::kInvalid) {
        note_damage(contents_, at, "a block's header is damaged");
      }
    }
    return Status::ok();
  }

  // Each lane's runs in the order in which it wrote them.
  std::map<uint32_t, std::vector<Run>>& ordered() {
    for (auto& [lane, runs] : lanes_) {
      std::ranges::sort(runs, {}, &Run::ordinal);
      uint64_t expected = 0;
      for (const Run& run : runs) {
        if (run.ordinal != expected) {
          note_damage(contents_, run.offset, "a block is missing or there twice");
        }
        expected = run.ordinal + run.blocks;
      }
    }
    return lanes_;
  }

 private:
  void add(const BlockHeader& header, uint64_t offset, Run* previous) {
    if (header.continuation == 0) {
      std::vector<Run>& runs = lanes_[header.lane];
      runs.push_back({.lane = header.lane, .offset = offset, .ordinal = header.ordinal});
      previous_ = &runs.back();
    } else if (previous != nullptr && previous->lane == header.lane &&
               previous->blocks == header.continuation &&
               previous->ordinal + previous->blocks == header.ordinal) {
      ++previous->blocks;
      previous_ = previous;
    } else {
      note_damage(contents_, offset, "a block continues what is not before it");
    }
  }

  const ReadableFile& file_;
  const uint64_t nonce_;
  SegmentContents* const contents_;
  std::map<uint32_t, std::vector<Run>> lanes_;
  Run* previous_ = nullptr;  // the run that the block before belongs to
};

Status read_lane(const ReadableFile& file, uint64_t nonce, const std::vector<Run>& runs,
                 SegmentContents* contents) {
  RunReader reader(nonce, runs.front().lane, contents);
  uint64_t blocks = 0;
  for (const Run& run : runs) blocks += run.blocks;
  contents->memory.push_back(std::make_unique<AddressRange>(blocks * kAreaBytes));
  char* to = contents->memory.back()->base();
  for (const Run& run : runs) {
    char* const stream = to;
    for (uint64_t i = 0; i < run.blocks; ++i, to += kAreaBytes) {
      const uint64_t area = run.offset + i * kBlockBytes + kBlockHeaderBytes;
      SKIPLITH_RETURN_IF_ERROR(read_exactly(file, area, to, kAreaBytes));
    }
    reader.read(run, stream);
  }
  contents->lanes.push_back(reader.tail());
  return Status::ok();
}

}  // namespace

Result<SegmentContents> read_segment(Files& files, const std::string& path,
                                     const DatabaseId& database, uint64_t number) {
  Result<std::unique_ptr<ReadableFile>> opened = files.open_readable(path);
  if (!opened.is_ok()) return opened.take_status();
  const ReadableFile& file = **opened;
  Result<uint64_t> file_bytes = file.size();
  if (!file_bytes.is_ok()) return file_bytes.take_status();

  SegmentContents contents;
  contents.path = path;
  SegmentHeader header;
  char page[kHeaderPageBytes];
  SKIPLITH_RETURN_IF_ERROR(read_header_page(file, database, number, page, &header));
  note_header_page(page, header, *file_bytes, &contents);

  RunFinder finder(file, header.nonce, &contents);
  SKIPLITH_RETURN_IF_ERROR(finder.find(*file_bytes));
  for (const auto& [lane, runs] : finder.ordered()) {
    SKIPLITH_RETURN_IF_ERROR(read_lane(file, header.nonce, runs, &contents));
  }
  if (!std::ranges::is_sorted(contents.records, {}, &LoggedRecord::first_sequence)) {
    std::ranges::sort(contents.records, {}, &LoggedRecord::first_sequence);
  }
  return contents;
}

}  // namespace skiplith
