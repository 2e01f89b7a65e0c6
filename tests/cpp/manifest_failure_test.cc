// What failed calls and kills leave behind, at every step.
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "support/manifest_testing.h"

namespace skiplith::testing {
namespace {

using ManifestFailureTest = ManifestTest;

struct Step {
  const char* name;
  std::function<std::unique_ptr<Manifest>(Files&, const std::string&)> begin;
  Operation operation;
  uint64_t nth;
};

TEST_F(ManifestFailureTest, AFailureQuarantinesAndLeavesOldOrNew) {
  // What one edit does to the files: appended to an open manifest, or first after loading.
  const auto opened = [](Files& files, const std::string& directory) {
    return create_manifest(files, directory);
  };
  const auto loaded = [](Files& files, const std::string& directory) {
    add_segment(*create_manifest(files, directory));
    return std::move(*Manifest::load(files, directory));
  };
  const Step steps[] = {
      {"append", opened, Operation::kAppend, 1},
      {"append", opened, Operation::kAppendSync, 1},
      {"new file", loaded, Operation::kCreateAppendable, 1},
      {"new file", loaded, Operation::kAppend, 1},
      {"new file", loaded, Operation::kAppendSync, 1},
      {"new file", loaded, Operation::kSyncDirectory, 1},
      {"CURRENT.tmp", loaded, Operation::kCreateAppendable, 2},
      {"CURRENT.tmp", loaded, Operation::kAppend, 2},
      {"CURRENT.tmp", loaded, Operation::kAppendSync, 2},
      {"CURRENT.tmp", loaded, Operation::kAppendClose, 1},
      {"CURRENT", loaded, Operation::kRename, 1},
      {"CURRENT", loaded, Operation::kSyncDirectory, 2},
  };
  for (const Step& step : steps) {
    for (const Done done : {Done::kNothing, Done::kHalf, Done::kAll}) {
      if (done == Done::kHalf && step.operation != Operation::kAppend) continue;
      SCOPED_TRACE(std::string(step.name) + ", operation " +
                   std::to_string(static_cast<int>(step.operation)) + ", done " +
                   std::to_string(static_cast<int>(done)));
      FaultyDirectory directory;
      FaultyFiles files(posix_files());
      auto manifest = step.begin(files, directory.path());
      const ManifestState before = manifest->state();
      const uint64_t number = manifest->take_file_number();
      directory.write(make_file_name({FileType::kSegment, number}), "");
      files.fail_at(
          {.operation = step.operation, .nth = step.nth, .error_number = ENOSPC, .done = done});
      const Status first = manifest->append({.added_segments = {number}});
      EXPECT_EQ(first.error_number(), ENOSPC);
      EXPECT_EQ(files.failures(step.operation), 1u);
      EXPECT_EQ(manifest->state(), before);

      // Quarantine: the same answer, and no further call.
      const std::vector<std::string> names = directory.names();
      const uint64_t removals = files.calls(Operation::kRemove);
      const uint64_t appends = files.calls(Operation::kAppend);
      const Status second = manifest->append({.base_sequence = 1});
      EXPECT_EQ(second.to_string(), first.to_string());
      EXPECT_EQ(second.error_number(), ENOSPC);
      EXPECT_EQ(manifest->failure().error_number(), ENOSPC);
      EXPECT_EQ(files.calls(Operation::kAppend), appends);
      EXPECT_EQ(files.calls(Operation::kRemove), removals);
      EXPECT_EQ(directory.names(), names);

      // What it leaves can be opened, is old or new, and goes on.
      manifest.reset();
      manifest = load_manifest(directory.path());
      std::set<uint64_t> with = before.live_segments;
      with.insert(number);
      const std::set<uint64_t> found = manifest->state().live_segments;
      EXPECT_TRUE(found == before.live_segments || found == with);
      const uint64_t next = add_segment(*manifest);
      EXPECT_NE(next, number);
      EXPECT_TRUE(load_manifest(directory.path())->state().live_segments.contains(next));
    }
  }
}

TEST_F(ManifestFailureTest, AFailedCreationLeavesNoDatabaseOrAWholeOne) {
  const Fault faults[] = {
      {.operation = Operation::kCreateAppendable, .nth = 1},
      {.operation = Operation::kAppend, .nth = 1, .done = Done::kHalf},
      {.operation = Operation::kAppendSync, .nth = 1},
      {.operation = Operation::kSyncDirectory, .nth = 1},
      {.operation = Operation::kCreateAppendable, .nth = 2, .done = Done::kAll},
      {.operation = Operation::kAppend, .nth = 2, .done = Done::kHalf},
      {.operation = Operation::kAppendSync, .nth = 2},
      {.operation = Operation::kRename, .nth = 1},
      {.operation = Operation::kRename, .nth = 1, .done = Done::kAll},
      {.operation = Operation::kSyncDirectory, .nth = 2},
  };
  for (const Fault& fault : faults) {
    FaultyDirectory directory;
    FaultyFiles files(posix_files());
    files.fail_at(fault);
    auto failed = Manifest::create(files, directory.path(), kDatabase, {});
    EXPECT_EQ(failed.status().error_number(), EIO);
    const auto found = Manifest::load(posix_files(), directory.path());
    EXPECT_TRUE(found.is_ok() || found.status().code() == StatusCode::kNotFound);
    auto manifest = create_manifest(files, directory.path());
    EXPECT_EQ(load_manifest(directory.path())->state(), manifest->state());
  }
}

TEST_F(ManifestFailureTest, TheOldFileOutlivesAnyDoubtAboutCurrent) {
  const std::string old_file = file_of(*create());
  for (const Operation operation : {Operation::kRename, Operation::kSyncDirectory}) {
    auto manifest = Manifest::load(files_, directory_.path());
    files_.fail_at({.operation = operation, .nth = operation == Operation::kRename ? 1u : 2u});
    EXPECT_FALSE((*manifest)->append({}).is_ok());
    EXPECT_TRUE(directory_.has(old_file));
  }
}

TEST_F(ManifestFailureTest, AFailedRemovalOfTheOldFileIsNoFailure) {
  create();
  auto manifest = Manifest::load(files_, directory_.path());
  files_.fail_at({.operation = Operation::kRemove, .sticky = true});
  expect_ok((*manifest)->append({}));
  EXPECT_EQ(*(*manifest)->orphans(),
            (std::vector<std::string>{directory_.path("000001.manifest")}));
}

TEST_F(ManifestFailureTest, EachStepIsDurableBeforeTheNext) {
  create();
  auto manifest = Manifest::load(files_, directory_.path());
  sync_points::on(SyncPoint::manifest_written, [&] {
    EXPECT_EQ(files_.calls(Operation::kAppendSync), files_.calls(Operation::kAppend));
    EXPECT_EQ(files_.calls(Operation::kSyncDirectory), 3u);  // two by create()
    EXPECT_EQ(files_.calls(Operation::kRename), 1u);
    EXPECT_EQ(load_manifest(directory_.path())->number(), 1u);
  });
  sync_points::arm();
  expect_ok((*manifest)->append({}));
  EXPECT_EQ(sync_points::hits(SyncPoint::manifest_written), 1u);
  EXPECT_EQ(files_.calls(Operation::kRename), 2u);
  EXPECT_EQ(files_.calls(Operation::kSyncDirectory), 4u);

  sync_points::on(SyncPoint::manifest_appended, [&] {
    EXPECT_EQ(files_.calls(Operation::kAppendSync) + 1, files_.calls(Operation::kAppend));
  });
  expect_ok((*manifest)->append({}));
  EXPECT_EQ(sync_points::hits(SyncPoint::manifest_appended), 1u);
  EXPECT_EQ(files_.calls(Operation::kAppendSync), files_.calls(Operation::kAppend));
}

TEST_F(ManifestFailureTest, AKillLeavesOldOrNew) {
  for (const SyncPoint point : {SyncPoint::manifest_written, SyncPoint::manifest_appended}) {
    FaultyDirectory directory;
    const uint64_t first = add_segment(*create_manifest(posix_files(), directory.path()));
    const pid_t child = fork();
    if (child == 0) {
      sync_points::kill_at(point, 1);
      auto manifest = Manifest::load(posix_files(), directory.path());
      for (int i = 0; i < 2; ++i) {
        const uint64_t number = (*manifest)->take_file_number();
        (void)(*manifest)->append({.added_segments = {number}});
      }
      _exit(0);
    }
    int outcome = 0;
    ASSERT_EQ(waitpid(child, &outcome, 0), child);
    ASSERT_TRUE(WIFSIGNALED(outcome));
    auto manifest = load_manifest(directory.path());
    // Killed at manifest_written: CURRENT names the old file. At manifest_appended: the bytes of
    // a dead process are there.
    const size_t expected = point == SyncPoint::manifest_written ? 1 : 3;
    EXPECT_EQ(manifest->state().live_segments.size(), expected);
    EXPECT_TRUE(manifest->state().live_segments.contains(first));
    const uint64_t next = add_segment(*manifest);
    EXPECT_FALSE(manifest->orphans()->size() > 1);
    EXPECT_TRUE(load_manifest(directory.path())->state().live_segments.contains(next));
  }
}

}  // namespace
}  // namespace skiplith::testing
