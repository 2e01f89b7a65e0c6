// A compaction that runs: inputs merged, filtered, written as new tables.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "lsm/compaction_plan.h"
#include "lsm/levels.h"
#include "lsm/version_filter.h"
#include "table/table_builder.h"

namespace skiplith {

// What a compaction needs of its surroundings.
struct CompactionOutput {
  TableHome& home;
  std::function<uint64_t()> take_file_number;
  TableOptions options;
  uint64_t table_bytes;
};

// Runs in steps, on one thread. Inputs and the levels it was planned for stay as they are while
// it runs; tables may come into level 0, since they are newer than all of this. Until finish()
// has succeeded and take_outputs() has been called, destroying it removes what it has written.
class Compaction {
 public:
  // `levels`: those that the plan was made for. `snapshots`: ascending, what readers may still
  // ask for.
  Compaction(CompactionPlan plan, std::shared_ptr<const Levels> levels,
             std::vector<Sequence> snapshots, CompactionOutput output);
  ~Compaction();
  Compaction(const Compaction&) = delete;
  Compaction& operator=(const Compaction&) = delete;

  // Goes on until about `bytes` more have been read, or all is done: `*done`. The outputs are then
  // durable but for their directory entries. kCorruption when the inputs do not hold as many
  // entries as the manifest says: nothing was lost on the way, or nothing is installed.
  Status step(uint64_t bytes, bool* done);

  const CompactionPlan& plan() const { return plan_; }
  // What has been written is the caller's now.
  std::vector<TableMeta> take_outputs();
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  // Tables that follow one another: one of level 0, or all inputs of a deeper level.
  class Run;

  Run* newest_of_least_key();
  bool may_lie_deeper(Bytes key) const;
  Status add(const TableEntry& entry);
  Status finish_table();

  const CompactionPlan plan_;
  const std::shared_ptr<const Levels> levels_;
  const CompactionOutput output_;
  VersionFilter filter_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::unique_ptr<TableBuilder> builder_;
  uint64_t builder_number_ = 0;
  std::string last_key_;  // of builder_
  std::vector<TableMeta> outputs_;
  uint64_t read_entries_ = 0;
  uint64_t bytes_written_ = 0;
  bool begun_ = false;
};

}  // namespace skiplith
