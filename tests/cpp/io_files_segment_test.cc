// What every kind of files promises of segments, in both forms.
#include <atomic>
#include <thread>
#include <tuple>

#include "support/any_files.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kStride = 256 << 10;

class SegmentFileTest : public ::testing::TestWithParam<std::tuple<FilesKind, SinkForm>> {
 protected:
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }
  static SinkForm form() { return std::get<1>(GetParam()); }

  std::unique_ptr<SegmentFile> create(uint64_t capacity, uint64_t reserved) {
    auto segment = files_.create_segment(path_, form(), capacity, reserved);
    expect_ok(segment.status());
    return std::move(*segment);
  }
  static void put(SegmentFile& segment, uint64_t offset, Bytes bytes) {
    if (segment.form() == SinkForm::kMapped) {
      std::memcpy(segment.mapped() + offset, bytes.data(), bytes.size());
    } else {
      expect_ok(segment.write(offset, bytes));
    }
  }
  std::string contents() { return place_.read("000001.log"); }

  AnyFiles place_{std::get<0>(GetParam())};
  Files& files_ = place_.files();
  const std::string path_ = place_.path("000001.log");
};

INSTANTIATE_TEST_SUITE_P(Kinds, SegmentFileTest,
                         ::testing::Combine(::testing::Values(FilesKind::kPosix,
                                                              FilesKind::kMemory),
                                            ::testing::Values(SinkForm::kMapped, SinkForm::kWrite)),
                         [](const auto& kind) {
                           return name_of(std::get<0>(kind.param)) +
                                  (std::get<1>(kind.param) == SinkForm::kMapped ? "Mapped"
                                                                                : "Write");
                         });

TEST_P(SegmentFileTest, ANewSegmentIsZero) {
  auto segment = create(kMiB, 64 * kMiB);
  EXPECT_EQ(segment->form(), form());
  EXPECT_EQ(segment->capacity(), kMiB);
  EXPECT_EQ(segment->reserved(), 64 * kMiB);
  EXPECT_EQ(segment->path(), path_);
  EXPECT_EQ(segment->mapped() != nullptr, form() == SinkForm::kMapped);
  EXPECT_EQ(contents(), std::string(kMiB, '\0'));
}

TEST_P(SegmentFileTest, GrowingKeepsContentsAndAddress) {
  auto segment = create(4096, 64 * kMiB);
  const char* const mapped = segment->mapped();
  put(*segment, 100, "before");
  expect_ok(segment->grow(9 * kMiB + 512));
  EXPECT_EQ(segment->capacity(), 9 * kMiB + 512);
  EXPECT_EQ(segment->mapped(), mapped);
  put(*segment, 9 * kMiB, "after");
  expect_ok(segment->sync());
  expect_ok(segment->grow(4096));  // there already
  EXPECT_EQ(segment->capacity(), 9 * kMiB + 512);
  const std::string found = contents();
  EXPECT_EQ(found.size(), 9 * kMiB + 512);
  EXPECT_EQ(found.substr(100, 6), "before");
  EXPECT_EQ(found.substr(9 * kMiB, 5), "after");
}

TEST_P(SegmentFileTest, WritersAndSyncsRunBesideGrowth) {
  auto segment = create(kMiB, 8 * kMiB);
  std::atomic<bool> grown{false};
  std::vector<std::thread> threads;
  for (uint64_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      // Each its own places, up to whatever the capacity is.
      uint64_t offset = writer * 64;
      for (;;) {
        const bool last = grown.load();
        for (const uint64_t end = segment->capacity(); offset < end; offset += kStride) {
          put(*segment, offset, writer == 0 ? "first" : "second");
        }
        if (last) return;
      }
    });
  }
  threads.emplace_back([&] {
    while (!grown.load()) expect_ok(segment->sync());
  });
  for (uint64_t capacity = 2 * kMiB; capacity <= 8 * kMiB; capacity *= 2) {
    expect_ok(segment->grow(capacity));
  }
  grown.store(true);
  for (std::thread& thread : threads) thread.join();
  const std::string found = contents();
  for (uint64_t offset = 0; offset < 8 * kMiB; offset += kStride) {
    ASSERT_EQ(found.substr(offset, 5), "first");
    ASSERT_EQ(found.substr(offset + 64, 6), "second");
  }
}

TEST_P(SegmentFileTest, PopulatingChangesNothing) {
  auto segment = create(kMiB, 8 * kMiB);
  put(*segment, 5000, "stored");
  segment->populate(4096, kMiB);
  segment->populate(1, 4097);
  EXPECT_EQ(contents().substr(5000, 6), "stored");
  EXPECT_EQ(contents().size(), kMiB);
}

TEST_P(SegmentFileTest, ReleasingChangesNothing) {
  auto segment = create(kMiB, 8 * kMiB);
  put(*segment, 5000, "stored");
  segment->release(4096, kMiB);
  segment->release(1, 2);
  put(*segment, 5006, " twice");
  segment->release(0, kMiB);
  EXPECT_EQ(contents().substr(5000, 12), "stored twice");
  EXPECT_EQ(contents().size(), kMiB);
}

TEST_P(SegmentFileTest, WhatGoesOutByACallIsWhatIsMapped) {
  if (form() == SinkForm::kWrite) return;
  auto segment = create(kMiB, 8 * kMiB);
  put(*segment, 40'000, "stored");
  const std::string first(3000, 'a'), second(9000, 'b');
  const std::vector<Bytes> pieces = {first, "", second};
  if (!segment->write_beside_stores(28'000, pieces)) return;  // a kind that has no such call
  EXPECT_EQ(Bytes(segment->mapped() + 28'000, 12'000), first + second);
  EXPECT_EQ(contents().substr(28'000, 12'006), first + second + "stored");
}

TEST_P(SegmentFileTest, FinishingCutsTheFile) {
  auto segment = create(kMiB, 4 * kMiB);
  put(*segment, 5000, "end");
  expect_ok(segment->sync());
  expect_ok(segment->finish(5003));
  EXPECT_EQ(segment->mapped(), nullptr);
  segment.reset();
  EXPECT_EQ(contents(), std::string(5000, '\0') + "end");
}

TEST_P(SegmentFileTest, StoresOutliveTheSegmentWithoutASync) {
  auto segment = create(kMiB, 4 * kMiB);
  put(*segment, kMiB - 4, "last");
  segment.reset();
  EXPECT_EQ(contents(), std::string(kMiB - 4, '\0') + "last");
}

TEST_P(SegmentFileTest, ARemovedSegmentTakesStoresUntilItIsGone) {
  auto segment = create(4096, 8192);
  expect_ok(files_.remove(path_));
  put(*segment, 0, "x");
  expect_ok(segment->grow(8192));
  put(*segment, 8191, "y");
  expect_ok(segment->sync());
  segment.reset();
  EXPECT_FALSE(place_.has("000001.log"));
}

TEST_P(SegmentFileTest, AnExistingFileIsLeftAlone) {
  place_.write("000001.log", "precious");
  auto segment = files_.create_segment(path_, form(), kMiB, kMiB);
  EXPECT_EQ(segment.status().error_number(), EEXIST);
  EXPECT_EQ(segment.status().path(), path_);
  EXPECT_EQ(contents(), "precious");
}

TEST_P(SegmentFileTest, AddressSpaceThatIsNotThereLeavesNoFile) {
  if (form() == SinkForm::kWrite) return;  // needs none
  auto segment = files_.create_segment(path_, form(), 4096, uint64_t{1} << 60);
  EXPECT_EQ(segment.status().error_number(), ENOMEM);
  EXPECT_FALSE(place_.has("000001.log"));
}

}  // namespace
}  // namespace skiplith::testing
