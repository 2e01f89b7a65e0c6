#include "wal/replay.h"

#include <algorithm>
#include <utility>

namespace skiplith {
namespace {

Status corrupted(const SegmentContents& segment, uint64_t offset, const std::string& what) {
  return Status::corruption(segment.path, offset, what);
}

// What a segment says about a range of sequences: a record, or one that was in flight.
struct Claim {
  Sequence first = 0;
  Sequence last = 0;
  const SegmentContents* segment = nullptr;
  const LoggedRecord* record = nullptr;  // nullptr: in flight
};

class Planner {
 public:
  Planner(const std::vector<SegmentContents>& segments, Sequence base, const BootId& current)
      : segments_(segments), current_(current), last_(base), claimed_(base) {
    plan_.clean = true;
    plan_.last_sequence = base;
  }

  Result<ReplayPlan> plan() {
    for (const SegmentContents& segment : segments_) {
      SKIPLITH_RETURN_IF_ERROR(check_alone(segment));
      if (!segment.lanes.empty()) active_ = &segment;
      if (!segment.footer) plan_.clean = false;
    }
    size_t records = 0;
    for (const SegmentContents& segment : segments_) records += segment.records.size();
    plan_.records.reserve(records);
    for (const SegmentContents& segment : segments_) {
      SKIPLITH_RETURN_IF_ERROR(take_all(segment));
      if (!segment.footer && !is_of_this_boot(segment)) other_boot_before_ = true;
    }
    if (last_ < required_through_) return missing();
    return std::move(plan_);
  }

 private:
  bool is_of_this_boot(const SegmentContents& segment) const {
    return segment.boot.same_as(current_);
  }

  // What one segment alone tells, and the sequences that it says must be there.
  Status check_alone(const SegmentContents& segment) {
    require(segment, segment.synced_through, kSyncedThroughOffset);
    if (segment.footer) require(segment, segment.footer->last_sequence, kFooterOffset);
    if (!segment.footer && !is_of_this_boot(segment)) return Status::ok();
    if (segment.damage) {
      return corrupted(segment, segment.damage->offset, segment.damage->what);
    }
    if (!segment.footer) return Status::ok();
    const Sequence last = segment.records.empty() ? 0 : segment.records.back().last_sequence();
    if (segment.records.size() != segment.footer->records || last > segment.footer->last_sequence) {
      return corrupted(segment, kFooterOffset,
                       "the segment was closed with other records than it has");
    }
    return Status::ok();
  }

  void require(const SegmentContents& segment, Sequence through, uint64_t offset) {
    if (through <= required_through_) return;
    required_through_ = through;
    required_by_ = &segment;
    required_at_ = offset;
  }

  // Its records and what was in flight, by sequences.
  Status take_all(const SegmentContents& segment) {
    const std::vector<Claim> in_flight = in_flight_of(segment);
    auto next = in_flight.begin();
    for (const LoggedRecord& record : segment.records) {
      for (; next != in_flight.end() && next->first < record.first_sequence; ++next) {
        SKIPLITH_RETURN_IF_ERROR(take(*next));
      }
      SKIPLITH_RETURN_IF_ERROR(
          take({record.first_sequence, record.last_sequence(), &segment, &record}));
    }
    for (; next != in_flight.end(); ++next) SKIPLITH_RETURN_IF_ERROR(take(*next));
    return Status::ok();
  }

  std::vector<Claim> in_flight_of(const SegmentContents& segment) const {
    std::vector<Claim> claims;
    if (!segment.footer && !is_of_this_boot(segment)) return claims;
    for (const LaneTail& lane : segment.lanes) {
      if (lane.in_flight_count == 0) continue;
      const Sequence last = lane.in_flight_first + lane.in_flight_count - 1;
      claims.push_back({lane.in_flight_first, last, &segment, nullptr});
    }
    std::ranges::sort(claims, {}, &Claim::first);
    return claims;
  }

  // Claims come in order of segments, and of sequences within a segment.
  Status take(const Claim& claim) {
    const SegmentContents& segment = *claim.segment;
    const uint64_t offset = claim.record != nullptr ? claim.record->offset : 0;
    if (claim.first <= claimed_) {
      return corrupted(segment, offset, "a sequence is there twice, or out of order");
    }
    claimed_ = claim.last;
    if (!cut_ && claim.first > last_ + 1) SKIPLITH_RETURN_IF_ERROR(meet_gap(segment));
    if (cut_) {
      if (segment.footer || is_of_this_boot(segment)) return missing_before(segment);
      ++plan_.dropped_records;
      plan_.dropped_bytes += claim.record->payload.size();
      return Status::ok();
    }
    if (claim.record == nullptr) {
      if (claim.first <= required_through_) return missing();
      if (&segment != active_ || segment.footer) return missing_before(segment);
    } else {
      plan_.records.push_back(*claim.record);
      plan_.last_sequence = claim.last;
    }
    last_ = claim.last;
    return Status::ok();
  }

  // Sequences are missing from last_ + 1 up to a claim of `segment`.
  Status meet_gap(const SegmentContents& segment) {
    if (last_ < required_through_) return missing();
    if (is_of_this_boot(segment)) {
      if (&segment == active_ && !other_boot_before_ && a_lane_explains_gap()) return Status::ok();
      return missing_before(segment);
    }
    cut_ = true;
    return Status::ok();
  }

  // Gaps come in ascending order, and a lane that explains one explains every later one as well:
  // so it is enough to count.
  bool a_lane_explains_gap() {
    const auto may_explain = [this](const LaneTail& lane) {
      return lane.in_flight_count == 0 && lane.last_sequence <= last_;
    };
    return std::ranges::count_if(active_->lanes, may_explain) >= ++gaps_;
  }

  Status missing() const {
    const std::string what = "sequence " + std::to_string(last_ + 1) + " is missing, and " +
                             std::to_string(required_through_) + " was durable";
    if (const SegmentContents* damaged = damaged_around(last_ + 1)) {
      return corrupted(*damaged, damaged->damage->offset, damaged->damage->what + ": " + what);
    }
    return corrupted(*required_by_, required_at_, what);
  }
  // The oldest damaged segment that can have had this missing sequence: no older one has a later
  // sequence, no newer one an earlier.
  const SegmentContents* damaged_around(Sequence missing) const {
    const SegmentContents* found = nullptr;
    for (const SegmentContents& segment : segments_) {
      const auto& records = segment.records;
      if (!records.empty() && records.front().first_sequence < missing) found = nullptr;
      if (found == nullptr && segment.damage) found = &segment;
      if (!records.empty() && records.back().last_sequence() > missing) break;
    }
    return found;
  }
  Status missing_before(const SegmentContents& segment) const {
    return corrupted(
        segment, 0,
        "sequence " + std::to_string(last_ + 1) + " is missing, and nothing explains it");
  }

  const std::vector<SegmentContents>& segments_;
  const BootId& current_;
  ReplayPlan plan_;
  const SegmentContents* active_ = nullptr;  // the last that was written to
  Sequence required_through_ = 0;
  const SegmentContents* required_by_ = nullptr;
  uint64_t required_at_ = 0;
  Sequence last_;                   // dense, or explained, up to here
  Sequence claimed_;                // the last sequence met, dropped ones included
  bool cut_ = false;                // a dead machine has left a gap
  bool other_boot_before_ = false;  // an unclean segment of another boot lies before
  std::ptrdiff_t gaps_ = 0;
};

}  // namespace

Result<ReplayPlan> plan_replay(const std::vector<SegmentContents>& segments, Sequence base_sequence,
                               const BootId& current) {
  return Planner(segments, base_sequence, current).plan();
}

}  // namespace skiplith
