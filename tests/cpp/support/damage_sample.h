// A small database with one of everything, whose files a test damages.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/database.h"
#include "io/memory_files.h"

namespace skiplith::testing {

using Pairs = std::map<std::string, std::string>;

inline const std::string kSampleDirectory = "/db";

// How the database came to rest.
enum class Stop : uint8_t {
  kClosed,          // and no more
  kClosedAndCut,    // then the machine lost power, which takes nothing
  kKilled,          // the page cache outlives the process
  kPowerCut,        // nothing is lost, but nobody can know; synced early in the log
  kPowerCutSynced,  // synced late, in the newer segment
};
inline constexpr Stop kAllStops[] = {Stop::kClosed, Stop::kClosedAndCut, Stop::kKilled,
                                     Stop::kPowerCut, Stop::kPowerCutSynced};
const char* name_of(Stop stop);
inline bool is_clean(Stop stop) { return stop <= Stop::kClosedAndCut; }
inline bool is_of_this_boot(Stop stop) { return stop == Stop::kClosed || stop == Stop::kKilled; }

// Three tables that overlap, of several blocks each: one in the last level with Zstandard, one in
// level 0 with LZ4, one in level 0 without compression. Two live segments: the older one's memtable
// was frozen and could not be flushed. In both, records of two lanes and a batch; in the older one
// also a record of two blocks.
struct DamageSample {
  std::unique_ptr<MemoryFiles> files;
  // What the database held after each write of the log, and before the first, by last sequence.
  std::map<Sequence, Pairs> history;
  std::vector<std::string> keys;  // all that were ever written, and some that were not

  const Pairs& latest() const { return history.rbegin()->second; }
  std::vector<std::string> names() const;  // of all files
};

Options sample_options(Compression compression);
DamageSample make_damage_sample(Stop stop);

}  // namespace skiplith::testing
