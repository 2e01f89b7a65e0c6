// A database in time, without I/O: writes fill a memtable, memtables become tables of level 0, and
// plans are carried out, several at once.
#pragma once

#include <map>
#include <ostream>
#include <set>

#include "lab/random.h"
#include "support/simulated_levels.h"

namespace skiplith::testing {

struct Amplification {
  double write = 0;  // entries written to tables for one given
  double space = 0;  // entries in tables for one that is live
  double read = 0;   // tables whose keys reach around a key, on average over the keys in use

  friend std::ostream& operator<<(std::ostream& out, const Amplification& amplification) {
    return out << "write " << amplification.write << ", space " << amplification.space << ", read "
               << amplification.read;
  }
};

struct Simulation {
  CompactionParameters parameters;
  size_t memtable_entries = 256;
  size_t table_entries = 128;
  size_t jobs = 2;  // plans carried out at once
  uint64_t seed = 1;
};

// The same for the same seed. What is promised of plans is checked as they begin and end: no table
// is in two, and levels are in order after each.
class CompactionSimulator {
 public:
  explicit CompactionSimulator(const Simulation& simulation)
      : simulation_(simulation), levels_(simulation.table_entries), random_(simulation.seed) {}

  void put(uint64_t key) { write(key, Kind::kPut); }
  void erase(uint64_t key) { write(key, Kind::kDelete); }
  // The memtable, if there is anything in it; compaction goes on beside, and may be behind.
  void flush();
  // Carries out plans until none is made. Fails after more than any number of tables could need.
  void settle();

  const LevelMetas& metas() const { return levels_.metas(); }
  size_t tables() const { return levels_.tables().size(); }
  uint64_t live() const { return live_.size(); }
  uint64_t entries() const { return levels_.entries(); }
  uint64_t entries_written() const { return levels_.entries_written(); }
  Amplification amplification() const;

 private:
  void write(uint64_t key, Kind kind);
  bool begin_job();
  void end_job();
  std::vector<KeyRange> running() const;

  const Simulation simulation_;
  SimulatedLevels levels_;
  lab::Random random_;
  std::map<std::string, ModelEntry> memtable_;
  std::set<std::string> live_;  // keys, in the memtable too
  std::vector<CompactionPlan> jobs_;
  Sequence sequence_ = 0;
  uint64_t ended_ = 0;
};

}  // namespace skiplith::testing
