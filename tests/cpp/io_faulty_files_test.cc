// The tests' own instrument: it fails when told, does as much as told, and counts.
#include "base/clock.h"
#include "io/faulty_files.h"
#include "support/faulty_directory.h"

namespace skiplith::testing {
namespace {

class FaultyFilesTest : public ::testing::Test {
 protected:
  FaultyDirectory directory_;
  FaultyFiles files_{posix_files()};
};

TEST_F(FaultyFilesTest, TheNthCallFailsOnce) {
  auto file = files_.create_appendable(directory_.path("f"));
  ASSERT_TRUE((*file)->append("a").is_ok());
  files_.fail_at({.operation = Operation::kAppend, .nth = 2, .error_number = ENOSPC});
  EXPECT_TRUE((*file)->append("b").is_ok());
  const Status status = (*file)->append("c");
  EXPECT_EQ(status.error_number(), ENOSPC);
  EXPECT_EQ(status.path(), directory_.path("f"));
  EXPECT_TRUE((*file)->append("d").is_ok());
  EXPECT_EQ(directory_.read("f"), "abd");
  EXPECT_EQ(files_.calls(Operation::kAppend), 4u);
  EXPECT_EQ(files_.failures(Operation::kAppend), 1u);
}

TEST_F(FaultyFilesTest, StickyFaultsLastUntilHealed) {
  files_.fail_at({.operation = Operation::kSyncDirectory, .sticky = true});
  EXPECT_FALSE(files_.sync_directory(directory_.path()).is_ok());
  EXPECT_FALSE(files_.sync_directory(directory_.path()).is_ok());
  files_.heal();
  EXPECT_TRUE(files_.sync_directory(directory_.path()).is_ok());
}

TEST_F(FaultyFilesTest, AFailingCallMayHaveDoneItsWork) {
  auto file = files_.create_appendable(directory_.path("f"));
  files_.fail_at({.operation = Operation::kAppend, .nth = 1, .done = Done::kHalf});
  files_.fail_at({.operation = Operation::kAppend, .nth = 2, .done = Done::kAll});
  EXPECT_FALSE((*file)->append("abcd").is_ok());
  EXPECT_FALSE((*file)->append("efgh").is_ok());
  EXPECT_EQ(directory_.read("f"), "abefgh");
  files_.fail_at({.operation = Operation::kRename, .done = Done::kAll});
  EXPECT_FALSE(files_.rename(directory_.path("f"), directory_.path("g")).is_ok());
  EXPECT_TRUE(directory_.has("g"));
}

TEST_F(FaultyFilesTest, SegmentsFailToo) {
  files_.fail_at({.operation = Operation::kCreateSegment});
  const std::string path = directory_.path("000001.log");
  EXPECT_FALSE(files_.create_segment(path, SinkForm::kWrite, 4096, 65536).is_ok());
  auto segment = files_.create_segment(path, SinkForm::kWrite, 4096, 65536);
  ASSERT_TRUE(segment.is_ok());
  for (const Operation operation : {Operation::kSegmentGrow, Operation::kSegmentWrite,
                                    Operation::kSegmentSync, Operation::kSegmentFinish}) {
    files_.fail_at({.operation = operation});
  }
  EXPECT_FALSE((*segment)->grow(8192).is_ok());
  EXPECT_EQ((*segment)->capacity(), 4096u);
  EXPECT_FALSE((*segment)->write(0, "x").is_ok());
  EXPECT_FALSE((*segment)->sync().is_ok());
  EXPECT_FALSE((*segment)->finish(4096).is_ok());
  EXPECT_EQ(directory_.read("000001.log"), std::string(4096, '\0'));
  EXPECT_TRUE((*segment)->write(0, "x").is_ok());
  EXPECT_TRUE((*segment)->sync().is_ok());
}

TEST_F(FaultyFilesTest, FaultsStrikeByTheNameOfTheFile) {
  directory_.write("000001.log", "");
  directory_.write("000002.sst", "");
  directory_.write("CURRENT.tmp", "");
  files_.fail_at({.operation = Operation::kOpenReadable, .path = "*.sst", .nth = 2});
  const auto open = [&](const char* name) {
    return files_.open_readable(directory_.path(name)).is_ok();
  };
  EXPECT_TRUE(open("000002.sst"));
  EXPECT_TRUE(open("000001.log"));  // no match: not counted
  EXPECT_FALSE(open("000002.sst"));
  EXPECT_TRUE(open("000002.sst"));
  EXPECT_EQ(files_.calls(Operation::kOpenReadable), 4u);

  // A rename by either name.
  files_.fail_at({.operation = Operation::kRename, .path = "CURRENT"});
  files_.fail_at({.operation = Operation::kRename, .path = "*.tmp"});
  const auto rename = [&] {
    return files_.rename(directory_.path("CURRENT.tmp"), directory_.path("CURRENT")).is_ok();
  };
  EXPECT_FALSE(rename());  // both counted it, one call failed
  EXPECT_EQ(files_.failures(Operation::kRename), 1u);
  EXPECT_TRUE(rename());
}

TEST_F(FaultyFilesTest, ADelayIsNoFailure) {
  files_.fail_at({.operation = Operation::kList, .error_number = 0, .delay_ms = 20});
  const uint64_t begun = monotonic_ns();
  EXPECT_TRUE(files_.list(directory_.path()).is_ok());
  EXPECT_GE(monotonic_ns() - begun, 20'000'000u);  // it cannot have been less
  EXPECT_EQ(files_.failures(Operation::kList), 0u);
}

TEST_F(FaultyFilesTest, LooksAndLocksFailToo) {
  files_.fail_at({.operation = Operation::kKindOf});
  files_.fail_at({.operation = Operation::kLock, .error_number = ENOLCK});
  EXPECT_EQ(files_.kind_of(directory_.path()).status().error_number(), EIO);
  EXPECT_EQ(files_.lock(directory_.path(), false).status().error_number(), ENOLCK);
  EXPECT_TRUE(files_.lock(directory_.path(), false).is_ok());
}

TEST_F(FaultyFilesTest, EveryOperationHasAName) {
  for (size_t i = 0; i < kOperations; ++i) {
    const auto operation = static_cast<Operation>(i);
    EXPECT_EQ(operation_named(operation_name(operation)), operation);
  }
  EXPECT_STREQ(operation_name(Operation::kLock), "lock");
  EXPECT_EQ(operation_named("mistake"), std::nullopt);
}

}  // namespace
}  // namespace skiplith::testing
