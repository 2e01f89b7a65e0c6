// What lanes write into a segment, replay finds.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <span>
#include <thread>

#include "support/segment_writing.h"

namespace skiplith {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class SegmentLog : public testing::TestWithParam<SinkForm> {};

INSTANTIATE_TEST_SUITE_P(BothForms, SegmentLog,
                         testing::Values(SinkForm::kMapped, SinkForm::kWrite),
                         [](const auto& form) {
                           return form.param == SinkForm::kMapped ? "Mapped" : "Write";
                         });

void expect_all_found(SegmentWriting& writing) {
  const Replayed replayed = replay_bytes(writing.file().bytes(), writing.files.boot);
  EXPECT_TRUE(replayed.status.is_ok()) << replayed.status.to_string();
  EXPECT_TRUE(replayed.records == writing.expected);
}

TEST_P(SegmentLog, AnEmptySegmentHoldsNothing) {
  SegmentWriting writing(GetParam());
  expect_all_found(writing);
}

TEST_P(SegmentLog, RecordsOfEverySizeComeBack) {
  SegmentWriting writing(GetParam());
  for (uint64_t size = 1; size <= 300; ++size) {
    ASSERT_TRUE(writing.put(0, some_payload(size, size), 1 + size % 3).is_ok());
  }
  expect_all_found(writing);
  EXPECT_EQ(writing.records(), 300u);
}

TEST_P(SegmentLog, RecordsAroundTheBlockSizeComeBack) {
  SegmentWriting writing(GetParam());
  const uint64_t most = kAreaBytes - kRecordHeaderBytes - kTrailerBytes;
  for (uint64_t blocks = 1; blocks <= 4; ++blocks) {
    for (int64_t off = -17; off <= 17; ++off) {
      const uint64_t size = most + (blocks - 1) * kAreaBytes + off;
      ASSERT_TRUE(writing.put(0, some_payload(size, size)).is_ok());
      ASSERT_TRUE(writing.put(1, some_payload(9, size)).is_ok());
      ASSERT_TRUE(writing.put(0, some_payload(40, size)).is_ok());
    }
  }
  expect_all_found(writing);
}

TEST_P(SegmentLog, RecordsOfManyBlocksComeBack) {
  SegmentWriting writing(GetParam());
  for (uint64_t size : {100'000u, 3u, 2'000'000u, 50u, 65'536u, 5'000'000u, 1u}) {
    ASSERT_TRUE(writing.put(0, some_payload(size, size)).is_ok());
    ASSERT_TRUE(writing.put(1, some_payload(100, size)).is_ok());
  }
  expect_all_found(writing);
}

TEST_P(SegmentLog, ThePiecesOfAPayloadMayBeSplitAnywhere) {
  SegmentWriting writing(GetParam());
  for (uint64_t size : {1u, 50u, 1024u, 1025u, 40'000u}) {
    const std::string payload = some_payload(size, size);
    for (uint64_t head : {uint64_t{0}, uint64_t{1}, size / 2, size}) {
      writing.reserve(0, size);
      writing.logs[0]->write_payload(Bytes(payload).substr(0, head), Bytes(payload).substr(head));
      ASSERT_TRUE(writing.logs[0]->commit(writing.next, 1).is_ok());
      writing.expected.push_back({writing.next++, 1, payload});
    }
  }
  expect_all_found(writing);
}

TEST_P(SegmentLog, LanesWriteAtOnce) {
  constexpr uint32_t kLanes = 4;
  constexpr uint64_t kPuts = 2000;
  SegmentWriting writing(GetParam(), uint64_t{32} << 20, uint64_t{64} << 20, kLanes);
  std::atomic<Sequence> next{1};
  std::vector<std::vector<Expected>> expected(kLanes);
  std::vector<std::thread> threads;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    threads.emplace_back([&, lane] {
      for (uint64_t i = 0; i < kPuts; ++i) {
        const std::string payload =
            some_payload(i % 400 == 7 ? 70'000 : 1 + i % 200, lane * kPuts + i);
        SKIPLITH_CHECK(writing.logs[lane]->try_reserve(*writing.segment, payload.size()));
        writing.logs[lane]->write_payload(payload);
        const uint32_t count = 1 + i % 5;
        const Sequence first = next.fetch_add(count);
        SKIPLITH_CHECK(writing.logs[lane]->commit(first, count).is_ok());
        expected[lane].push_back({first, count, payload});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto& lane : expected) {
    writing.expected.insert(writing.expected.end(), lane.begin(), lane.end());
  }
  std::ranges::sort(writing.expected, {}, &Expected::first);
  expect_all_found(writing);
}

TEST_P(SegmentLog, AnAbandonedPayloadLeavesNothing) {
  SegmentWriting writing(GetParam());
  ASSERT_TRUE(writing.put(0, some_payload(100, 1)).is_ok());
  for (uint64_t size : {500u, 31'000u, 40'000u, 100'000u, 32'000u}) {
    writing.begin(0, some_payload(size, size));
    writing.logs[0]->abandon();
    expect_all_found(writing);
    ASSERT_TRUE(writing.put(0, some_payload(17, size)).is_ok());
    expect_all_found(writing);
  }
}

TEST_P(SegmentLog, ALaneMayAbandonItsFirstPayload) {
  for (uint64_t size : {10u, 40'000u}) {
    SegmentWriting writing(GetParam());
    writing.begin(0, some_payload(size, 1));
    writing.logs[0]->abandon();
    expect_all_found(writing);
    ASSERT_TRUE(writing.put(0, some_payload(80'000, 2)).is_ok());
    ASSERT_TRUE(writing.put(0, some_payload(8, 3)).is_ok());
    expect_all_found(writing);
  }
}

TEST_P(SegmentLog, AnUnusedReservationCostsNothing) {
  SegmentWriting writing(GetParam());
  writing.reserve(0, 100'000);
  const uint64_t used = writing.segment->used_bytes();
  for (int i = 0; i < 100; ++i) {
    writing.reserve(0, 100'000);
    ASSERT_TRUE(writing.put(0, some_payload(900, i)).is_ok());
  }
  EXPECT_LE(writing.segment->used_bytes(), used + 3 * 4 * kBlockBytes);
  expect_all_found(writing);
}

TEST_P(SegmentLog, AFullSegmentSaysSoAndGrows) {
  SegmentWriting writing(GetParam(), segment_bytes_for(0), uint64_t{8} << 20);
  while (writing.logs[0]->try_reserve(*writing.segment, 1000)) {
    ASSERT_TRUE(writing.put(0, some_payload(1000, 1)).is_ok());
  }
  EXPECT_TRUE(writing.segment->wants_growth());
  while (*writing.segment->grow_ahead()) continue;
  EXPECT_EQ(writing.segment->capacity(), 2 * kMiB);
  ASSERT_TRUE(writing.put(0, some_payload(3'000'000, 2)).is_ok());
  EXPECT_GE(writing.segment->capacity(), 3 * kMiB);
  while (*writing.segment->grow_ahead()) continue;
  const uint64_t capacity = writing.segment->capacity();
  EXPECT_GE(capacity, 6 * kMiB);  // as much again
  EXPECT_LE(capacity, 7 * kMiB);
  expect_all_found(writing);
  EXPECT_EQ(writing.segment->grow_for(8'000'000).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(writing.segment->capacity(), capacity);
}

TEST_P(SegmentLog, GrowsAheadAMiBAtATimeUntilThereIsAsMuchRoomAsWasUsed) {
  SegmentWriting writing(GetParam(), kMiB, 64 * kMiB);
  Segment& segment = *writing.segment;
  for (uint64_t block; segment.try_take_blocks(1, &block);) {
    if (!segment.wants_growth()) continue;
    const uint64_t used = segment.used_bytes(), wanted = std::clamp(used, kMiB, 8 * kMiB);
    EXPECT_LE(segment.capacity() - used, wanted / 2);
    for (uint64_t before = segment.capacity(); *segment.grow_ahead(); before += kMiB) {
      EXPECT_EQ(segment.capacity(), before + kMiB);
    }
    const uint64_t left = segment.capacity() - used;
    EXPECT_TRUE(left >= wanted || segment.capacity() == 64 * kMiB);
    EXPECT_LT(left, wanted + kMiB);
  }
  EXPECT_EQ(segment.capacity(), 64 * kMiB);
}

TEST(MappedSegmentLog, RunsThatGoOutByCallsWholeOrInPartAreTheBytesOfStores) {
  const auto written = [](size_t pieces_taken) {
    SegmentWriting writing(SinkForm::kMapped);
    writing.file().pieces_taken = pieces_taken;
    const uint64_t most = kAreaBytes - kRecordHeaderBytes - kTrailerBytes;
    for (uint64_t size : {40'000u, 7u, 100'000u, 3'000'000u, 31'000u, 50'000u}) {
      EXPECT_TRUE(writing.put(size % 3, some_payload(size, size)).is_ok());
    }
    for (uint64_t size = most + kAreaBytes - 17; size <= most + kAreaBytes + 17; ++size) {
      EXPECT_TRUE(writing.put(0, some_payload(size, size)).is_ok());
    }
    writing.begin(1, some_payload(70'000, 1));
    writing.logs[1]->abandon();
    EXPECT_TRUE(writing.put(1, some_payload(50, 1)).is_ok());
    expect_all_found(writing);
    const auto& events = writing.file().events;
    const auto is_call = [](const std::string& event) { return event.starts_with("call "); };
    EXPECT_GE(std::count_if(events.begin(), events.end(), is_call), 40);
    return writing.file().bytes();
  };
  const std::string stored = written(0);
  EXPECT_TRUE(written(SegmentFile::kMostPieces) == stored);
  for (size_t pieces : {1u, 2u, 5u}) EXPECT_TRUE(written(pieces) == stored);
}

TEST(MappedSegmentLog, PagesAreMadeAheadAMiBAtATimeBehindWhatIsTaken) {
  SegmentWriting writing(SinkForm::kMapped, 4 * kMiB);
  Segment& segment = *writing.segment;
  EXPECT_TRUE(segment.wants_populating());
  while (segment.populate_ahead()) continue;
  EXPECT_FALSE(segment.wants_populating());
  const std::vector<std::string> first = {"populate 4096 1048576", "populate 1048576 2097152"};
  EXPECT_TRUE(std::ranges::equal(first, std::span(writing.file().events).last(2)));
  uint64_t block = 0;
  ASSERT_TRUE(segment.try_take_blocks(2 * kMiB / kBlockBytes, &block));
  EXPECT_TRUE(segment.wants_populating());
  EXPECT_TRUE(segment.populate_ahead());
  EXPECT_EQ(writing.file().events.back(), "populate 2101248 3145728");
}

TEST(MappedSegmentLog, PagesGoBehindWhatIsTakenManyAtOnce) {
  SegmentWriting writing(SinkForm::kMapped, 64 * kMiB);
  const auto released = [&] {
    while (writing.segment->populate_ahead()) continue;
    std::vector<std::string> found;
    for (const std::string& event : writing.file().events) {
      if (event.starts_with("release ")) found.push_back(event);
    }
    return found;
  };
  const auto take = [&](uint64_t bytes) {
    uint64_t block = 0;
    while (!writing.segment->try_take_blocks(bytes / kBlockBytes, &block)) {
      EXPECT_TRUE(writing.segment->grow_ahead().is_ok());
    }
  };
  take(16 * kMiB);
  EXPECT_TRUE(released().empty());
  take(kMiB);
  const std::string first = "release 4096 16781312", second = "release 16781312 37752832";
  EXPECT_EQ(released(), std::vector{first});
  take(5 * kMiB);
  EXPECT_EQ(released(), std::vector{first});
  take(15 * kMiB);
  EXPECT_EQ(released(), (std::vector{first, second}));
}

TEST(MappedSegmentLog, NoPagesAreMadeAheadOfRunsThatHaveOvertakenThem) {
  SegmentWriting writing(SinkForm::kMapped, 8 * kMiB);
  while (writing.segment->populate_ahead()) continue;
  const auto put = [&](uint64_t size) {
    ASSERT_TRUE(writing.put(0, some_payload(size, size)).is_ok());
  };
  const auto last_is_call = [&] { return writing.file().events.back().starts_with("call "); };
  put(1'000'000);  // has pages
  EXPECT_FALSE(last_is_call());
  put(2'000'000);  // has some
  for (int run = 1; run <= 4; ++run) {
    EXPECT_TRUE(writing.segment->wants_populating());
    put(800'000);
    EXPECT_TRUE(last_is_call());
  }
  EXPECT_FALSE(writing.segment->wants_populating());
  for (int i = 0; i < 3; ++i) put(20'000);
  EXPECT_TRUE(writing.segment->wants_populating());
}

TEST_P(SegmentLog, ALaneMovesToAnotherSegment) {
  SegmentWriting first(GetParam());
  ASSERT_TRUE(first.put(0, some_payload(1000, 1)).is_ok());
  SegmentWriting second(GetParam());
  second.logs[0] = std::move(first.logs[0]);
  second.logs[0]->reset();
  EXPECT_EQ(second.records(), 0u);
  ASSERT_TRUE(second.put(0, some_payload(1000, 2)).is_ok());
  expect_all_found(first);
  expect_all_found(second);
}

TEST_P(SegmentLog, RealFilesHoldTheSame) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() /
      ("skiplith_segment_" + std::to_string(posix_files().random64()));
  std::filesystem::create_directory(directory);
  const std::string path = directory / "segment";
  const SegmentIdentity identity{kTestDatabase, posix_files().boot_id()};
  auto segment = Segment::create(posix_files(), path, 3, identity, GetParam(), segment_bytes_for(0),
                                 uint64_t{64} << 20);
  ASSERT_TRUE(segment.is_ok()) << segment.status().to_string();
  LaneLog log(0);
  std::vector<Expected> expected;
  for (uint64_t size : {10u, 100'000u, 20u, 300'000u}) {
    while (!log.try_reserve(**segment, size)) ASSERT_TRUE((*segment)->grow_for(size).is_ok());
    expected.push_back({expected.size() + 1, 1, some_payload(size, size)});
    log.write_payload(expected.back().payload);
    ASSERT_TRUE(log.commit(expected.back().first, 1).is_ok());
  }
  for (const bool closed : {false, true}) {
    if (closed) {
      ASSERT_TRUE((*segment)->close_cleanly(expected.size(), log.records()).is_ok());
    }
    std::vector<SegmentContents> segments;
    auto contents = read_segment(posix_files(), path, kTestDatabase, 3);
    ASSERT_TRUE(contents.is_ok()) << contents.status().to_string();
    segments.push_back(std::move(*contents));
    auto plan = plan_replay(segments, 0, posix_files().boot_id());
    ASSERT_TRUE(plan.is_ok()) << plan.status().to_string();
    EXPECT_TRUE(found_in(plan->records) == expected);
    EXPECT_EQ(plan->clean, closed);
  }
  EXPECT_EQ(std::filesystem::file_size(path), (*segment)->used_bytes());
  segment->reset();
  std::filesystem::remove_all(directory);
}

TEST(SegmentLogWriteForm, ARecordIsOneWriteOfItsOwnBytes) {
  SegmentWriting writing(SinkForm::kWrite);
  ASSERT_TRUE(writing.put(0, some_payload(100, 1)).is_ok());
  writing.file().events.clear();
  ASSERT_TRUE(writing.put(0, some_payload(100, 1)).is_ok());
  ASSERT_TRUE(writing.put(0, some_payload(40'000, 1)).is_ok());
  const uint64_t record = kHeaderPageBytes + kBlockHeaderBytes + record_bytes(100);
  const uint64_t run = kHeaderPageBytes + kBlockBytes;
  EXPECT_EQ(writing.file().events,
            (std::vector<std::string>{
                "write " + std::to_string(record) + " " + std::to_string(record_bytes(100)),
                "write " + std::to_string(run) + " " +
                    std::to_string(record_bytes(40'000) + 2 * kBlockHeaderBytes)}));
}

TEST(SegmentLogWriteForm, NothingIsWrittenAfterAFailedWrite) {
  for (int writes = 0; writes < 4; ++writes) {  // the first is the block that names the lane
    SegmentWriting writing(SinkForm::kWrite);
    writing.file().writes_until_failure = writes;
    Status status;
    while (status.is_ok()) status = writing.put(0, some_payload(100, 1));
    const std::string bytes = writing.file().bytes();
    EXPECT_EQ(status.code(), StatusCode::kStorage);
    EXPECT_EQ(status.path(), kTestPath);
    EXPECT_EQ(writing.records(), static_cast<uint64_t>(std::max(0, writes - 1)));
    writing.file().writes_until_failure = -1;
    EXPECT_EQ(writing.put(0, some_payload(100, 2)).code(), StatusCode::kStorage);
    EXPECT_TRUE(writing.file().bytes() == bytes);
  }
}

}  // namespace
}  // namespace skiplith
