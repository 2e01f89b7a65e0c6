// Which bytes on disk are a torn tail, which are damage, and that none are overlooked.
#include "base/coding.h"
#include "support/manifest_testing.h"

namespace skiplith::testing {
namespace {

class ManifestDamageTest : public ManifestTest {
 protected:
  // The file of a manifest with a few records; `states` after each of them.
  std::string make_history(std::vector<ManifestState>* states, std::vector<uint64_t>* ends) {
    auto manifest = create();
    const std::string name = file_of(*manifest);
    const auto note = [&] {
      states->push_back(manifest->state());
      ends->push_back(directory_.read(name).size());
    };
    note();
    const uint64_t first = add_segment(*manifest);
    note();
    add_segment(*manifest);
    note();
    expect_ok(manifest->append({.base_sequence = 1'000'000, .removed_segments = {first}}));
    note();
    const uint64_t table = manifest->take_file_number();
    expect_ok(manifest->append({.added_tables = {table_with_zeros(table)}}));
    note();
    return name;
  }
};

TEST_F(ManifestDamageTest, EverySingleBitFlipIsNoticed) {
  std::vector<ManifestState> states;
  std::vector<uint64_t> ends;
  for (const std::string& name : {make_history(&states, &ends), std::string("CURRENT")}) {
    const std::string whole = directory_.read(name);
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      directory_.write(name, damaged);
      const Status status = load_status();
      ASSERT_EQ(status.code(), StatusCode::kCorruption) << name << " bit " << bit;
      ASSERT_EQ(status.path(), directory_.path(name)) << bit;
    }
    directory_.write(name, whole);
  }
  EXPECT_EQ(load()->state(), states.back());
}

TEST_F(ManifestDamageTest, TornTailEndsTheLog) {
  std::vector<ManifestState> states;
  std::vector<uint64_t> ends;
  const std::string name = make_history(&states, &ends);
  const std::string whole = directory_.read(name);
  for (uint64_t size = 0; size <= whole.size(); ++size) {
    directory_.write(name, whole.substr(0, size));
    if (size < ends[0]) {  // durable before CURRENT named it
      EXPECT_EQ(load_status().code(), StatusCode::kCorruption) << size;
      continue;
    }
    size_t last = 0;
    while (last + 1 < ends.size() && ends[last + 1] <= size) ++last;
    EXPECT_EQ(load()->state().live_segments, states[last].live_segments) << size;
    EXPECT_EQ(load()->state().base_sequence, states[last].base_sequence) << size;
  }
}

// A file with a record of many pieces behind one that is whole.
struct LongRecord {
  ManifestIdentity identity{kDatabase, 1};
  std::string file;
  uint64_t begin = 0;
  LongRecord() {
    file = encode_manifest_header(identity);
    file += encode_manifest_record(identity, file.size(), encode({.next_file_number = 1000}));
    begin = file.size();
    ManifestEdit edit;
    for (uint64_t number = 1; number < 300; ++number) edit.added_segments.push_back(number);
    file += encode_manifest_record(identity, file.size(), encode(edit));
  }
};

TEST_F(ManifestDamageTest, ALastRecordThatLacksPiecesIsTorn) {
  create();
  const LongRecord record;
  const uint64_t pieces = (record.file.size() - 1) / kPieceBytes - record.begin / kPieceBytes + 1;
  ASSERT_GT(pieces, 8u);
  // Any set of pieces may be missing; these are some of them.
  for (uint64_t mask = 1; mask < 256; ++mask) {
    std::string torn = record.file;
    for (uint64_t piece = 0; piece < pieces; ++piece) {
      if ((mask >> piece % 8 & 1) == 0) continue;
      const uint64_t from =
          std::max(record.begin, (record.begin / kPieceBytes + piece) * kPieceBytes);
      const uint64_t to =
          std::min<uint64_t>((record.begin / kPieceBytes + piece + 1) * kPieceBytes, torn.size());
      std::fill(torn.begin() + static_cast<ptrdiff_t>(from),
                torn.begin() + static_cast<ptrdiff_t>(to), '\0');
    }
    directory_.write("000001.manifest", torn);
    EXPECT_TRUE(load()->state().live_segments.empty()) << mask;
  }
}

TEST_F(ManifestDamageTest, ALastRecordThatIsWholeAndWrongIsCorruption) {
  create();
  const LongRecord record;
  for (uint64_t at = record.begin; at < record.file.size(); ++at) {
    std::string damaged = record.file;
    damaged[at] = static_cast<char>(damaged[at] + 1);
    directory_.write("000001.manifest", damaged);
    EXPECT_EQ(load_status().code(), StatusCode::kCorruption) << at;
    EXPECT_EQ(load_status().offset(), record.begin);
  }
}

TEST_F(ManifestDamageTest, AnEarlierRecordIsNeverTakenForTorn) {
  std::vector<ManifestState> states;
  std::vector<uint64_t> ends;
  const std::string name = make_history(&states, &ends);
  const std::string whole = directory_.read(name);
  for (size_t record = 0; record + 2 < ends.size(); ++record) {
    for (uint64_t size = 1; size <= ends[record + 1] - ends[record]; ++size) {
      std::string damaged = whole;
      damaged.replace(ends[record], size, size, '\0');
      directory_.write(name, damaged);
      EXPECT_EQ(load_status().code(), StatusCode::kCorruption) << record << " " << size;
      EXPECT_EQ(load_status().offset(), ends[record]);
    }
  }
}

}  // namespace
}  // namespace skiplith::testing
