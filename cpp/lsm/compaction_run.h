// Carries out a plan.
#pragma once

#include <vector>

#include "lsm/compaction_plan.h"
#include "lsm/tables_writer.h"
#include "table/table.h"

namespace skiplith {

// Reads the inputs once and writes what is kept of them; TablesWriter says how, and what happens
// on a stop or an error. Besides, an input that is not what its meta says is kCorruption.
//
// `snapshots` are those that the plan was made with, or those held later; a snapshot that is taken
// while this runs sees all that the inputs hold, so it needs no older version.
class CompactionRun {
 public:
  // `tables`: open, one for each of the plan's inputs, in their order; they outlive the run. The
  // plan is no trivial move. `output.level` is set here; a join (kSmall) becomes one table.
  CompactionRun(CompactionPlan plan, const std::vector<Table*>& tables, TableOutput output,
                std::vector<Sequence> snapshots);

  const CompactionPlan& plan() const { return plan_; }
  Result<bool> step(uint64_t budget_bytes) { return writer_.step(budget_bytes); }
  WrittenTables take_result();

 private:
  const CompactionPlan plan_;
  TablesWriter writer_;
};

}  // namespace skiplith
