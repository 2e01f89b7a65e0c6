#include "support/compaction_simulator.h"

#include <gtest/gtest.h>

namespace skiplith::testing {
namespace {

// Checking all levels after each of many jobs would take most of the time.
constexpr uint64_t kJobsBetweenChecks = 16;
// Writers wait for level 0 from here on.
constexpr size_t kMostInLevel0 = 20;

// All of one length, so that they are in the order of the numbers.
std::string key_of(uint64_t number) {
  std::string key = std::to_string(number);
  return std::string(8 - key.size(), '0') + key;
}

}  // namespace

void CompactionSimulator::write(uint64_t number, Kind kind) {
  std::string key = key_of(number);
  if (kind == Kind::kPut) {
    live_.insert(key);
  } else {
    live_.erase(key);
  }
  memtable_[key] = {.key = key, .sequence = ++sequence_, .kind = kind};
  if (memtable_.size() >= simulation_.memtable_entries) flush();
}

void CompactionSimulator::flush() {
  if (memtable_.empty()) return;
  ModelEntries entries;
  for (auto& [key, entry] : memtable_) entries.push_back(std::move(entry));
  memtable_.clear();
  levels_.flush(std::move(entries));
  const bool keeps_up = random_.chance(0.5);
  for (;;) {
    while (jobs_.size() < simulation_.jobs && begin_job()) {
    }
    const bool may_wait = jobs_.size() <= 1 && metas()[0].size() < kMostInLevel0;
    if (jobs_.empty() || (may_wait && !keeps_up)) break;
    end_job();
  }
}

void CompactionSimulator::settle() {
  flush();
  const uint64_t enough = ended_ + 1000 + 100 * tables();
  while (begin_job() || !jobs_.empty()) {
    end_job();
    ASSERT_LT(ended_, enough) << "compaction does not come to rest";
  }
  levels_.check();
}

bool CompactionSimulator::begin_job() {
  auto plan = plan_compaction(metas(), simulation_.parameters, {}, running());
  if (!plan) return false;
  std::set<uint64_t> taken;
  for (const CompactionPlan& job : jobs_) {
    EXPECT_FALSE(overlap(job.range, plan->range));
    for (const TableMeta& input : job.inputs) taken.insert(input.number);
  }
  for (const TableMeta& input : plan->inputs) {
    EXPECT_TRUE(taken.insert(input.number).second) << "a table in two jobs";
  }
  jobs_.push_back(std::move(*plan));
  return true;
}

void CompactionSimulator::end_job() {
  const auto job = jobs_.begin() + static_cast<ptrdiff_t>(random_.below(jobs_.size()));
  levels_.apply(*job, {});
  jobs_.erase(job);
  if (++ended_ % kJobsBetweenChecks == 0) levels_.check();
}

std::vector<KeyRange> CompactionSimulator::running() const {
  std::vector<KeyRange> ranges;
  for (const CompactionPlan& job : jobs_) ranges.push_back(job.range);
  return ranges;
}

Amplification CompactionSimulator::amplification() const {
  uint64_t around = 0;
  for (const auto& [number, entries] : levels_.tables()) {
    const auto first = live_.lower_bound(entries.front().key);
    around += static_cast<uint64_t>(std::distance(first, live_.upper_bound(entries.back().key)));
  }
  const auto live = static_cast<double>(live_.size());
  return {.write = static_cast<double>(entries_written()) / static_cast<double>(sequence_),
          .space = static_cast<double>(entries()) / live,
          .read = static_cast<double>(around) / live};
}

}  // namespace skiplith::testing
