// Loads: pairs that go straight into tables, all of them or none, beside everything else.
#include "db/loader.h"

#include <atomic>
#include <map>
#include <thread>

#include "db/snapshots.h"
#include "db/transaction.h"
#include "io/memory_files.h"
#include "lsm/load_level.h"
#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

using Pairs = std::map<std::string, std::string>;

std::string key_of(int i) {
  std::string digits = std::to_string(i);
  return "key" + std::string(6 - digits.size(), '0') + digits;
}

Pairs pairs_from(int first, int count, const std::string& value) {
  Pairs pairs;
  for (int i = first; i < first + count; ++i) pairs[key_of(i)] = value;
  return pairs;
}

Status add(Loader& loader, const Pairs& pairs) {
  Batch batch;
  for (const auto& [key, value] : pairs) SKIPLITH_RETURN_IF_ERROR(batch.put(key, value));
  return loader.add(batch);
}

Status load(Database& database, const Pairs& pairs) {
  auto loader = database.loader();
  if (!loader.is_ok()) return loader.take_status();
  SKIPLITH_RETURN_IF_ERROR(add(**loader, pairs));
  return (*loader)->finish();
}

Pairs pairs_at(DbCursor& cursor) {
  Pairs pairs;
  Status status = cursor.first();
  while (status.is_ok() && cursor.valid()) {
    pairs[std::string(cursor.key())] = cursor.value();
    status = cursor.next();
  }
  EXPECT_TRUE(status.is_ok()) << status.to_string();
  return pairs;
}

Pairs pairs_in(Database& database) { return pairs_at(**database.cursor()); }

class LoadTest : public DatabaseTest {
 protected:
  ~LoadTest() override { database_.reset(); }
  Files& files() override { return faulty_; }
  uint64_t tables(uint32_t level) { return database_->stats()->levels[level].tables; }
  uint64_t table_files() const {
    uint64_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() == ".sst") ++count;
    }
    return count;
  }

  FaultyFiles faulty_{posix_files()};
};

TEST_F(LoadTest, LoadedPairsAreReadByKeyAndInOrderAndAfterReopening) {
  options_.compression = every_level(Compression::kNone);
  open();
  const Pairs pairs = pairs_from(0, 3000, std::string(100, 'v'));
  expect_ok(load(*database_, pairs));
  EXPECT_GT(tables(kLastLevel), 3u);  // cut at their size, at the bottom
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(get(key_of(2999)), std::string(100, 'v'));
    EXPECT_EQ(get("key"), "<absent>");
    EXPECT_EQ(pairs_in(*database_), pairs);
    expect_ok(database_->verify());
    reopen();
    EXPECT_EQ(database_->stats()->recovered_records, 0u);
  }
}

TEST_F(LoadTest, ALoadIsNewerThanWhatWasWrittenBeforeWhereverThatLies) {
  open();
  put(key_of(1), "in a deep table");
  expect_ok(database_->flush(true));
  expect_ok(database_->compact({}, {}, [] { return true; }));
  put(key_of(2), "in level 0");
  expect_ok(database_->flush(true));
  put(key_of(3), "in memory");
  expect_ok(load(*database_, pairs_from(0, 5, "loaded")));
  EXPECT_EQ(pairs_in(*database_), pairs_from(0, 5, "loaded"));
  expect_ok(database_->compact({}, {}, [] { return true; }));
  EXPECT_EQ(pairs_in(*database_), pairs_from(0, 5, "loaded"));
  reopen();
  EXPECT_EQ(pairs_in(*database_), pairs_from(0, 5, "loaded"));
}

TEST_F(LoadTest, WhatIsWrittenLaterIsNewerThanALoad) {
  open();
  expect_ok(load(*database_, pairs_from(0, 4, "loaded")));
  put(key_of(1), "later");
  expect_ok(database_->erase(key_of(2), false));
  expect_ok(load(*database_, pairs_from(3, 1, "loaded later")));
  const Pairs expected = {{key_of(0), "loaded"}, {key_of(1), "later"}, {key_of(3), "loaded later"}};
  EXPECT_EQ(pairs_in(*database_), expected);
  expect_ok(database_->compact({}, {}, [] { return true; }));
  EXPECT_EQ(pairs_in(*database_), expected);
  reopen();
  EXPECT_EQ(pairs_in(*database_), expected);
}

TEST_F(LoadTest, SnapshotsAndReadPointsFromBeforeDoNotSeeALoad) {
  open();
  put(key_of(1), "before");
  const auto snapshot = std::move(*database_->snapshot());
  const ReadPoint point = *database_->read_point();
  expect_ok(load(*database_, pairs_from(0, 3, "loaded")));
  for (int round = 0; round < 2; ++round) {
    Value value;
    expect_ok(database_->get(*snapshot, key_of(1), &value));
    EXPECT_EQ(value.bytes(), "before");
    expect_ok(database_->get(*snapshot, key_of(0), &value));
    EXPECT_FALSE(value.found());
    EXPECT_EQ(get_at(point, key_of(2)), "<absent>");
    DbCursor then(database_, *database_->read_point(*snapshot));
    EXPECT_EQ(pairs_at(then), (Pairs{{key_of(1), "before"}}));
    EXPECT_EQ(pairs_in(*database_), pairs_from(0, 3, "loaded"));
    // The loaded table and the older one become one.
    expect_ok(database_->compact({}, {}, [] { return true; }));
  }
}

TEST_F(LoadTest, CursorsFromBeforePassOverLoadedTablesOfADeepLevel) {
  options_.compaction = CompactionStyle::kNone;  // which would join them
  open();
  expect_ok(load(*database_, pairs_from(10, 1, "first")));
  expect_ok(load(*database_, pairs_from(30, 1, "first")));
  const ReadPoint point = *database_->read_point();
  const auto snapshot = std::move(*database_->snapshot());
  for (const int i : {0, 20, 40}) expect_ok(load(*database_, pairs_from(i, 1, "second")));
  EXPECT_EQ(tables(kLastLevel), 5u);
  DbCursor cursor(database_, *database_->read_point(*snapshot));
  EXPECT_EQ(pairs_at(cursor), (Pairs{{key_of(10), "first"}, {key_of(30), "first"}}));
  expect_ok(cursor.last());
  EXPECT_EQ(cursor.key(), key_of(30));
  expect_ok(cursor.prev());
  EXPECT_EQ(cursor.key(), key_of(10));
  expect_ok(cursor.prev());
  EXPECT_FALSE(cursor.valid());
  expect_ok(cursor.seek(key_of(11)));
  EXPECT_EQ(cursor.key(), key_of(30));
  expect_ok(cursor.seek_for_prev(key_of(29)));
  EXPECT_EQ(cursor.key(), key_of(10));
  EXPECT_EQ(get_at(point, key_of(20)), "<absent>");
}

TEST_F(LoadTest, ATransactionThatHasReadBeforeALoadConflicts) {
  open();
  put("a", "1");
  for (const bool has_read : {true, false}) {
    Transaction transaction(database_);
    Value value;
    if (has_read) expect_ok(transaction.get("a", &value));
    expect_ok(transaction.put("b", "2"));
    expect_ok(load(*database_, {{"a", "loaded"}}));
    EXPECT_EQ(transaction.commit(false).code(), has_read ? StatusCode::kConflict : StatusCode::kOk);
  }
}

TEST_F(LoadTest, WhatIsNotAscendingIsRefusedAndLeavesNoFile) {
  open();
  for (const std::string wrong : {"key", "jey"}) {
    auto loader = std::move(*database_->loader());
    expect_ok(add(*loader, {{"key", "1"}}));
    EXPECT_GT(table_files(), 0u);
    EXPECT_EQ(add(*loader, {{wrong, "2"}}).code(), StatusCode::kInvalidArgument);
    loader.reset();
    EXPECT_EQ(table_files(), 0u);
  }
  EXPECT_TRUE(pairs_in(*database_).empty());
}

TEST_F(LoadTest, AFailureLeavesNothingButAFailedManifestPoisons) {
  const Pairs before = pairs_from(0, 2, "before");
  const Pairs loaded = pairs_from(0, 1000, std::string(200, 'l'));
  int mended = 0, failures = 0, poisonings = 0;
  for (const Operation operation :
       {Operation::kCreateAppendable, Operation::kAppend, Operation::kAppendSync,
        Operation::kSyncDirectory, Operation::kAppendClose, Operation::kCreateSegment}) {
    bool struck = true;
    for (uint64_t nth = 1; struck; ++nth) {
      SCOPED_TRACE(std::string(operation_name(operation)) + " " + std::to_string(nth));
      MemoryFiles memory(SinkForm::kWrite);
      FaultyFiles faulty(memory);
      auto database = std::move(*Database::open(faulty, "/db", OpenMode::kCreate, options_));
      for (const auto& [key, value] : before) expect_ok(database->put(key, value, false));
      faulty.fail_at({.operation = operation, .nth = nth, .error_number = ENOSPC});
      const Status status = load(*database, loaded);
      struck = faulty.failures(operation) > 0;
      faulty.heal();
      EXPECT_EQ(pairs_in(*database), status.is_ok() ? loaded : before);
      const bool poisoned = database->put("x", "1", false).code() == StatusCode::kPoisoned;
      // Where the manifest was struck before the load's own edit, nothing goes to tables any more.
      const bool loads = status.is_ok() || load(*database, loaded).is_ok();
      if (!status.is_ok()) ++(poisoned ? poisonings : loads ? mended : failures);
      database.reset();
      database = std::move(*Database::open(memory, "/db", OpenMode::kCreate, options_));
      Pairs found = pairs_in(*database);
      EXPECT_EQ(found.erase("x"), poisoned ? 0u : 1u);
      EXPECT_TRUE(found == (loads ? loaded : before) || (poisoned && found == loaded));
      expect_ok(database->verify());
    }
  }
  EXPECT_GT(mended, 5);
  EXPECT_GT(failures, 0);
  EXPECT_GT(poisonings, 0);
}

TEST_F(LoadTest, ALoadGoesToTheDeepestLevelAboveWhatItOverlaps) {
  const auto table = [](uint32_t level, const char* from, const char* to) {
    TableMeta meta;
    meta.level = level;
    meta.smallest_key = from;
    meta.largest_key = to;
    return meta;
  };
  LevelMetas levels;
  EXPECT_EQ(level_for_load(levels, {"a", "c"}, nullptr), kLastLevel);
  levels[6] = {table(6, "c", "d"), table(6, "x", "z")};
  levels[4] = {table(4, "f", "g")};
  levels[0] = {table(0, "k", "m")};
  EXPECT_EQ(level_for_load(levels, {"a", "b"}, nullptr), 6u);
  EXPECT_EQ(level_for_load(levels, {"e", "e"}, nullptr), 6u);
  EXPECT_EQ(level_for_load(levels, {"a", "c"}, nullptr), 5u);
  EXPECT_EQ(level_for_load(levels, {"d", "f"}, nullptr), 3u);
  EXPECT_EQ(level_for_load(levels, {"a", "k"}, nullptr), 0u);
  const CompactionPlan running{.output_level = 5, .range = {"o", "r"}};
  EXPECT_EQ(level_for_load(levels, {"p", "p"}, &running), 4u);
  EXPECT_EQ(level_for_load(levels, {"s", "t"}, &running), 6u);
}

TEST_F(LoadTest, WritersFlushesAndCompactionsGoOnBesideLoads) {
  open();
  constexpr int kLoads = 30, kWriters = 2;
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      // Counters in the loaded range that no load has, and keys that every load has.
      for (int n = 1; !over.load(); ++n) {
        put("counter" + std::to_string(writer), std::to_string(n));
        put(key_of(n % 200), std::string(300, 'w'));
      }
    });
  }
  threads.emplace_back([&] {
    while (!over.load()) {
      // Of one moment: the pairs of a load are all there or none is.
      auto point = database_->read_point();
      ASSERT_TRUE(point.is_ok());
      EXPECT_EQ(get_at(*point, "all0"), get_at(*point, "all1"));
    }
  });
  for (int n = 0; n < kLoads; ++n) {
    Pairs pairs = pairs_from(0, 200, std::string(300, 'l'));
    pairs["all0"] = pairs["all1"] = std::to_string(n);
    expect_ok(load(*database_, pairs));
    EXPECT_EQ(get("all0"), std::to_string(n));
    if (n % 7 == 3) expect_ok(database_->compact({}, {}, [] { return true; }));
  }
  over.store(true);
  for (std::thread& thread : threads) thread.join();
  expect_ok(load(*database_, pairs_from(0, 200, "last")));
  for (int life = 0; life < 2; ++life) {
    for (const auto& [key, value] : pairs_from(0, 200, "last")) ASSERT_EQ(get(key), value);
    EXPECT_EQ(get("all1"), std::to_string(kLoads - 1));
    expect_ok(database_->verify());
    reopen();
  }
}

TEST_F(LoadTest, TwoLoadsAtOnceAreOneAfterTheOther) {
  open();
  auto first = std::move(*database_->loader());
  auto second = std::move(*database_->loader());
  expect_ok(add(*first, pairs_from(0, 3, "first")));
  expect_ok(add(*second, pairs_from(1, 3, "second")));
  expect_ok(second->finish());
  expect_ok(first->finish());
  Pairs expected = pairs_from(0, 3, "first");
  expected[key_of(3)] = "second";
  EXPECT_EQ(pairs_in(*database_), expected);
}

TEST_F(LoadTest, AWriteThatCameInTheLastMomentIsOlderThanTheLoad) {
  open();
  put(key_of(0), "0");
  sync_points::Pause pause(SyncPoint::load_turn, 1);
  std::thread loading([&] { expect_ok(load(*database_, pairs_from(0, 2, "loaded"))); });
  ASSERT_TRUE(pause.wait_reached(1, kSoonMs));
  put(key_of(0), "late");
  EXPECT_EQ(get(key_of(1)), "<absent>");
  expect_ok(database_->erase(key_of(1), false));
  pause.release();
  loading.join();
  EXPECT_EQ(pairs_in(*database_), pairs_from(0, 2, "loaded"));
  reopen();
  EXPECT_EQ(pairs_in(*database_), pairs_from(0, 2, "loaded"));
}

TEST_F(LoadTest, AfterAClearOnlyTheLoadIsThere) {
  open();
  put("old", "1");
  expect_ok(database_->clear(false));
  expect_ok(load(*database_, {{"a", "1"}}));
  EXPECT_EQ(pairs_in(*database_), (Pairs{{"a", "1"}}));
  expect_ok(database_->clear(false));
  EXPECT_TRUE(pairs_in(*database_).empty());
  expect_ok(load(*database_, {{"b", "1"}}));
  reopen();
  EXPECT_EQ(pairs_in(*database_), (Pairs{{"b", "1"}}));
}

TEST_F(LoadTest, WithoutALogALoadIsDurableWithAllBeforeIt) {
  options_.wal = false;
  MemoryFiles memory(SinkForm::kWrite);
  auto database = std::move(*Database::open(memory, "/db", OpenMode::kCreate, options_));
  expect_ok(database->put("before", "1", false));
  expect_ok(load(*database, {{"loaded", "1"}}));
  expect_ok(database->put("later", "1", false));
  const auto left = memory.crash(0, 0);
  const auto again = std::move(*Database::open(*left, "/db", OpenMode::kCreate, options_));
  EXPECT_EQ(pairs_in(*again), (Pairs{{"before", "1"}, {"loaded", "1"}}));
}

}  // namespace
}  // namespace skiplith::testing
