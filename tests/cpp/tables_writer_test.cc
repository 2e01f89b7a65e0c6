// A stream of versions becomes tables: where they end, what is kept, what a stop or an error
// leaves.
#include "lsm/tables_writer.h"

#include <gtest/gtest.h>

#include "io/file_names.h"
#include "lsm/memtable_versions.h"
#include "support/stored_levels.h"

namespace skiplith::testing {
namespace {

using TablesWriterTest = StoredLevelsTest;

constexpr uint64_t kAllAtOnce = uint64_t{1} << 40;
const auto kNothingDeeper = [](Bytes) { return false; };

std::string key_of(int i) {
  std::string digits = std::to_string(i);
  return "key" + std::string(6 - digits.size(), '0') + digits;
}

// Of so many keys, each with so many versions, newest first.
TableModel model_of(int keys, int versions, size_t value_bytes = 100) {
  TableModel model;
  Sequence sequence = 0;
  for (int version = 0; version < versions; ++version) {
    for (int i = 0; i < keys; ++i) {
      model.put(key_of(i), ++sequence, std::string(value_bytes, static_cast<char>('a' + i % 26)));
    }
  }
  return model;
}

std::unique_ptr<VersionStream> stream_of(const TableModel& model) {
  return std::make_unique<ListedVersions>(model.entries());
}

TEST_F(TablesWriterTest, AMemtableIsWrittenAsSnapshotsNeedIt) {
  Memtable memtable(IndexKind::kSkiplist, 1 << 20, 1 << 20);
  ArenaWriter arena;
  const auto link = [&](Bytes key, Stamp stamp, Kind kind, Bytes value) {
    const uint64_t bytes = memtable.mutation_bytes(key.size(), value.size());
    ASSERT_TRUE(arena.reserve(memtable.arena(), bytes, memtable.chunk_bytes()));
    Entry* entry = memtable.index().find_or_insert(key, arena);
    entry->link(memtable.make_version(arena, stamp, kind, value, entry->head()));
  };
  link("b", 1, Kind::kPut, "old");
  link("a", 2, Kind::kPut, "gone");
  link("b", 3, Kind::kPut, "between");
  link("a", 4, Kind::kDelete, "");
  ASSERT_TRUE(arena.reserve(memtable.arena(), Memtable::kCommitWordBytes, 4096));
  const ArenaOffset word = memtable.make_commit_word(arena);
  link("b", batch_stamp(word, 0), Kind::kPut, "of a batch");
  link("c", batch_stamp(word, 1), Kind::kPut, "");
  memtable.commit(word, 5);
  ASSERT_TRUE(arena.reserve(memtable.arena(), Memtable::kCommitWordBytes, 4096));
  const ArenaOffset never = memtable.make_commit_word(arena);  // its batch failed
  link("a", batch_stamp(never, 0), Kind::kPut, "pending");
  link("d", batch_stamp(never, 1), Kind::kPut, "pending");
  ASSERT_TRUE(arena.reserve(memtable.arena(), memtable.index().insert_bytes(1), 4096));
  memtable.index().find_or_insert("bb", arena);  // nobody has written it

  const auto flush = [&](std::vector<Sequence> snapshots, auto deeper) {
    TablesWriter writer(std::make_unique<MemtableVersions>(memtable), output(), snapshots, deeper);
    auto step = writer.step(kAllAtOnce);
    EXPECT_TRUE(step.is_ok() && *step);
    std::string told;
    for (const TableMeta& meta : writer.take_result().tables) {
      EXPECT_EQ(meta.level, 0u);
      install(meta);
      const auto versions = tables_.at(meta.number)->versions();
      for (versions->first(); versions->valid(); versions->next()) {
        const TableEntry entry = versions->entry();
        told += std::string(entry.key) + std::to_string(entry.sequence) +
                (entry.kind == Kind::kPut ? "=" + std::string(entry.value) : "-") + " ";
      }
      expect_ok(tables_.at(meta.number)->verify());
    }
    return told;
  };
  EXPECT_EQ(flush({}, kNothingDeeper), "b5=of a batch c6= ");
  EXPECT_EQ(flush({}, kAlwaysDeeper), "a4- b5=of a batch c6= ");
  EXPECT_EQ(flush({1, 2, 4}, kNothingDeeper), "a4- a2=gone b5=of a batch b3=between b1=old c6= ");
}

TEST_F(TablesWriterTest, NothingKeptIsNoTable) {
  TableModel model;
  model.erase("a", 1);
  model.erase("b", 2);
  for (const TableModel& each : {model, TableModel()}) {
    TablesWriter writer(stream_of(each), output(), {}, kNothingDeeper);
    auto step = writer.step(kAllAtOnce);
    ASSERT_TRUE(step.is_ok() && *step);
    const WrittenTables written = writer.take_result();
    EXPECT_TRUE(written.tables.empty());
    EXPECT_EQ(written.entries_dropped, each.keys().size());
    EXPECT_EQ(number_, 0u);
  }
}

TEST_F(TablesWriterTest, WhatWasWrittenIsCounted) {
  const TableModel model = model_of(100, 3);
  TablesWriter writer(stream_of(model), output(), {150}, kAlwaysDeeper);
  auto step = writer.step(kAllAtOnce);
  ASSERT_TRUE(step.is_ok() && *step);
  const WrittenTables written = writer.take_result();
  uint64_t bytes = 0;
  uint64_t entries = 0;
  for (const TableMeta& meta : written.tables) {
    bytes += std::filesystem::file_size(directory_.path(name_of(meta.number)));
    entries += meta.entries;
  }
  EXPECT_EQ(written.bytes_written, bytes);
  EXPECT_EQ(written.entries_read, 300u);
  EXPECT_EQ(written.entries_kept, entries);
  EXPECT_EQ(written.entries_kept, 200u);  // above the snapshot, and at or below it
  EXPECT_EQ(written.entries_dropped, 100u);
}

TEST_F(TablesWriterTest, TablesEndBehindTheirBytesAndNeverWithinAKey) {
  TableModel model = model_of(300, 1);
  for (Sequence sequence = 1000; sequence < 1200; ++sequence) {
    model.put(key_of(150), sequence, std::string(100, 'v'));  // larger than five tables
  }
  TablesWriter writer(stream_of(model), output(), every_sequence(model), kAlwaysDeeper);
  auto step = writer.step(kAllAtOnce);
  ASSERT_TRUE(step.is_ok() && *step);
  const WrittenTables written = writer.take_result();
  ASSERT_GT(written.tables.size(), 5u);
  uint64_t versions = 0;
  for (size_t i = 0; i < written.tables.size(); ++i) {
    const TableMeta& meta = written.tables[i];
    if (i > 0) {
      EXPECT_LT(written.tables[i - 1].largest_key, meta.smallest_key);
      EXPECT_GE(written.tables[i - 1].bytes, 4096u);
    }
    const bool has_the_key = meta.smallest_key <= key_of(150) && key_of(150) <= meta.largest_key;
    if (has_the_key) {
      versions += meta.old_versions + 1;
    } else {
      EXPECT_LT(meta.bytes, 2 * 4096u);
    }
  }
  EXPECT_EQ(versions, 201u);
}

TEST_F(TablesWriterTest, TablesEndEarlyAtTheCutsFromHalfTheirBytesOn) {
  const TableModel model = model_of(200, 1);
  const std::string early = key_of(3);        // less than half of a table
  const std::string fits = key_of(25) + "x";  // more; not itself a key
  const std::string also = key_of(45);
  TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper, {early, fits, also});
  auto step = writer.step(kAllAtOnce);
  ASSERT_TRUE(step.is_ok() && *step);
  const WrittenTables written = writer.take_result();
  ASSERT_GT(written.tables.size(), 3u);
  EXPECT_EQ(written.tables[0].smallest_key, key_of(0));
  EXPECT_EQ(written.tables[0].largest_key, key_of(25));
  EXPECT_EQ(written.tables[1].largest_key, key_of(45));
  for (size_t i = 0; i + 1 < written.tables.size(); ++i) {
    EXPECT_GE(written.tables[i].bytes, (i < 2 ? 2048u : 4096u));
  }
}

TEST_F(TablesWriterTest, AStepReadsAboutItsBudget) {
  const TableModel model = model_of(100, 1);
  TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
  int steps = 1;
  for (;; ++steps) {
    auto step = writer.step(1000);  // eight entries of 125 bytes
    ASSERT_TRUE(step.is_ok());
    if (*step) break;
    ASSERT_LE(steps, 100);
  }
  EXPECT_EQ(steps, 13);
  EXPECT_EQ(writer.take_result().entries_kept, 100u);
}

TEST_F(TablesWriterTest, AStepThatDropsEverythingEndsToo) {
  const TableModel model = model_of(1, 1000, 0);
  TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
  auto step = writer.step(1000);
  ASSERT_TRUE(step.is_ok());
  EXPECT_FALSE(*step);
}

TEST_F(TablesWriterTest, StoppedInTheMiddleItLeavesNoFile) {
  const TableModel model = model_of(200, 1);
  for (int steps = 0; steps < 12; ++steps) {
    {
      TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
      for (int i = 0; i < steps; ++i) {
        auto step = writer.step(2000);
        ASSERT_TRUE(step.is_ok());
        ASSERT_FALSE(*step);
      }
      EXPECT_EQ(directory_.names().empty(), steps == 0);
      if (steps > 6) {
        EXPECT_GT(directory_.names().size(), 2u);
      }
    }
    EXPECT_TRUE(directory_.names().empty());
  }
  {
    TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
    auto step = writer.step(kAllAtOnce);
    ASSERT_TRUE(step.is_ok() && *step);
    EXPECT_FALSE(directory_.names().empty());
  }
  EXPECT_TRUE(directory_.names().empty()) << "the result was not taken";
}

TEST_F(TablesWriterTest, AFailureLeavesNoFileAndNamesIt) {
  const TableModel model = model_of(200, 1);
  for (const Operation operation : {Operation::kCreateAppendable, Operation::kAppend,
                                    Operation::kAppendSync, Operation::kAppendClose}) {
    for (const Done done : {Done::kNothing, Done::kHalf, Done::kAll}) {
      uint64_t failures = 0;
      for (uint64_t nth = 1;; ++nth) {
        files_.fail_at({.operation = operation, .nth = nth, .error_number = ENOSPC, .done = done});
        const uint64_t before = files_.failures(operation);
        TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
        auto step = writer.step(kAllAtOnce);
        files_.heal();
        if (files_.failures(operation) == before) {
          EXPECT_TRUE(step.is_ok());
          break;
        }
        ++failures;
        ASSERT_FALSE(step.is_ok());
        EXPECT_EQ(step.status().error_number(), ENOSPC);
        EXPECT_EQ(step.status().path(), directory_.path(name_of(number_)));
        EXPECT_TRUE(directory_.names().empty());
      }
      EXPECT_GE(failures, 3u) << static_cast<int>(operation);
    }
  }
}

TEST_F(TablesWriterTest, AFileThatWasThereStays) {
  directory_.write(name_of(1), "somebody's");
  const TableModel model = model_of(1, 1);
  TablesWriter writer(stream_of(model), output(), {}, kAlwaysDeeper);
  auto step = writer.step(kAllAtOnce);
  ASSERT_FALSE(step.is_ok());
  EXPECT_EQ(step.status().error_number(), EEXIST);
  ASSERT_TRUE(directory_.has(name_of(1)));
  EXPECT_EQ(directory_.read(name_of(1)), "somebody's");
}

TEST_F(TablesWriterTest, VersionsOutOfOrderAreCorruptionOfTheirFile) {
  const std::vector<std::vector<TableEntry>> bad = {
      {{.key = "b", .sequence = 1}, {.key = "a", .sequence = 2}},
      {{.key = "a", .sequence = 1}, {.key = "a", .sequence = 2}},
      {{.key = "a", .sequence = 2}, {.key = "a", .sequence = 2}},
  };
  for (const auto& entries : bad) {
    TablesWriter writer(std::make_unique<ListedVersions>(entries, "that file"), output(), {},
                        kAlwaysDeeper);
    auto step = writer.step(kAllAtOnce);
    ASSERT_FALSE(step.is_ok());
    EXPECT_EQ(step.status().code(), StatusCode::kCorruption);
    EXPECT_EQ(step.status().path(), "that file");
    EXPECT_TRUE(directory_.names().empty());
  }
}

}  // namespace
}  // namespace skiplith::testing
