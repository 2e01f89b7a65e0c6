// Levels whose tables are lists of versions: what flushes and compactions make of them, and how
// much they write, without files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lsm/compaction_plan.h"
#include "record/kind.h"

namespace skiplith::testing {

struct ModelEntry {
  std::string key;
  Sequence sequence = 0;
  Kind kind = Kind::kPut;
  bool operator==(const ModelEntry&) const = default;
};
using ModelEntries = std::vector<ModelEntry>;

// Every entry counts as so many bytes of its table.
inline constexpr uint64_t kModelEntryBytes = 10;

class SimulatedLevels {
 public:
  // Tables that compactions write end like TablesWriter's, with so many entries for its bytes.
  explicit SimulatedLevels(size_t table_entries) : table_entries_(table_entries) {}

  // A new table of level 0, newer than all that is there; the entries in any order.
  void flush(ModelEntries entries);
  // Carries the plan out. Fails unless all its inputs are there, as the plan has them, and nothing
  // else of the output level lies in its range.
  void apply(const CompactionPlan& plan, const std::vector<Sequence>& snapshots);
  // What levels promise: tables in order, below level 0 disjoint, and no version of a key lies
  // below an older one.
  void check() const;

  const LevelMetas& metas() const { return metas_; }
  const std::map<uint64_t, ModelEntries>& tables() const { return tables_; }  // by number
  uint64_t entries() const;
  // By flushes and compactions; a table that only moves is not written.
  uint64_t entries_written() const { return entries_written_; }

 private:
  void add(uint32_t level, ModelEntries entries);
  void write(const CompactionPlan& plan, const ModelEntries& merged,
             const std::vector<Sequence>& snapshots);

  const size_t table_entries_;
  LevelMetas metas_;
  std::map<uint64_t, ModelEntries> tables_;
  uint64_t number_ = 0;
  uint64_t entries_written_ = 0;
};

}  // namespace skiplith::testing
