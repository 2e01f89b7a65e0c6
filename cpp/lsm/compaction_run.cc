#include "lsm/compaction_run.h"

#include "base/check.h"
#include "lsm/merging_versions.h"
#include "lsm/table_versions.h"

namespace skiplith {
namespace {

// A table of level 0 is a stream of its own, the tables of a deeper level are one.
std::unique_ptr<VersionStream> merged(const CompactionPlan& plan,
                                      const std::vector<Table*>& tables) {
  SKIPLITH_CHECK(!plan.is_trivial_move && plan.inputs.size() == tables.size());
  std::vector<std::unique_ptr<VersionStream>> streams;
  std::vector<VersionSource> level;
  for (size_t i = 0; i < tables.size(); ++i) {
    level.push_back({plan.inputs[i], tables[i]});
    const bool is_last = i + 1 == tables.size() || plan.inputs[i + 1].level != plan.inputs[i].level;
    if (plan.inputs[i].level > 0 && !is_last) continue;
    streams.push_back(std::make_unique<TableVersions>(std::exchange(level, {})));
  }
  if (streams.size() == 1) return std::move(streams.front());
  return std::make_unique<MergingVersions>(std::move(streams));
}

TableOutput as_planned(TableOutput output, const CompactionPlan& plan) {
  output.level = plan.output_level;
  // One table, whose bytes a builder overestimates while its last block is not compressed yet: two
  // would be joined again, for ever.
  if (plan.reason == CompactionReason::kSmall) output.table_bytes = UINT64_MAX;
  return output;
}

}  // namespace

CompactionRun::CompactionRun(CompactionPlan plan, const std::vector<Table*>& tables,
                             TableOutput output, std::vector<Sequence> snapshots)
    : plan_(std::move(plan)),
      writer_(
          merged(plan_, tables), as_planned(std::move(output), plan_), std::move(snapshots),
          [this](Bytes key) { return contain(plan_.deeper, key); }, plan_.cuts) {}

WrittenTables CompactionRun::take_result() {
  WrittenTables result = writer_.take_result();
  result.bytes_read = bytes_of(plan_.inputs);
  return result;
}

}  // namespace skiplith
