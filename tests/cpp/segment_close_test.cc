// A cleanly closed segment: what its footer promises, and the order that makes it true.
#include "support/segment_writing.h"

namespace skiplith {
namespace {

class SegmentClose : public testing::TestWithParam<SinkForm> {};

INSTANTIATE_TEST_SUITE_P(BothForms, SegmentClose,
                         testing::Values(SinkForm::kMapped, SinkForm::kWrite));

TEST_P(SegmentClose, TheFileIsCutToWhatIsUsedAndCleanEverywhere) {
  SegmentWriting writing(GetParam());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(writing.put(i % 2, some_payload(100, i), 2).is_ok());
  ASSERT_TRUE(writing.segment->close_cleanly(20, 10).is_ok());
  EXPECT_EQ(writing.file().size, kHeaderPageBytes + 2 * kBlockBytes);
  for (const BootId& boot : {writing.files.boot, BootId{{9, 9}}, BootId{}}) {
    const Replayed replayed = replay_bytes(writing.file().bytes(), boot);
    EXPECT_TRUE(replayed.status.is_ok());
    EXPECT_TRUE(replayed.clean);
    EXPECT_TRUE(replayed.records == writing.expected);
  }
}

TEST_P(SegmentClose, NothingOfACleanSegmentMayBeMissing) {
  SegmentWriting writing(GetParam());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(writing.put(i % 2, some_payload(100, i)).is_ok());
  ASSERT_TRUE(writing.segment->close_cleanly(4, 4).is_ok());
  std::string bytes = writing.file().bytes();
  bytes.replace(kHeaderPageBytes + kBlockBytes, kBlockBytes, kBlockBytes, '\0');
  for (const BootId& boot : {writing.files.boot, BootId{{9, 9}}}) {
    EXPECT_EQ(replay_bytes(bytes, boot).status.code(), StatusCode::kCorruption);
  }
}

TEST(SegmentClose, TheDataIsSyncedBeforeTheFooterAndTheFooterBeforeTheCut) {
  SegmentWriting writing(SinkForm::kWrite);
  ASSERT_TRUE(writing.put(0, "one").is_ok());
  writing.file().events.clear();
  ASSERT_TRUE(writing.segment->close_cleanly(1, 1).is_ok());
  EXPECT_EQ(
      writing.file().events,
      (std::vector<std::string>{"sync", "write " + std::to_string(kFooterOffset) + " 32", "sync",
                                "finish " + std::to_string(kHeaderPageBytes + kBlockBytes)}));
}

TEST(SegmentClose, TheHeaderPageIsSyncedBeforeTheSegmentIsUsed) {
  SegmentWriting writing(SinkForm::kWrite);
  EXPECT_EQ(writing.file().events, (std::vector<std::string>{"write 0 4096", "sync"}));
}

TEST(SegmentClose, TheFileIsGrownBeforeItsNewSizeIsNoted) {
  SegmentWriting writing(SinkForm::kWrite, segment_bytes_for(0));
  writing.file().events.clear();
  ASSERT_TRUE(writing.segment->grow_for(100'000).is_ok());
  EXPECT_EQ(writing.file().events,
            (std::vector<std::string>{"grow 1048576",
                                      "write " + std::to_string(kAllocatedOffset) + " 16"}));
}

TEST(SegmentClose, AnEmptySegmentClosesSmall) {
  SegmentWriting writing(SinkForm::kMapped);
  ASSERT_TRUE(writing.segment->close_cleanly(7, 0).is_ok());
  EXPECT_EQ(writing.file().size, kHeaderPageBytes);
  const Replayed replayed = replay_bytes(writing.file().bytes(), writing.files.boot, 7);
  EXPECT_TRUE(replayed.status.is_ok());
  EXPECT_TRUE(replayed.clean);
  // Sequences 1 to 7 are promised by the footer and nowhere to be found.
  EXPECT_EQ(replay_bytes(writing.file().bytes(), writing.files.boot, 3).status.code(),
            StatusCode::kCorruption);
}

}  // namespace
}  // namespace skiplith
