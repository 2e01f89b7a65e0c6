// Levels drawn as text, plans told as text, and a store of tables that are lists of versions.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/simulated_levels.h"

namespace skiplith::testing {

// A line for each level, a word for each table:
//
//   0: 9:a-f 8:c-k/t5
//   6: 3:a-c/b100/n50
//
// number, smallest and largest key; then bytes (b) and entries (n), 10 if not said, tombstones (t)
// and old versions (o), 0 if not said, and the sequences (s4-8), the number if not said.
LevelMetas levels_of(const std::string& drawing);

// "level0: 9 8 + 3 -> 6"; "size: move 3 -> 5"; "nothing".
std::string told(const std::optional<CompactionPlan>& plan);
// "a-c e-f"
std::string told(const std::vector<KeyRange>& ranges);

// What compaction does to a store, without files. Plans are checked as they are applied.
class ModelStore {
 public:
  static constexpr size_t kTableEntries = 12;
  explicit ModelStore(uint64_t seed) : random_(seed), store_(kTableEntries) {}

  // A new table of level 0, of random versions of random keys.
  void flush();
  void take_snapshot() { snapshots_.push_back(sequence_); }
  void release_snapshot();
  // Applies the plan: `plan.inputs` are as the store has them, and after it all that levels
  // promise still holds, and every read answers as before.
  void apply(const CompactionPlan& plan);

  const LevelMetas& levels() const { return store_.metas(); }
  const std::vector<Sequence>& snapshots() const { return snapshots_; }
  // What no sequence of plans can make grow, and each makes smaller.
  uint64_t work_left() const;

 private:
  // For every key and snapshot, and now: the sequence of the put that is read.
  std::map<std::pair<std::string, Sequence>, Sequence> all_reads() const;

  std::mt19937_64 random_;
  SimulatedLevels store_;
  std::vector<Sequence> snapshots_;
  Sequence sequence_ = 0;
};

}  // namespace skiplith::testing
