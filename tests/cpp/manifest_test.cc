// What the manifest keeps, and what it does not take for a manifest of ours.
#include <thread>

#include "base/checksum.h"
#include "base/coding.h"
#include "support/manifest_testing.h"

namespace skiplith::testing {
namespace {

TEST_F(ManifestTest, ANewDatabaseIsEmptyAndNamed) {
  auto manifest = create();
  EXPECT_EQ(manifest->state().base_sequence, 0u);
  EXPECT_TRUE(manifest->state().live_segments.empty());
  EXPECT_EQ(directory_.names(), (std::vector<std::string>{"000001.manifest", "CURRENT"}));
  auto again = load();
  EXPECT_EQ(again->database(), kDatabase);
  EXPECT_EQ(again->state(), manifest->state());
  EXPECT_EQ(again->number(), 1u);
}

TEST_F(ManifestTest, EditsSurviveReopening) {
  auto manifest = create();
  const uint64_t first = add_segment(*manifest);
  const uint64_t second = add_segment(*manifest);
  expect_ok(manifest->append({.base_sequence = 77, .removed_segments = {first}}));
  const ManifestState before = manifest->state();
  EXPECT_EQ(before.base_sequence, 77u);
  EXPECT_EQ(before.live_segments, (std::set<uint64_t>{second}));
  manifest.reset();
  for (int i = 0; i < 3; ++i) {
    manifest = load();
    EXPECT_EQ(manifest->state(), before);
    EXPECT_EQ(manifest->database(), kDatabase);
  }
}

TEST_F(ManifestTest, TablesSurviveReopeningAndMoveBetweenLevels) {
  auto manifest = create();
  TableMeta first = table_with_zeros(manifest->take_file_number());
  TableMeta second = table_with_zeros(manifest->take_file_number());
  second.smallest_key = "";
  second.largest_key = std::string(65'535, '\xff');
  expect_ok(manifest->append({.added_tables = {first, second}}));
  EXPECT_EQ(load()->state().tables.at(first.number), first);
  first.level = 4;
  expect_ok(
      manifest->append({.added_tables = {first}, .removed_tables = {first.number, second.number}}));
  for (int i = 0; i < 2; ++i) {
    manifest = load();
    EXPECT_EQ(manifest->state().tables, (std::map{std::pair(first.number, first)}));
    expect_ok(manifest->append({}));
  }
}

TEST_F(ManifestTest, LoadingChangesNothing) {
  add_segment(*create());
  const std::vector<std::string> names = directory_.names();
  load();
  EXPECT_EQ(directory_.names(), names);
}

TEST_F(ManifestTest, TheFirstAppendAfterLoadingBeginsAFile) {
  const uint64_t first = add_segment(*create());
  auto manifest = load();
  const uint64_t second = add_segment(*manifest);
  EXPECT_GT(manifest->number(), first);
  EXPECT_EQ(directory_.names(), (std::vector<std::string>{file_of(*manifest), "CURRENT"}));
  EXPECT_EQ(load()->state().live_segments, (std::set<uint64_t>{first, second}));
}

TEST_F(ManifestTest, AFullFileIsReplaced) {
  auto manifest = create();
  const std::string first_file = file_of(*manifest);
  const std::set<uint64_t> live = {add_segment(*manifest)};
  size_t largest = 0;
  while (file_of(*manifest) == first_file) {
    largest = std::max(largest, directory_.read(first_file).size());
    ManifestEdit add;
    for (int i = 0; i < 20'000; ++i) add.added_segments.push_back(manifest->take_file_number());
    expect_ok(manifest->append(add));
    expect_ok(manifest->append({.removed_segments = add.added_segments}));
  }
  EXPECT_GT(largest, 1'000'000u);
  EXPECT_LT(largest, 1'200'000u);
  EXPECT_EQ(directory_.names(), (std::vector<std::string>{file_of(*manifest), "CURRENT"}));
  EXPECT_EQ(load()->state(), manifest->state());
  const uint64_t next = add_segment(*manifest);
  EXPECT_TRUE(load()->state().live_segments.contains(next));
  EXPECT_TRUE(load()->state().live_segments.contains(*live.begin()));
}

TEST_F(ManifestTest, CreatingAnewReplacesTheDatabaseAtOnce) {
  auto old = create();
  const uint64_t segment = add_segment(*old);
  directory_.write(make_file_name({FileType::kSegment, segment}), "");
  const std::string old_file = file_of(*old);
  old.reset();
  const DatabaseId other{{1, 2}};
  auto anew = Manifest::create(files_, directory_.path(), other, {});
  expect_ok(anew.status());
  EXPECT_EQ(load()->database(), other);
  EXPECT_TRUE(load()->state().live_segments.empty());
  EXPECT_EQ(
      *(*anew)->orphans(),
      (std::vector<std::string>{directory_.path(old_file),
                                directory_.path(make_file_name({FileType::kSegment, segment}))}));
}

TEST_F(ManifestTest, FileNumbersAreNeverUsedTwice) {
  auto manifest = create();
  std::set<uint64_t> numbers = {manifest->number()};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(numbers.insert(manifest->take_file_number()).second);
  expect_ok(manifest->append({}));
  manifest = load();
  EXPECT_TRUE(numbers.insert(manifest->take_file_number()).second);
  // A file that a crash left before its number was written down.
  directory_.write("000500.log", "");
  manifest = load();
  EXPECT_LT(manifest->state().next_file_number, 500u);  // the manifest does not know of it
  EXPECT_EQ(manifest->take_file_number(), 501u);
}

TEST_F(ManifestTest, OrphansAreOurFilesThatDoNotCount) {
  auto manifest = create();
  const uint64_t live = add_segment(*manifest);
  const std::string live_name = make_file_name({FileType::kSegment, live});
  for (const std::string& name :
       {live_name, std::string("000077.log"), std::string("000078.sst"),
        std::string("000079.manifest"), std::string("CURRENT.tmp"), std::string("000080.tmp"),
        std::string("LOCK"), std::string("notes.txt"), std::string("notes.tmp")}) {
    directory_.write(name, "");
  }
  EXPECT_EQ(
      *manifest->orphans(),
      (std::vector<std::string>{directory_.path("000077.log"), directory_.path("000078.sst"),
                                directory_.path("000079.manifest"), directory_.path("000080.tmp"),
                                directory_.path("CURRENT.tmp")}));
}

TEST_F(ManifestTest, ThreadsMayAppendAtOnce) {
  auto manifest = create();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        const uint64_t number = add_segment(*manifest);
        EXPECT_TRUE(manifest->state().live_segments.contains(number));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(manifest->state().live_segments.size(), 40u);
  EXPECT_EQ(load()->state(), manifest->state());
}

TEST_F(ManifestTest, NothingCreatedYetIsNotFound) {
  EXPECT_EQ(load_status().code(), StatusCode::kNotFound);
  // What a crash in create() leaves before CURRENT exists, at most.
  directory_.write("LOCK", "");
  directory_.write("000001.manifest", "");
  directory_.write("CURRENT.tmp", "0000");
  EXPECT_EQ(load_status().code(), StatusCode::kNotFound);
  auto manifest = create();
  EXPECT_EQ(manifest->number(), 2u);
  EXPECT_EQ(load()->state(), manifest->state());
}

TEST_F(ManifestTest, AMissingFileIsCorruption) {
  auto manifest = create();
  const std::string name = file_of(*manifest);
  const std::string contents = directory_.read(name);
  directory_.remove(name);
  EXPECT_EQ(load_status().code(), StatusCode::kCorruption);
  EXPECT_EQ(load_status().path(), directory_.path(name));
  directory_.write(name, contents);
  directory_.write("000009.log", "");
  directory_.remove("CURRENT");
  EXPECT_EQ(load_status().code(), StatusCode::kCorruption);
  EXPECT_EQ(load_status().path(), directory_.path("CURRENT"));
}

TEST_F(ManifestTest, AnotherProgramsCurrentIsNotOurs) {
  for (const char* text : {"MANIFEST-000001\n", "hello", "\n", "MANIFEST-000005"}) {
    directory_.write("CURRENT", text);
    EXPECT_EQ(load_status().code(), StatusCode::kFormat) << text;
    EXPECT_EQ(load_status().path(), directory_.path("CURRENT"));
  }
}

TEST_F(ManifestTest, ACurrentThatIsCutOrOverwrittenIsCorruption) {
  create();
  const std::string text = directory_.read("CURRENT");
  for (size_t size = 0; size < text.size(); ++size) {
    directory_.write("CURRENT", text.substr(0, size));
    EXPECT_EQ(load_status().code(), StatusCode::kCorruption) << size;
  }
  for (const std::string& other :
       {text + "x", text + text, std::string(text.size(), '\0'), text + std::string(1000, 'x')}) {
    directory_.write("CURRENT", other);
    EXPECT_EQ(load_status().code(), StatusCode::kCorruption) << other;
  }
}

TEST_F(ManifestTest, AnotherManifestUnderItsNameIsCorruption) {
  auto manifest = create();
  const std::string contents = directory_.read(file_of(*manifest));
  manifest = load();
  add_segment(*manifest);
  directory_.write(file_of(*manifest), contents);
  EXPECT_EQ(load_status().code(), StatusCode::kCorruption);
  EXPECT_EQ(load_status().path(), directory_.path(file_of(*manifest)));
}

TEST_F(ManifestTest, ANewerVersionIsRefused) {
  create();
  const ManifestIdentity identity{kDatabase, 1};
  std::string header = encode_manifest_header(identity);
  store_u32(header.data() + 8, kManifestVersion + 1);
  store_u64(header.data() + 56, checksum(Bytes(header).substr(0, 56), 0));
  directory_.write("000001.manifest", header);
  EXPECT_EQ(load_status().code(), StatusCode::kFormat);
  EXPECT_EQ(load_status().path(), directory_.path("000001.manifest"));

  header = encode_manifest_header(identity);
  directory_.write("000001.manifest",
                   header + encode_manifest_record(identity, header.size(), "\x7f\x01"));
  EXPECT_EQ(load_status().code(), StatusCode::kFormat);
}

TEST_F(ManifestTest, EditsThatContradictAreCorruption) {
  create();
  const ManifestIdentity identity{kDatabase, 1};
  const ManifestState start{.next_file_number = 10, .base_sequence = 5, .live_segments = {3}};
  for (const ManifestEdit& edit :
       {ManifestEdit{.next_file_number = 9}, ManifestEdit{.base_sequence = 4},
        ManifestEdit{.added_segments = {3}}, ManifestEdit{.added_segments = {10}},
        ManifestEdit{.added_segments = {0}}, ManifestEdit{.removed_segments = {4}}}) {
    std::string file = encode_manifest_header(identity);
    file += encode_manifest_record(identity, file.size(), encode(edit_for(start)));
    const uint64_t offset = file.size();
    file += encode_manifest_record(identity, file.size(), encode(edit));
    directory_.write("000001.manifest", file);
    EXPECT_EQ(load_status().code(), StatusCode::kCorruption);
    EXPECT_EQ(load_status().offset(), offset);
  }
}

TEST_F(ManifestTest, TheFormatIsFrozen) {
  const ManifestIdentity identity{kDatabase, 3};
  std::string file = encode_manifest_header(identity);
  file += encode_manifest_record(identity, file.size(),
                                 encode({.next_file_number = 300,
                                         .base_sequence = 5,
                                         .added_segments = {7, 8},
                                         .removed_segments = {6}}));
  std::string hex;
  for (const unsigned char byte : file) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(hex,
            "536b706c4d616e0a0100000000000000887766554433221100ffeeddccbbaa99"
            "03000000000000000000000000000000000000000000000052e88be18a74b5a7"
            "0b0000001a04b8e101ac02020503070308040600000000006077227a854cd10f");
  EXPECT_EQ(encode_current(3), "000003.manifest\nfd259825d52e9cfd\n");
}

TEST(ManifestEdit, DecodingUndoesEncoding) {
  for (const ManifestEdit& edit :
       {ManifestEdit{}, ManifestEdit{.next_file_number = 0}, ManifestEdit{.base_sequence = 1},
        ManifestEdit{.next_file_number = UINT64_MAX,
                     .base_sequence = kMaxSequence,
                     .added_segments = {1, 128, UINT64_MAX},
                     .removed_segments = {2, 1}}}) {
    ManifestEdit decoded;
    EXPECT_EQ(decode(encode(edit), &decoded), EditCoding::kValid);
    EXPECT_EQ(decoded, edit);
  }
}

TEST(ManifestEdit, MalformedAndUnknownBytesAreTold) {
  ManifestEdit edit;
  EXPECT_EQ(decode(Bytes("\x00\x01", 2), &edit), EditCoding::kMalformed);
  EXPECT_EQ(decode("\x01", &edit), EditCoding::kMalformed);
  EXPECT_EQ(decode("\x01\x80", &edit), EditCoding::kMalformed);
  EXPECT_EQ(decode("\x80", &edit), EditCoding::kMalformed);
  EXPECT_EQ(decode("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", &edit), EditCoding::kMalformed);
  EXPECT_EQ(decode("\x07", &edit), EditCoding::kUnknownTag);
  EXPECT_EQ(decode("\x01\x05\x07", &edit), EditCoding::kUnknownTag);
}

}  // namespace
}  // namespace skiplith::testing
