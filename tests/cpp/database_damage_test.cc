// Damage to any file of a whole database: the answers are exactly right, or kCorruption and kFormat
// that name the file; support/damage_expectations.h says where something else is.
//
// The short form runs always and takes a sample of all places; SKIPLITH_ALL_DAMAGE takes them all.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "base/coding.h"
#include "io/file_names.h"
#include "support/damage_expectations.h"
#include "table/frame.h"

namespace skiplith::testing {
namespace {

// Of one kind of damage to one file, in the short form.
constexpr size_t kShortCases = 120;
constexpr uint64_t kDeeplyEach = 16;

std::string path_of(const std::string& name) { return join_path(kSampleDirectory, name); }

class DatabaseDamageTest : public ::testing::TestWithParam<Stop> {
 protected:
  ~DatabaseDamageTest() override {
    std::printf("%s: %llu cases, %llu of them noticed\n", name_of(GetParam()),
                static_cast<unsigned long long>(judge_.cases()),
                static_cast<unsigned long long>(judge_.noticed()));
  }

  const std::string& whole(const std::string& name) {
    std::string& contents = whole_[name];
    if (contents.empty()) contents = *sample_.files->contents(path_of(name));
    return contents;
  }
  void plant(const std::string& name, const std::string& contents) {
    ASSERT_TRUE(sample_.files->plant(path_of(name), contents).is_ok());
  }
  // The files are damaged by now.
  void expect(const Expectation& expectation, const std::string& what) {
    const bool deeply = judge_.cases() % kDeeplyEach == 0;
    ASSERT_EQ(judge_.judge(*sample_.files, expectation, deeply), "") << what;
  }

  // All of them, or as many of them as the short form tries.
  std::vector<uint64_t> some_of(const std::vector<uint64_t>& places) const {
    if (all_ || places.size() <= kShortCases) return places;
    std::vector<uint64_t> some;
    // Odd, so that all bits of a byte have their turn.
    const size_t stride = places.size() / kShortCases | 1;
    for (size_t i = stride / 2; i < places.size(); i += stride) some.push_back(places[i]);
    return some;
  }

  // Whether anything is near: a segment is allocated ahead of use and mostly zeros.
  static bool is_near_data(const std::string& file, uint64_t byte) {
    const uint64_t from = byte / 8 == 0 ? 0 : (byte / 8 - 1) * 8;
    const uint64_t to = std::min<uint64_t>((byte / 8 + 2) * 8, file.size());
    const auto begin = file.begin();
    return std::any_of(begin + static_cast<ptrdiff_t>(from), begin + static_cast<ptrdiff_t>(to),
                       [](char c) { return c != 0; });
  }

  void flip(const std::string& name, const std::vector<uint64_t>& bits) {
    std::string damaged = whole(name);
    for (const uint64_t bit : some_of(bits)) {
      char& byte = damaged[bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      plant(name, damaged);
      expect(expectations_.flipped(name, bit / 8), name + ", bit " + std::to_string(bit));
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      if (HasFatalFailure()) return;
    }
    plant(name, whole(name));
  }
  void truncate(const std::string& name, const std::vector<uint64_t>& sizes) {
    for (const uint64_t size : some_of(sizes)) {
      const std::string left = whole(name).substr(0, size);
      plant(name, left);
      expect(expectations_.truncated(name, left), name + ", cut to " + std::to_string(size));
      if (HasFatalFailure()) return;
    }
    plant(name, whole(name));
  }

  // Of a table's block, or, with a block that does not exist, of all of it. `age`: of the three
  // tables, oldest first.
  void expect_failures_of(Database& database, const std::string& name, size_t age,
                          const Fences& fences, uint32_t block) {
    const std::string first_words[] = {"first", "second", "third"};
    size_t failed = 0;
    for (const auto& [key, newest] : sample_.latest()) {
      // Values begin with the table that they are in; those of the log begin otherwise.
      const auto word = std::ranges::find(first_words, newest.substr(0, newest.find(' ')));
      const auto at = static_cast<size_t>(word - std::begin(first_words));
      const bool met =
          at == age && (block == fences.blocks() || fences.find(key, kLatest) == block);
      Value value;
      const Status status = database.get(key, &value);
      failed += !status.is_ok();
      if (status.is_ok()) {
        EXPECT_EQ(value.bytes(), newest) << key;
      } else {
        EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.to_string();
        EXPECT_EQ(status.path(), path_of(name));
      }
      // A key of an older table comes by, and goes on only if the filter says no.
      if (at >= age) {
        EXPECT_EQ(!status.is_ok(), met) << key << " " << newest.substr(0, 10) << name << block;
      }
    }
    EXPECT_GT(failed, 0u) << name << " block " << block;
    EXPECT_LT(failed, sample_.latest().size());
  }

  const DamageSample sample_ = make_damage_sample(GetParam());
  const DamageExpectations expectations_{sample_, GetParam()};
  DamageJudge judge_{sample_};
  std::map<std::string, std::string> whole_;  // by name
  const bool all_ = std::getenv("SKIPLITH_ALL_DAMAGE") != nullptr;
};

INSTANTIATE_TEST_SUITE_P(Stops, DatabaseDamageTest, ::testing::ValuesIn(kAllStops),
                         [](const auto& stop) { return name_of(stop.param); });

TEST_P(DatabaseDamageTest, TheUndamagedDatabaseIsRightAndHasOneOfEverything) {
  expect(expectations_.undamaged(), "undamaged");
  // LOCK, CURRENT, manifest, two segments, three tables.
  EXPECT_EQ(sample_.names().size(), 8u);
  ASSERT_EQ(expectations_.segments().size(), 2u);
  for (const auto& [name, segment] : expectations_.segments()) {
    EXPECT_EQ(segment.footer.has_value(), is_clean(GetParam()));
    EXPECT_GE(segment.lanes.size(), 2u) << name;
    EXPECT_GT(segment.records.size(), 3u) << name;
    const auto is_batch = [](const LoggedRecord& record) { return record.count == 3; };
    EXPECT_TRUE(std::ranges::any_of(segment.records, is_batch)) << name;
  }
  EXPECT_EQ(expectations_.manifest().tables.size(), 3u);
}

// Every bit; of words of a segment that are zero, as are their neighbours, one bit.
TEST_P(DatabaseDamageTest, NoBitFlipGoesUnnoticed) {
  for (const std::string& name : sample_.names()) {
    const std::string& file = whole(name);
    const bool sparse = parse_file_name(name)->type == FileType::kSegment;
    std::vector<uint64_t> bits;
    std::vector<uint64_t> bits_of_zeros;
    for (uint64_t bit = 0; bit < file.size() * 8; ++bit) {
      if (!sparse || is_near_data(file, bit / 8)) {
        bits.push_back(bit);
      } else if (bit % 64 == bit / 64 % 64) {
        bits_of_zeros.push_back(bit);
      }
    }
    flip(name, bits);
    flip(name, bits_of_zeros);
    if (HasFatalFailure()) return;
  }
}

// To every size; of the zeros of a segment one in a sector of 512 bytes, and its neighbours.
TEST_P(DatabaseDamageTest, NoTruncationGoesUnnoticed) {
  for (const std::string& name : sample_.names()) {
    const std::string& file = whole(name);
    const bool sparse = parse_file_name(name)->type == FileType::kSegment;
    std::vector<uint64_t> sizes;
    std::vector<uint64_t> sizes_in_zeros;
    for (uint64_t size = 0; size < file.size(); ++size) {
      if (!sparse || is_near_data(file, size)) {
        sizes.push_back(size);
      } else if ((size + 1) % 512 <= 2) {
        sizes_in_zeros.push_back(size);
      }
    }
    truncate(name, sizes);
    truncate(name, sizes_in_zeros);
    if (HasFatalFailure()) return;
  }
}

TEST_P(DatabaseDamageTest, AnAppendedByteIsNoticedOrChangesNothing) {
  for (const std::string& name : sample_.names()) {
    for (const char byte : {'\0', 'x', '\xff'}) {
      plant(name, whole(name) + byte);
      expect(expectations_.lengthened(name), name);
    }
    plant(name, whole(name));
  }
}

TEST_P(DatabaseDamageTest, AMissingFileIsNamed) {
  for (const std::string& name : sample_.names()) {
    const std::string contents = whole(name);
    ASSERT_TRUE(sample_.files->remove(path_of(name)).is_ok());
    expect(expectations_.replaced(name), name);
    plant(name, contents);
  }
}

TEST_P(DatabaseDamageTest, FilesThatWereExchangedAreNoticed) {
  int pairs = 0;
  for (const std::string& name : sample_.names()) {
    for (const std::string& other : sample_.names()) {
      if (name >= other || parse_file_name(name)->type != parse_file_name(other)->type) continue;
      plant(name, whole(other));
      plant(other, whole(name));
      Expectation expectation = expectations_.replaced(name);
      expectation.paths.insert(path_of(other));
      expect(expectation, name + " and " + other);
      plant(name, whole(name));
      plant(other, whole(other));
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 4);
}

// Tables are opened at the first read that needs them: what is damaged by then is noticed by just
// the reads that meet it.
TEST_P(DatabaseDamageTest, ATableDamagedWhileTheDatabaseIsOpenFailsTheReadsThatMeetIt) {
  const Compression compressions[] = {Compression::kZstd, Compression::kLz4, Compression::kNone};
  size_t age = 0;  // numbers grow with sequences
  for (const auto& [number, meta] : expectations_.manifest().tables) {
    const std::string name = make_file_name({FileType::kTable, number});
    OpenFiles open_files(*sample_.files);
    auto frame = Frame::open(open_files, path_of(name),
                             {.database = expectations_.database(), .number = number}, meta.bytes);
    ASSERT_TRUE(frame.is_ok());
    const Fences& fences = (*frame)->fences();
    ASSERT_GE(fences.blocks(), 2u) << name;
    for (uint32_t block = 0; block <= fences.blocks(); ++block) {
      std::string damaged = whole(name);
      if (block < fences.blocks()) {
        const uint64_t end = fences.offset(block) + fences.bytes(block);
        EXPECT_EQ(damaged[end - 9], static_cast<char>(compressions[age]));
        ++damaged[fences.offset(block) + fences.bytes(block) / 2];
      } else {
        ++damaged.back();  // none can be found without the footer
      }
      for (const OpenMode mode : {OpenMode::kRead, OpenMode::kWrite}) {
        const auto files = sample_.files->kill();
        auto database =
            Database::open(*files, kSampleDirectory, mode, sample_options(compressions[0]));
        ASSERT_TRUE(database.is_ok());
        ASSERT_TRUE(files->plant(path_of(name), damaged).is_ok());
        expect_failures_of(**database, name, age, fences, block);
        const Expectation noticed = expectations_.replaced(name);
        EXPECT_EQ(judge_.read(**database, noticed), "") << name << " block " << block;
        EXPECT_EQ((*database)->verify().path(), path_of(name));
        EXPECT_TRUE((*database)->close().is_ok());
      }
    }
    ++age;
  }
  EXPECT_EQ(age, std::size(compressions));
}

}  // namespace
}  // namespace skiplith::testing
