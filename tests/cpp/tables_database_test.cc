// A database whose data is in tables: flushes, compactions, clears, reopening, against a map.

#include <algorithm>
#include <map>
#include <random>

#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

using sync_points::hits;

class TablesTest : public DatabaseTest {
 protected:
  ~TablesTest() override { database_.reset(); }
  Files& files() override { return faulty_; }

  using Model = std::map<std::string, std::string>;

  void flush() { expect_ok(database_->flush(true)); }
  void compact() {
    expect_ok(database_->compact({}, {}, [] { return true; }));
  }
  uint64_t tables(uint32_t level) { return database_->stats()->levels[level].tables; }
  uint64_t tables() {
    uint64_t count = 0;
    for (uint32_t level = 0; level < kLevels; ++level) count += tables(level);
    return count;
  }
  void expect_holds(const Model& model) {
    auto cursor = std::move(*database_->cursor());
    auto expected = model.begin();
    expect_ok(cursor->first());
    for (; cursor->valid() && expected != model.end(); ++expected) {
      ASSERT_EQ(cursor->key(), expected->first);
      ASSERT_EQ(cursor->value(), expected->second);
      expect_ok(cursor->next());
    }
    ASSERT_FALSE(cursor->valid());
    ASSERT_EQ(expected, model.end());
    expect_ok(cursor->last());
    for (auto back = model.rbegin(); back != model.rend(); ++back) {
      ASSERT_TRUE(cursor->valid());
      ASSERT_EQ(cursor->key(), back->first);
      expect_ok(cursor->prev());
    }
    for (const auto& [key, value] : model) ASSERT_EQ(get(key), value);
  }
  std::vector<std::string> names(const std::string& extension) {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() == extension) found.push_back(file.path().filename());
    }
    std::ranges::sort(found);
    return found;
  }

  FaultyFiles faulty_{posix_files()};
};

TEST_F(TablesTest, AFlushMovesTheDataToATableAndEndsTheSegment) {
  open();
  put("a", "1");
  put("big", std::string(100'000, 'b'));
  const auto before = names(".log");
  flush();
  EXPECT_EQ(tables(0), 1u);
  EXPECT_EQ(database_->stats()->frozen_memtables, 0u);
  // The background thread's last step.
  while (names(".log").front() == before.front()) std::this_thread::yield();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("big"), std::string(100'000, 'b'));
  EXPECT_EQ(get("b"), "<absent>");
  flush();  // nothing to do
  EXPECT_EQ(tables(0), 1u);
  reopen();
  EXPECT_EQ(tables(0), 1u);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(TablesTest, RecoveryEndsInTablesAndAnEmptyLog) {
  open();
  put("a", "1");
  reopen();
  EXPECT_EQ(tables(0), 1u);
  EXPECT_EQ(database_->stats()->recovered_records, 1u);
  reopen();
  EXPECT_EQ(database_->stats()->recovered_records, 0u);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(TablesTest, CompactionLeavesOneVersionAndNoTombstone) {
  options_.compaction = CompactionStyle::kNone;
  open();
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) put("k" + std::to_string(i), std::to_string(round));
    expect_ok(database_->erase("k7", false));
    flush();
  }
  EXPECT_EQ(tables(0), 5u);
  const ReadPoint point = *database_->read_point();
  compact();
  EXPECT_EQ(tables(), 1u);
  EXPECT_EQ(tables(kLevels - 1), 1u);
  EXPECT_EQ(get("k8"), "4");
  EXPECT_EQ(get("k7"), "<absent>");
  EXPECT_EQ(get_at(point, "k8"), "4");  // opens a table that the manifest has dropped
  const auto content = *database_->stats();
  EXPECT_EQ(content.compactions, 1u);
  expect_ok(database_->verify());
  reopen();
  EXPECT_EQ(get("k8"), "4");
  EXPECT_EQ(names(".sst").size(), 1u);
}

TEST_F(TablesTest, DeletingEverythingLeavesNoTable) {
  open();
  for (int i = 0; i < 1000; ++i) put("k" + std::to_string(i), "v");
  flush();
  for (int i = 0; i < 1000; ++i) expect_ok(database_->erase("k" + std::to_string(i), false));
  flush();
  // Nobody writes any more, nobody asks: tombstones alone are reason enough.
  while (tables() != 0) std::this_thread::yield();
  EXPECT_EQ(get("k1"), "<absent>");
}

TEST_F(TablesTest, ManySmallFlushesOfAscendingKeysEndInFewTables) {
  open();
  Model model;
  for (int i = 100; i < 200; ++i) {
    put("k" + std::to_string(i), model["k" + std::to_string(i)] = std::to_string(i));
    flush();
  }
  // Three in level 0, and below a few of ever half the size.
  while (tables() > 3 + 7) std::this_thread::yield();
  expect_holds(model);
  expect_ok(database_->verify());
  reopen();
  expect_holds(model);
}

TEST_F(TablesTest, TieredRunsStayAboveALargerOneUntilTheyAreOfItsSize) {
  options_.compaction = CompactionStyle::kTiered;
  options_.compression = every_level(Compression::kNone);
  open();
  Model model;
  const auto write = [&](int first, int step, const std::string& value) {
    for (int i = 1000 + first; i < 2000; i += step) {
      put("k" + std::to_string(i), model["k" + std::to_string(i)] = value);
    }
    flush();
  };
  write(0, 1, std::string(15, 'a'));
  compact();
  const uint64_t below = tables(6);
  ASSERT_EQ(tables(), below);
  // Four flushes that meet each other become a run, which is smaller than the one below.
  const auto four_times = [&](const std::string& value) {
    const uint64_t before = tables(0);
    for (int round = 0; round < 4; ++round) write(round, 100, value + std::to_string(round));
    while (tables(0) != before) std::this_thread::yield();
  };
  four_times("b");
  EXPECT_EQ(tables(5), 1u);
  EXPECT_EQ(tables(6), below);
  // The next is of the size of that one, and merged with it.
  four_times("c");
  EXPECT_EQ(tables(4), 0u);
  EXPECT_EQ(tables(5), 1u);
  EXPECT_EQ(tables(6), below);
  expect_holds(model);
  options_.compaction = CompactionStyle::kLeveled;
  reopen();
  expect_holds(model);
  compact();
  EXPECT_EQ(tables(), tables(6));
  expect_holds(model);
}

TEST_F(TablesTest, ClearEndsTablesAndSegmentsOnceItIsDurable) {
  open();
  put("a", "1");
  flush();
  put("b", "2");
  const ReadPoint before = *database_->read_point();
  expect_ok(database_->clear(false));
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get_at(before, "a"), "1");
  while (hits(SyncPoint::clear_finished) == 0) std::this_thread::yield();
  EXPECT_EQ(get_at(before, "a"), "1");
  put("c", "3");
  reopen();
  EXPECT_EQ(get("a"), "<absent>");
  EXPECT_EQ(get("b"), "<absent>");
  EXPECT_EQ(get("c"), "3");
}

TEST_F(TablesTest, AClearDuringAFlushOrACompactionWins) {
  for (const SyncPoint point :
       {SyncPoint::flush_begin, SyncPoint::flush_written, SyncPoint::flush_named,
        SyncPoint::compaction_begin, SyncPoint::compaction_written, SyncPoint::compaction_named}) {
    open(OpenMode::kNew);
    for (int i = 0; i < 3; ++i) {
      put("old", std::to_string(i));
      flush();
    }
    put("old", "last");
    {
      sync_points::Pause pause(point, 1);
      expect_ok(database_->flush(false));
      std::thread compacting([&] { (void)database_->compact({}, {}, [] { return true; }); });
      ASSERT_TRUE(pause.wait_reached(1, kSoonMs));
      expect_ok(database_->clear(false));
      put("new", "1");
      pause.release();
      compacting.join();
    }
    flush();
    expect_holds({{"new", "1"}});
    reopen();
    expect_holds({{"new", "1"}});
    expect_ok(database_->close());
    EXPECT_LE(names(".sst").size(), 1u);
  }
}

TEST_F(TablesTest, AFailedFlushIsToldAndTriedAgainAndLosesNothing) {
  for (const Operation operation :
       {Operation::kCreateAppendable, Operation::kAppend, Operation::kAppendSync}) {
    open(OpenMode::kNew);
    put("a", "1");
    faulty_.fail_at({.operation = operation, .error_number = ENOSPC, .sticky = true});
    const Status failed = database_->flush(true);
    EXPECT_EQ(failed.code(), StatusCode::kStorage) << failed.to_string();
    EXPECT_EQ(failed.error_number(), ENOSPC);
    EXPECT_EQ(get("a"), "1");
    // The first append is the manifest's, for the next segment: nothing is flushed after it.
    const bool quarantined = operation != Operation::kCreateAppendable;
    EXPECT_EQ((*database_->stats()).background_error.empty(), quarantined);
    faulty_.heal();
    if (quarantined) reopen();
    while (database_->stats()->frozen_memtables != 0) std::this_thread::yield();
    EXPECT_EQ(get("a"), "1");
    reopen();
    EXPECT_EQ(get("a"), "1");
    expect_ok(database_->close());
  }
}

TEST_F(TablesTest, WritersHearOfAFlushThatCannotBeInsteadOfHanging) {
  open();
  faulty_.fail_at(
      {.operation = Operation::kCreateAppendable, .error_number = ENOSPC, .sticky = true});
  Status failed;
  int written = 0;
  for (; failed.is_ok(); ++written) {
    failed = database_->put("k" + std::to_string(written), std::string(1000, 'v'), false);
  }
  EXPECT_EQ(failed.error_number(), ENOSPC) << failed.to_string();
  faulty_.heal();
  while (!database_->put("after", "1", false).is_ok()) std::this_thread::yield();
  EXPECT_EQ(get("k0"), std::string(1000, 'v'));
}

TEST_F(TablesTest, AFlushCoversWhatWasWrittenBeforeItThoughOthersWriteOn) {
  open();
  put("before", "1");
  sync_points::Pause prepared(SyncPoint::freeze_prepared, 1);
  std::thread flushing([&] { flush(); });
  ASSERT_TRUE(prepared.wait_reached(1, kSoonMs));
  put("meanwhile", "1");  // into the same memtable, with a later sequence
  sync_points::Pause unflushed(SyncPoint::flush_written, 1);
  prepared.release();
  ASSERT_TRUE(unflushed.wait_reached(1, kSoonMs));
  EXPECT_EQ(tables(0), 0u);
  unflushed.release();
  flushing.join();
  EXPECT_EQ(tables(0), 1u);
}

TEST_F(TablesTest, AFlushAfterAClearWaitsForTheClear) {
  options_.wal = false;
  open();
  put("a", "1");
  flush();
  expect_ok(database_->clear(false));
  flush();
  EXPECT_EQ(hits(SyncPoint::clear_finished), 1u);
}

TEST_F(TablesTest, AManifestInQuarantineIsNotOfferedOneTableAfterTheOther) {
  open();
  put("a", "1");
  {
    sync_points::Pause written(SyncPoint::flush_written, 1);
    expect_ok(database_->flush(false));
    ASSERT_TRUE(written.wait_reached(1, kSoonMs));
    faulty_.fail_at({.operation = Operation::kAppendSync});
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(database_->flush(true).code(), StatusCode::kStorage);
  EXPECT_EQ(names(".sst").size(), 1u);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(database_->close().code(), StatusCode::kStorage);
  database_.reset();
  open();
  EXPECT_EQ(get("a"), "1");
}

TEST_F(TablesTest, WhatBroughtAFlushDownIsForgottenWhenItIsMended) {
  open();
  put("a", "1");
  faulty_.fail_at(
      {.operation = Operation::kCreateAppendable, .error_number = ENOSPC, .sticky = true});
  EXPECT_EQ(database_->flush(true).error_number(), ENOSPC);
  faulty_.heal();
  flush();  // not told of what failed before it came, and not kept waiting for a pause
  EXPECT_EQ((*database_->stats()).background_error, "");
}

TEST_F(TablesTest, ClosingEndsACompactionAndItsFiles) {
  options_.compaction = CompactionStyle::kNone;
  open();
  for (int i = 0; i < 3; ++i) {
    put("k", std::to_string(i));
    flush();
  }
  sync_points::Pause compacting(SyncPoint::compaction_begin, 1);
  std::thread asking([&] {
    EXPECT_EQ(database_->compact({}, {}, [] { return true; }).code(), StatusCode::kClosed);
  });
  ASSERT_TRUE(compacting.wait_reached(1, kSoonMs));
  std::thread closing([&] { expect_ok(database_->close()); });
  while (!database_->closed()) std::this_thread::yield();
  asking.join();
  compacting.release();
  closing.join();
  EXPECT_LE(names(".sst").size(), 3u);
}

// Each opening is of either style: both keep what levels promise.
TEST_F(TablesTest, RandomHistoryEqualsAMap) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random(seed);
    options_.wal = seed % 4 != 0;
    options_.cache_bytes = seed % 2 == 0 ? 20'000 : 1 << 20;
    options_.compaction = seed % 2 == 0 ? CompactionStyle::kTiered : CompactionStyle::kLeveled;
    options_.compression = every_level(static_cast<Compression>(seed % 3));
    open(OpenMode::kNew);
    Model model;
    for (int step = 0; step < 4000; ++step) {
      const std::string key = "key " + std::to_string(random() % 300);
      const uint64_t what = random() % 1000;
      if (what < 700) {
        std::string value = std::to_string(step) + std::string(random() % 400, 'x');
        put(key, value);
        model[key] = std::move(value);
      } else if (what < 950) {
        expect_ok(database_->erase(key, false));
        model.erase(key);
      } else if (what < 970) {
        const int64_t result = [&] {
          Increment increment(1);
          expect_ok(database_->modify("n", increment, false));
          return increment.result();
        }();
        model["n"] = number(result);
      } else if (what < 985) {
        expect_ok(database_->flush(what % 2 == 0));
      } else if (what < 990) {
        expect_ok(database_->compact(key, {}, [] { return true; }));
      } else if (what < 993) {
        expect_ok(database_->clear(false));
        model.clear();
      } else if (what < 996) {
        if (seed > 4) {
          options_.compaction = what == 993 ? CompactionStyle::kTiered : CompactionStyle::kLeveled;
        }
        reopen();
      } else {
        expect_holds(model);
      }
    }
    expect_holds(model);
    expect_ok(database_->verify());
    reopen();
    expect_holds(model);
    expect_ok(database_->close());
  }
  EXPECT_GT(hits(SyncPoint::flush_installed), 0u);
  EXPECT_GT(hits(SyncPoint::compaction_installed), 0u);
}

}  // namespace
}  // namespace skiplith::testing
