// Writing segments in a few words, and saying what replay should find in them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/segment_files.h"
#include "wal/lane_log.h"
#include "wal/replay.h"

namespace skiplith {

inline constexpr DatabaseId kTestDatabase{{11, 12}};
inline constexpr const char* kTestPath = "db/000001.log";

// What a segment should hold, and what replay says it holds.
struct Expected {
  Sequence first = 0;
  uint32_t count = 0;
  std::string payload;
  bool operator==(const Expected&) const = default;
};

inline std::vector<Expected> found_in(const std::vector<LoggedRecord>& records) {
  std::vector<Expected> found;
  for (const LoggedRecord& record : records) {
    found.push_back({record.first_sequence, record.count, std::string(record.payload)});
  }
  return found;
}

// One segment with lanes; sequences are handed out in the order of the writes.
class SegmentWriting {
 public:
  explicit SegmentWriting(SinkForm form, uint64_t capacity = uint64_t{1} << 20,
                          uint64_t reserved = uint64_t{64} << 20, uint32_t lanes = 4) {
    auto created =
        Segment::create(files, kTestPath, 1, {kTestDatabase, files.boot}, form, capacity, reserved);
    SKIPLITH_CHECK(created.is_ok());
    segment = std::move(*created);
    for (uint32_t lane = 0; lane < lanes; ++lane) logs.push_back(std::make_unique<LaneLog>(lane));
  }

  void reserve(uint32_t lane, uint64_t payload_bytes) {
    while (!logs[lane]->try_reserve(*segment, payload_bytes)) {
      const Status grown = segment->grow_for(payload_bytes);
      SKIPLITH_CHECK(grown.is_ok());
    }
  }
  // Everything but the commit.
  void begin(uint32_t lane, const std::string& payload) {
    reserve(lane, payload.size());
    const size_t head = payload.size() / 3;
    logs[lane]->write_payload(Bytes(payload).substr(0, head), Bytes(payload).substr(head));
  }
  Status put(uint32_t lane, const std::string& payload, uint32_t count = 1) {
    begin(lane, payload);
    Status committed = logs[lane]->commit(next, count);
    if (committed.is_ok()) expected.push_back({next, count, payload});
    next += count;
    return committed;
  }
  uint64_t records() const {
    uint64_t sum = 0;
    for (const auto& log : logs) sum += log->records();
    return sum;
  }
  MemoryFile& file() { return *files.written.at(kTestPath); }
  Result<SegmentContents> read() { return read_segment(files, kTestPath, kTestDatabase, 1); }

  SegmentFiles files;
  std::unique_ptr<Segment> segment;
  std::vector<std::unique_ptr<LaneLog>> logs;
  std::vector<Expected> expected;
  Sequence next = 1;
};

// Replays one segment with these bytes after `base`.
struct Replayed {
  Status status;
  std::vector<Expected> records;
  bool clean = false;
  uint64_t dropped_records = 0;
};

inline Replayed replay_bytes(Bytes bytes, const BootId& current, Sequence base = 0) {
  SegmentFiles files;
  files.replaced[kTestPath] = bytes;
  Result<SegmentContents> contents = read_segment(files, kTestPath, kTestDatabase, 1);
  if (!contents.is_ok()) return {.status = contents.take_status(), .records = {}};
  std::vector<SegmentContents> segments;
  segments.push_back(std::move(*contents));
  Result<ReplayPlan> plan = plan_replay(segments, base, current);
  if (!plan.is_ok()) return {.status = plan.take_status(), .records = {}};
  return {.status = Status::ok(),
          .records = found_in(plan->records),
          .clean = plan->clean,
          .dropped_records = plan->dropped_records};
}

// `size` bytes that tell where they came from.
inline std::string some_payload(uint64_t size, uint64_t salt) {
  std::string payload(size, '\0');
  uint64_t state = salt * 0x9e3779b97f4a7c15u + 1;
  for (char& byte : payload) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return payload;
}

}  // namespace skiplith
