// Plans carried out on real tables.
#include "lsm/compaction_run.h"

#include <gtest/gtest.h>

#include "support/stored_levels.h"

namespace skiplith::testing {
namespace {

constexpr uint64_t kAllAtOnce = uint64_t{1} << 40;
constexpr CompactionParameters kOneLevel;
constexpr CompactionParameters kManyLevels{.level0_trigger = 3, .base_bytes = 4000, .factor = 3};

class CompactionRunTest : public StoredLevelsTest {
 protected:
  // Two tables of level 0 over one of level 6.
  void add_tables() {
    TableModel old;
    TableModel middle;
    TableModel fresh;
    for (int i = 0; i < 60; ++i) {
      const std::string key = "key" + std::to_string(100 + i);
      old.put(key, 1 + i, std::string(100, 'o'));
      if (i % 2 == 0) middle.put(key, 101 + i, std::string(100, 'm'));
      if (i % 3 == 0) fresh.erase(key, 201 + i);
    }
    add_table(old, 6);
    add_table(middle);
    add_table(fresh);
  }
  CompactionPlan plan() {
    const auto plan = plan_range(levels_, kOneLevel, {}, {}, {});
    EXPECT_TRUE(plan && plan->inputs.size() == 3 && !plan->is_trivial_move);
    return *plan;
  }
  // What running the plan fails with; only the inputs' files are left.
  Status failure_of(const CompactionPlan& plan) {
    const auto run = run_of(plan, output(), {});
    auto step = run->step(kAllAtOnce);
    EXPECT_FALSE(step.is_ok());
    EXPECT_EQ(directory_.names(), names_of_tables());
    return step.is_ok() ? Status::ok() : step.take_status();
  }
};

TEST_F(CompactionRunTest, InputsBecomeWhatIsKeptOfThem) {
  add_tables();
  const CompactionPlan plan = this->plan();
  const WrittenTables written = apply(plan, {});
  EXPECT_EQ(written.entries_read, 60u + 30u + 20u);
  EXPECT_EQ(written.entries_kept, 40u);  // the tombstones went, with all that they hid
  EXPECT_EQ(written.entries_dropped, 70u);
  EXPECT_EQ(written.bytes_read, bytes_of(plan.inputs));
  EXPECT_EQ(written.bytes_written, bytes_of(levels_[6]));
  for (const TableMeta& meta : levels_[6]) {
    EXPECT_EQ(meta.level, 6u);
    EXPECT_EQ(meta.tombstones, 0u);
    expect_ok(tables_.at(meta.number)->verify());
  }
  EXPECT_EQ(directory_.names(), names_of_tables());
}

TEST_F(CompactionRunTest, EverySnapshotReadsAsBefore) {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    TableModel all;
    std::vector<Sequence> snapshots;
    Sequence sequence = 0;
    const auto check = [&] {
      std::vector<Sequence> points = snapshots;
      points.push_back(kMaxSequence);
      for (const auto& [key, versions] : all.keys()) {
        for (const Sequence at : points) ASSERT_EQ(read(key, at), read(all, key, at));
      }
    };
    int compactions = 0;
    for (int flushes = 0; flushes < 25; ++flushes) {
      TableModel memtable;
      const uint64_t first = random() % 150;
      for (int i = 0; i < 40; ++i) {
        const std::string key = "key" + std::to_string(1000 + first + random() % 50);
        ++sequence;
        if (random() % 3 == 0) {
          memtable.erase(key, sequence);
          all.erase(key, sequence);
        } else {
          const std::string value(random() % 100, static_cast<char>('a' + random() % 26));
          memtable.put(key, sequence, value);
          all.put(key, sequence, value);
        }
        if (random() % 60 == 0) snapshots.push_back(sequence);
      }
      if (random() % 4 == 0 && !snapshots.empty()) {
        snapshots.erase(snapshots.begin() + random() % snapshots.size());
      }
      add_table(memtable);
      while (const auto plan = plan_compaction(levels_, kManyLevels, snapshots)) {
        apply(*plan, snapshots, 1500);
        ++compactions;
        check();
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(compactions, 25);
    while (const auto plan = plan_range(levels_, kManyLevels, {}, {}, {})) {
      apply(*plan, {}, 1500);
      if (HasFailure()) return;
    }
    snapshots.clear();
    check();
    for (const auto& [number, table] : tables_) expect_ok(table->verify());
    EXPECT_EQ(directory_.names(), names_of_tables());
    for (const auto& level : levels_) {
      for (const TableMeta& meta : level) {
        EXPECT_EQ(meta.tombstones + meta.old_versions, 0u);
        tables_.erase(meta.number);
        directory_.remove(name_of(meta.number));
      }
    }
    levels_ = {};
  }
}

// In a file they take hundreds of bytes, in a builder more than a table is meant to have.
TEST_F(CompactionRunTest, JoinedTablesAreOneHoweverWellTheyCompress) {
  compression_ = Compression::kLz4;
  CompactionParameters parameters = kOneLevel;
  parameters.table_bytes = 4096;
  for (int i = 0; i < 6; ++i) {
    TableModel one;
    one.put("key" + std::to_string(i), 1 + i, std::string(50'000, 'v'));
    add_table(one, 6);
  }
  const auto plan = plan_compaction(levels_, parameters, {});
  ASSERT_TRUE(plan && plan->reason == CompactionReason::kSmall);
  const size_t tables = levels_[6].size();
  apply(*plan, {}, parameters.table_bytes);
  EXPECT_EQ(levels_[6].size(), tables - plan->inputs.size() + 1);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(read("key" + std::to_string(i), kMaxSequence), std::string(50'000, 'v'));
  }
}

TEST_F(CompactionRunTest, StoppedInTheMiddleItLeavesNoFile) {
  add_tables();
  for (int steps = 0; steps < 8; ++steps) {
    const auto run = run_of(plan(), output(1000), {});
    for (int i = 0; i < steps; ++i) {
      auto step = run->step(1000);
      ASSERT_TRUE(step.is_ok());
      ASSERT_FALSE(*step);
    }
    if (steps > 4) {
      EXPECT_GT(directory_.names().size(), 3u);
    }
  }
  EXPECT_EQ(directory_.names(), names_of_tables());
}

TEST_F(CompactionRunTest, AFailedReadOrWriteLeavesNoFileAndNamesIts) {
  add_tables();
  const std::vector<std::string> inputs = names_of_tables();
  for (const Operation operation :
       {Operation::kOpenReadable, Operation::kRead, Operation::kCreateAppendable,
        Operation::kAppend, Operation::kAppendSync, Operation::kAppendClose}) {
    SCOPED_TRACE(static_cast<int>(operation));
    uint64_t failures = 0;
    for (uint64_t nth = 1;; ++nth) {
      for (const TableMeta& meta : plan().inputs) {  // opened anew
        tables_[meta.number] =
            std::make_unique<Table>(open_files_, directory_.path(name_of(meta.number)),
                                    kTableDatabase, meta.number, meta.bytes, cache_);
      }
      const uint64_t before = files_.failures(operation);
      files_.fail_at({.operation = operation, .nth = nth, .error_number = EIO});
      const auto run = run_of(plan(), output(1000), {});
      auto step = run->step(kAllAtOnce);
      files_.heal();
      if (files_.failures(operation) == before) {
        EXPECT_TRUE(step.is_ok());
        break;
      }
      ++failures;
      ASSERT_FALSE(step.is_ok());
      EXPECT_EQ(step.status().error_number(), EIO);
      const std::string name = step.status().path().substr(directory_.path().size() + 1);
      const bool is_input = std::ranges::find(inputs, name) != inputs.end();
      const bool reads = operation == Operation::kOpenReadable || operation == Operation::kRead;
      EXPECT_EQ(is_input, reads) << name;
      EXPECT_EQ(directory_.names(), inputs);
    }
    EXPECT_GE(failures, 3u);
  }
}

TEST_F(CompactionRunTest, AnInputThatIsNotWhatItsMetaSaysIsCorruption) {
  add_tables();
  const auto expect_corruption = [&](auto change) {
    for (size_t i = 0; i < 3; ++i) {
      CompactionPlan wrong = plan();
      change(wrong.inputs[i]);
      const Status failure = failure_of(wrong);
      EXPECT_EQ(failure.code(), StatusCode::kCorruption);
      EXPECT_EQ(failure.path(), tables_.at(wrong.inputs[i].number)->path());
    }
  };
  expect_corruption([](TableMeta& meta) { ++meta.entries; });
  expect_corruption([](TableMeta& meta) { ++meta.tombstones; });
  expect_corruption([](TableMeta& meta) { meta.largest_key += "x"; });
  expect_corruption([](TableMeta& meta) { --meta.smallest_sequence; });
}

TEST_F(CompactionRunTest, AnInputWithOtherEntriesThanItSaysIsCorruption) {
  add_tables();
  for (const int64_t difference : {-1, 1}) {
    TableMeta meta = levels_[6].front();
    const std::string name = name_of(meta.number);
    const std::string contents = directory_.read(name);
    const TableIdentity identity{.database = kTableDatabase, .number = meta.number};
    const uint64_t footer_at = contents.size() - kTableFooterBytes;
    auto footer = decode_table_footer(contents.substr(footer_at), identity, footer_at, name);
    ASSERT_TRUE(footer.is_ok());
    auto properties = tables_.at(meta.number)->properties();
    ASSERT_TRUE(properties.is_ok());
    properties->entries += difference;
    const std::string payload = encode_properties(*properties);
    const std::string forged = payload + encode_trailer(identity, footer->properties_offset,
                                                        Compression::kNone, payload, "");
    ASSERT_EQ(footer->properties_offset + forged.size(), footer_at);
    directory_.write(
        name, contents.substr(0, footer->properties_offset) + forged + contents.substr(footer_at));
    levels_[6].clear();
    meta.entries += difference;
    install(meta);

    const Status failure = failure_of(plan());
    EXPECT_EQ(failure.code(), StatusCode::kCorruption);
    EXPECT_EQ(failure.path(), directory_.path(name));

    directory_.write(name, contents);
    levels_[6].clear();
    meta.entries -= difference;
    install(meta);
  }
}

TEST_F(CompactionRunTest, TheSameVersionInTwoTablesIsCorruption) {
  TableModel model;
  for (int i = 0; i < 30; ++i) model.put("key" + std::to_string(i), 1 + i, "value");
  add_table(model, 6);
  add_table(model);
  const auto plan = plan_range(levels_, kOneLevel, {}, {}, {});
  const Status failure = failure_of(*plan);
  EXPECT_EQ(failure.code(), StatusCode::kCorruption);
  EXPECT_EQ(failure.path().substr(0, directory_.path().size()), directory_.path());
}

TEST_F(CompactionRunTest, ADamagedInputIsCorruption) {
  add_tables();
  const TableMeta meta = levels_[6].front();
  std::string contents = directory_.read(name_of(meta.number));
  contents[contents.size() / 3] ^= 0x10;
  directory_.write(name_of(meta.number), contents);
  const Status failure = failure_of(plan());
  EXPECT_EQ(failure.code(), StatusCode::kCorruption);
  EXPECT_EQ(failure.path(), directory_.path(name_of(meta.number)));
  EXPECT_GT(failure.offset(), 0u);
}

}  // namespace
}  // namespace skiplith::testing
