// A segment that something else than a crash has changed is never read as if it were whole: the
// answer is exactly the right records, or an error that names the file.
#include <functional>

#include "support/segment_writing.h"

namespace skiplith {
namespace {

constexpr BootId kBoot{{1, 2}};
constexpr BootId kLaterBoot{{3, 4}};

// Two lanes, a record of two blocks, and the bytes of the file as a process leaves them.
struct Sample {
  std::string bytes;
  std::vector<Expected> expected;
};

enum class Ending { kKilled, kKilledInFlight, kClosed };

Sample sample(Ending ending) {
  SegmentWriting writing(SinkForm::kMapped, kHeaderPageBytes + 4 * kBlockBytes);
  std::string large(kAreaBytes + 100, '\0');  // few bits that matter, so that all can be tried
  large[5] = 'x';
  const std::string payloads[] = {"one", some_payload(60, 2), large, "four", some_payload(25, 5)};
  uint32_t lane = 0;
  for (const std::string& payload : payloads) {
    EXPECT_TRUE(writing.put(lane, payload, 2).is_ok());
    lane = 1 - lane;
  }
  writing.segment->note_synced_through(4);
  if (ending == Ending::kKilledInFlight) {
    writing.begin(0, some_payload(50, 6));  // no sequence that anybody could see
    writing.begin(1, some_payload(50, 7));
    EXPECT_TRUE(writing.logs[1]->commit(writing.next, 3).is_ok());
    std::string bytes = writing.file().bytes();
    const size_t trailer = bytes.find(some_payload(50, 7)) + 56;
    bytes.replace(trailer, kTrailerBytes, kTrailerBytes, '\0');
    return {bytes, writing.expected};
  }
  if (ending == Ending::kClosed) {
    EXPECT_TRUE(writing.segment->close_cleanly(writing.next - 1, writing.records()).is_ok());
  }
  return {writing.file().bytes(), writing.expected};
}

void expect_right_or_named(const std::string& bytes, const Sample& whole, const char* what,
                           uint64_t where = 0) {
  const Replayed replayed = replay_bytes(bytes, kBoot);
  if (replayed.status.is_ok()) {
    ASSERT_TRUE(replayed.records == whole.expected) << what << where;
  } else {
    const StatusCode code = replayed.status.code();
    ASSERT_TRUE(code == StatusCode::kCorruption || code == StatusCode::kFormat) << what << where;
    ASSERT_EQ(replayed.status.path(), kTestPath) << what << where;
  }
}

class SegmentDamage : public testing::TestWithParam<Ending> {};

INSTANTIATE_TEST_SUITE_P(Endings, SegmentDamage,
                         testing::Values(Ending::kKilled, Ending::kKilledInFlight,
                                         Ending::kClosed));

TEST_P(SegmentDamage, AnUndamagedSegmentIsRight) {
  const Sample whole = sample(GetParam());
  const Replayed replayed = replay_bytes(whole.bytes, kBoot);
  EXPECT_TRUE(replayed.status.is_ok()) << replayed.status.to_string();
  EXPECT_TRUE(replayed.records == whole.expected);
  EXPECT_EQ(replayed.clean, GetParam() == Ending::kClosed);
}

// Every bit of every word that is not zero and of its neighbours; one bit of each other word.
TEST_P(SegmentDamage, NoSingleBitFlipGoesUnnoticed) {
  const Sample whole = sample(GetParam());
  std::string bytes = whole.bytes;
  const uint64_t words = bytes.size() / 8;
  const auto is_used = [&](uint64_t word) {
    return word < words && load_u64(whole.bytes.data() + 8 * word) != 0;
  };
  for (uint64_t word = 0; word < words; ++word) {
    const bool every = is_used(word) || is_used(word + 1) || (word > 0 && is_used(word - 1));
    for (uint64_t bit = every ? 0 : word % 64; bit < 64; bit += every ? 1 : 64) {
      char& byte = bytes[8 * word + bit / 8];
      byte ^= static_cast<char>(1 << bit % 8);
      expect_right_or_named(bytes, whole, "bit ", 64 * word + bit);
      byte ^= static_cast<char>(1 << bit % 8);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(SegmentDamage, NoTruncationGoesUnnoticed) {
  const Sample whole = sample(GetParam());
  for (uint64_t size = 0; size < whole.bytes.size(); size += 8) {
    const Replayed replayed = replay_bytes(whole.bytes.substr(0, size), kBoot);
    ASSERT_EQ(replayed.status.code(), StatusCode::kCorruption) << size;
    ASSERT_EQ(replayed.status.path(), kTestPath);
  }
}

TEST_P(SegmentDamage, NoExchangeOfBlocksGoesUnnoticed) {
  const Sample whole = sample(GetParam());
  const uint64_t blocks = (whole.bytes.size() - kHeaderPageBytes) / kBlockBytes;
  for (uint64_t i = 0; i < blocks; ++i) {
    for (uint64_t j = 0; j < blocks; ++j) {
      if (i == j) continue;
      const uint64_t at_i = kHeaderPageBytes + i * kBlockBytes;
      const uint64_t at_j = kHeaderPageBytes + j * kBlockBytes;
      std::string copied = whole.bytes;
      copied.replace(at_i, kBlockBytes, whole.bytes, at_j, kBlockBytes);
      expect_right_or_named(copied, whole, "block copied");
      std::string swapped = copied;
      swapped.replace(at_j, kBlockBytes, whole.bytes, at_i, kBlockBytes);
      expect_right_or_named(swapped, whole, "blocks swapped");
      if (HasFatalFailure()) return;
    }
  }
}

TEST(SegmentDamage, ABlockOfAnotherSegmentIsNotTaken) {
  const Sample whole = sample(Ending::kKilled);
  SegmentHeader header;
  ASSERT_TRUE(decode_segment_header(whole.bytes.data(), &header));
  std::string other = whole.bytes;
  ++header.nonce;
  encode_segment_header(other.data(), header);
  EXPECT_EQ(replay_bytes(other, kBoot).status.code(), StatusCode::kCorruption);
}

// Offsets in sample(): lane 0 has blocks 0, 2 and 3 (a run), lane 1 has block 1.
constexpr uint64_t kFirstRecord = kHeaderPageBytes + kBlockHeaderBytes;
constexpr uint64_t kSecondLane = kFirstRecord + kBlockBytes;

void zero(std::string* bytes, uint64_t offset, uint64_t size) {
  bytes->replace(offset, size, size, '\0');
}

void change_header(std::string* bytes, const std::function<void(SegmentHeader*)>& change) {
  SegmentHeader header;
  ASSERT_TRUE(decode_segment_header(bytes->data(), &header));
  change(&header);
  encode_segment_header(bytes->data(), header);
}

struct Case {
  const char* name;
  std::function<void(std::string*)> damage;
  StatusCode code;
};

TEST(SegmentDamage, EveryContradictionIsAnErrorWithThePath) {
  const Case cases[] = {
      {"empty file", [](std::string* b) { b->clear(); }, StatusCode::kCorruption},
      {"zeroed header page", [](std::string* b) { zero(b, 0, kHeaderPageBytes); },
       StatusCode::kCorruption},
      {"another magic", [](std::string* b) { (*b)[0] = 'X'; }, StatusCode::kCorruption},
      {"a newer version",
       [](std::string* b) { change_header(b, [](SegmentHeader* h) { h->version = 2; }); },
       StatusCode::kFormat},
      {"unknown flags",
       [](std::string* b) { change_header(b, [](SegmentHeader* h) { h->flags = 1; }); },
       StatusCode::kFormat},
      {"another number",
       [](std::string* b) { change_header(b, [](SegmentHeader* h) { h->number = 2; }); },
       StatusCode::kCorruption},
      {"another database",
       [](std::string* b) {
         change_header(b, [](SegmentHeader* h) { h->identity.database.words[1] = 0; });
       },
       StatusCode::kCorruption},
      {"a record's length word zeroed, another behind it",
       [](std::string* b) { zero(b, kSecondLane + kLengthWordOffset, 8); },
       StatusCode::kCorruption},
      {"a record's trailer zeroed, another behind it",
       [](std::string* b) { zero(b, kSecondLane + record_bytes(60) - 8, 8); },
       StatusCode::kCorruption},
      {"a record zeroed, another block of its lane behind it",
       [](std::string* b) { zero(b, kFirstRecord, record_bytes(3)); }, StatusCode::kCorruption},
      {"a lane's first block zeroed",
       [](std::string* b) { zero(b, kHeaderPageBytes, kBlockBytes); }, StatusCode::kCorruption},
      {"a lane's only block zeroed",
       [](std::string* b) { zero(b, kHeaderPageBytes + kBlockBytes, kBlockBytes); },
       StatusCode::kCorruption},
      {"the first block of a run zeroed",
       [](std::string* b) { zero(b, kHeaderPageBytes + 2 * kBlockBytes, kBlockBytes); },
       StatusCode::kCorruption},
      {"bytes behind the last record",
       [](std::string* b) { (*b)[kSecondLane + 16 + record_bytes(60) + record_bytes(4)] = 1; },
       StatusCode::kCorruption},
  };
  const Sample whole = sample(Ending::kKilled);
  for (const Case& item : cases) {
    std::string bytes = whole.bytes;
    item.damage(&bytes);
    const Replayed replayed = replay_bytes(bytes, kBoot);
    EXPECT_EQ(replayed.status.code(), item.code) << item.name;
    EXPECT_EQ(replayed.status.path(), kTestPath) << item.name;
  }
}

// Lane 1 may have had the missing record in flight; lane 0's blocks show that it was not so.
TEST(SegmentDamage, ALanesOwnBlocksTellWhatItHasLost) {
  SegmentWriting writing(SinkForm::kMapped);
  ASSERT_TRUE(writing.put(0, some_payload(60, 1)).is_ok());
  ASSERT_TRUE(writing.put(0, some_payload(kAreaBytes - 200, 2)).is_ok());
  writing.begin(1, "in flight");
  ASSERT_TRUE(writing.put(0, some_payload(500, 3)).is_ok());  // begins another block
  const std::string whole = writing.file().bytes();
  EXPECT_TRUE(replay_bytes(whole, kBoot).status.is_ok());

  const Case cases[] = {
      {"the block", [](std::string* b) { zero(b, kHeaderPageBytes, kBlockBytes); },
       StatusCode::kCorruption},
      {"the first length word",
       [](std::string* b) { zero(b, kFirstRecord + kLengthWordOffset, 8); },
       StatusCode::kCorruption},
      {"the last trailer",
       [](std::string* b) {
         zero(b, kFirstRecord + record_bytes(60) + record_bytes(kAreaBytes - 200) - 8, 8);
       },
       StatusCode::kCorruption},
  };
  for (const Case& item : cases) {
    std::string bytes = whole;
    item.damage(&bytes);
    EXPECT_EQ(replay_bytes(bytes, kBoot).status.code(), item.code) << item.name;
  }
}

TEST(SegmentDamage, AMachineThatDiedLosesASuffixOnly) {
  const Sample whole = sample(Ending::kKilledInFlight);
  const uint64_t pages = whole.bytes.size() / 4096;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::string bytes = whole.bytes;
    zero(&bytes, kSyncedThroughOffset, kSyncedThroughBytes);
    uint64_t random = seed * 0x9e3779b97f4a7c15u;
    for (uint64_t page = 1; page < pages; ++page) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      if (random >> 61 == 0) zero(&bytes, page * 4096, 4096);
    }
    const Replayed replayed = replay_bytes(bytes, kLaterBoot);
    ASSERT_TRUE(replayed.status.is_ok()) << replayed.status.to_string();
    const auto kept = static_cast<std::ptrdiff_t>(replayed.records.size());
    ASSERT_LE(replayed.records.size(), whole.expected.size());
    ASSERT_TRUE(std::equal(replayed.records.begin(), replayed.records.end(), whole.expected.begin(),
                           whole.expected.begin() + kept));
  }
}

TEST(SegmentDamage, AMachineThatDiedCannotTakeWhatWasSynced) {
  const Sample whole = sample(Ending::kKilled);  // synced through the second record
  std::string bytes = whole.bytes;
  zero(&bytes, kHeaderPageBytes + 2 * kBlockBytes, 2 * kBlockBytes);
  const Replayed kept = replay_bytes(bytes, kLaterBoot);
  EXPECT_TRUE(kept.status.is_ok());
  EXPECT_EQ(kept.records.size(), 2u);
  EXPECT_EQ(kept.dropped_records, 1u);
  zero(&bytes, kHeaderPageBytes + kBlockBytes, kBlockBytes);
  const Replayed lost = replay_bytes(bytes, kLaterBoot);
  EXPECT_EQ(lost.status.code(), StatusCode::kCorruption);
  EXPECT_EQ(lost.status.path(), kTestPath);
}

TEST(SegmentDamage, AnUnreadableSyncedThroughMeansZero) {
  SegmentWriting writing(SinkForm::kMapped);
  ASSERT_TRUE(writing.put(0, "one").is_ok());
  writing.segment->note_synced_through(1);
  EXPECT_EQ(writing.read()->synced_through, 1u);
  writing.file().data()[kSyncedThroughOffset + 12] ^= 1;
  EXPECT_EQ(writing.read()->synced_through, 0u);
}

}  // namespace
}  // namespace skiplith
