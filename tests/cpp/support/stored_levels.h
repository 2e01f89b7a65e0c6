// Levels of real tables in a directory of one test, with no database around them.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "io/file_names.h"
#include "lsm/compaction_run.h"
#include "lsm/stored_table.h"
#include "support/table_testing.h"

namespace skiplith::testing {

// The versions that a test lists, as if they lay in the file `path`.
class ListedVersions final : public VersionStream {
 public:
  explicit ListedVersions(std::vector<TableEntry> entries, std::string path = "")
      : entries_(std::move(entries)), path_(std::move(path)) {}
  void first() override { place_ = 0; }
  void next() override { ++place_; }
  bool valid() const override { return place_ < entries_.size(); }
  const TableEntry& entry() const override { return entries_[place_]; }
  const std::string& path() const override { return path_; }
  const Status& status() const override { return status_; }

 private:
  const std::vector<TableEntry> entries_;
  const std::string path_;
  const Status status_;
  size_t place_ = 0;
};

inline const auto kAlwaysDeeper = [](Bytes) { return true; };

class StoredLevelsTest : public TableTest {
 protected:
  // Small tables of small blocks.
  TableOutput output(uint64_t table_bytes = 4096) {
    return {.files = files_,
            .directory = directory_.path(),
            .database = kTableDatabase,
            .options = options(compression_),
            .table_bytes = table_bytes,
            .take_file_number = [this] { return ++number_; }};
  }

  // A table of all the versions.
  TableMeta add_table(const TableModel& model, uint32_t level = 0) {
    const std::string path = directory_.path(name_of(++number_));
    auto builder =
        TableBuilder::create(files_, path, kTableDatabase, number_, options(compression_));
    expect_ok(builder.status());
    for (const TableEntry& entry : model.entries()) expect_ok((*builder)->add(entry));
    auto properties = (*builder)->finish();
    expect_ok(properties.status());
    install(meta_of(*properties, level));
    return meta_of(*properties, level);
  }
  // As snapshots they keep every version.
  static std::vector<Sequence> every_sequence(const TableModel& model) {
    std::vector<Sequence> all;
    for (const TableEntry& entry : model.entries()) all.push_back(entry.sequence);
    std::ranges::sort(all);
    return all;
  }

  void install(const TableMeta& meta) {
    auto& level = levels_[meta.level];
    level.insert(level.begin(), meta);
    if (meta.level > 0) std::ranges::sort(level, {}, &TableMeta::smallest_key);
    const std::string path = directory_.path(name_of(meta.number));
    tables_[meta.number] =
        std::make_unique<Table>(open_files_, path, kTableDatabase, meta.number, meta.bytes, cache_);
  }
  static std::string name_of(uint64_t number) { return make_file_name({FileType::kTable, number}); }
  std::vector<std::string> names_of_tables() const {
    std::vector<std::string> names;
    for (const auto& [number, table] : tables_) names.push_back(name_of(number));
    return names;
  }

  std::unique_ptr<CompactionRun> run_of(const CompactionPlan& plan, TableOutput output,
                                        const std::vector<Sequence>& snapshots) {
    std::vector<Table*> tables;
    for (const TableMeta& input : plan.inputs) tables.push_back(tables_.at(input.number).get());
    return std::make_unique<CompactionRun>(plan, tables, std::move(output), snapshots);
  }
  // Runs it and puts the outputs in the place of the inputs.
  WrittenTables apply(const CompactionPlan& plan, const std::vector<Sequence>& snapshots,
                      uint64_t table_bytes = 4096) {
    WrittenTables written;
    if (plan.is_trivial_move) {
      written.tables = plan.inputs;
      written.tables.front().level = plan.output_level;
    } else {
      const auto run = run_of(plan, output(table_bytes), snapshots);
      for (bool done = false; !done;) {
        Result<bool> step = run->step(1000);
        EXPECT_TRUE(step.is_ok()) << step.status().to_string();
        if (!step.is_ok()) return written;
        done = *step;
      }
      written = run->take_result();
    }
    for (const TableMeta& input : plan.inputs) {
      EXPECT_EQ(std::erase(levels_[input.level], input), 1u);
      tables_.erase(input.number);
      if (!plan.is_trivial_move) directory_.remove(name_of(input.number));
    }
    for (const TableMeta& table : written.tables) install(table);
    return written;
  }

  // The value that a reader at `at` finds; "<none>" when there is none.
  std::string read(const std::string& key, Sequence at) {
    for (const auto& level : levels_) {
      for (const TableMeta& meta : level) {
        if (key < meta.smallest_key || key > meta.largest_key) continue;
        const Answer answer = get(*tables_.at(meta.number), key, at);
        EXPECT_NE(answer.lookup, Lookup::kFailed) << answer.failure.to_string();
        if (answer.lookup == Lookup::kFound) return answer.value;
        if (answer.lookup == Lookup::kDeleted) return "<none>";
      }
    }
    return "<none>";
  }
  static std::string read(const TableModel& model, const std::string& key, Sequence at) {
    const ModelVersion* version = model.get(key, at);
    return version == nullptr || version->kind == Kind::kDelete ? "<none>" : version->value;
  }

  LevelMetas levels_;
  std::map<uint64_t, std::unique_ptr<Table>> tables_;  // by number
  uint64_t number_ = 0;
  Compression compression_ = Compression::kNone;
};

}  // namespace skiplith::testing
