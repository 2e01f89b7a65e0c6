#include "db/rewrite.h"

#include "base/sync_points.h"
#include "db/view.h"
#include "io/file_names.h"
#include "record/batch.h"
#include "wal/lane_log.h"

namespace skiplith {
namespace {

constexpr uint64_t kRecordBytes = 64 << 10;  // a record is written when it has grown past this
constexpr uint64_t kNoLimit = uint64_t{1} << 50;

// Calls `pair` for every live pair, in order.
template <typename Pair>
Status for_each_live(const ReadPoint& point, Pair pair) {
  MergingCursor cursor(sources_of(point));
  for (cursor.first(); cursor.valid(); cursor.next()) {
    if (cursor.kind() == Kind::kPut) SKIPLITH_RETURN_IF_ERROR(pair(cursor));
  }
  return cursor.status();
}

// Writes records one after another on one lane.
class SegmentWriter {
 public:
  SegmentWriter(Segment& segment, Sequence first) : segment_(segment), next_(first), lane_(0) {}

  Status write(const Batch& batch) {
    while (!lane_.try_reserve(segment_, batch.bytes())) {
      SKIPLITH_RETURN_IF_ERROR(segment_.grow_for(batch.bytes()));
    }
    lane_.write_payload(batch.payload());
    SKIPLITH_RETURN_IF_ERROR(lane_.commit(next_, batch.count()));
    next_ += batch.count();
    return Status::ok();
  }
  Status finish() { return segment_.close_cleanly(next_ - 1, lane_.records()); }

 private:
  Segment& segment_;
  Sequence next_;
  LaneLog lane_;
};

Status write_pairs(const ReadPoint& everything, Segment& segment, Sequence first) {
  SegmentWriter writer(segment, first);
  Batch batch;
  SKIPLITH_RETURN_IF_ERROR(for_each_live(everything, [&](const Cursor& pair) -> Status {
    SKIPLITH_RETURN_IF_ERROR(batch.put(pair.key(), pair.value()));
    if (batch.bytes() < kRecordBytes) return Status::ok();
    SKIPLITH_RETURN_IF_ERROR(writer.write(batch));
    batch.reset();
    return Status::ok();
  }));
  if (!batch.empty()) SKIPLITH_RETURN_IF_ERROR(writer.write(batch));
  return writer.finish();
}

}  // namespace

Status rewrite_log(Files& files, const std::string& directory, const SegmentIdentity& identity,
                   const ReadPoint& everything, Manifest* manifest) {
  uint64_t pairs = 0;
  SKIPLITH_RETURN_IF_ERROR(for_each_live(everything, [&](const Cursor&) {
    ++pairs;
    return Status::ok();
  }));
  ManifestEdit edit;
  const auto live = manifest->state().live_segments;
  edit.removed_segments.assign(live.begin(), live.end());
  edit.base_sequence = everything.sequence - pairs;
  if (pairs != 0) {
    // Given away before the file exists: what a kill leaves of it is known to be nobody's.
    const uint64_t number = manifest->take_file_number();
    SKIPLITH_RETURN_IF_ERROR(manifest->append({}));
    const std::string path = file_path(directory, {FileType::kSegment, number});
    auto segment = Segment::create(files, path, number, identity, SinkForm::kWrite,
                                   segment_bytes_for(kRecordBytes), kNoLimit);
    if (!segment.is_ok()) return segment.take_status();
    SKIPLITH_RETURN_IF_ERROR(write_pairs(everything, **segment, *edit.base_sequence + 1));
    edit.added_segments.push_back(number);
  }
  SKIPLITH_RETURN_IF_ERROR(files.sync_directory(directory));
  SKIPLITH_SYNC_POINT(recovery_written);
  SKIPLITH_RETURN_IF_ERROR(manifest->append(edit));
  SKIPLITH_SYNC_POINT(recovery_installed);
  return Status::ok();
}

}  // namespace skiplith
