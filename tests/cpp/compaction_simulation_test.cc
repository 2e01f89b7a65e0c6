// What compaction costs, for streams of writes: bounds, in a simulation without I/O.
#include <gtest/gtest.h>

#include "lab/key_choice.h"
#include "lsm/amplification.h"
#include "support/compaction_simulator.h"

namespace skiplith::testing {
namespace {

using lab::Distribution;

constexpr uint64_t kKeys = 20'000;
constexpr uint64_t kSeeds = 3;

struct Stream {
  const char* name;
  Distribution distribution;
  uint64_t rounds;                // writes for each key
  double deletes;                 // their share
  Amplification leveled, tiered;  // at most
};

std::ostream& operator<<(std::ostream& out, const Stream& stream) { return out << stream.name; }

// A stream, tiered or not.
using Case = std::tuple<Stream, bool>;

std::string name_of(const Case& which) {
  const auto& [stream, tiered] = which;
  return std::string(stream.name) + (tiered ? "_tiered" : "_leveled");
}

// In the engine's proportions: a base of four memtables, tables of half a one.
Simulation simulation(bool tiered, uint64_t seed) {
  return {.parameters = {.tiered = tiered,
                         .base_bytes = 4 * 256 * kModelEntryBytes,
                         .table_bytes = 128 * kModelEntryBytes},
          .seed = seed};
}

void run(CompactionSimulator& simulator, const Stream& stream, uint64_t seed) {
  const lab::KeyChoice choice(stream.distribution, kKeys, 1);
  auto state = choice.state(seed, 0);
  lab::Random random(seed + 1);
  for (uint64_t i = 0; i < stream.rounds * kKeys; ++i) {
    const uint64_t key = choice.choose(state);
    if (random.chance(stream.deletes)) {
      simulator.erase(key);
    } else {
      simulator.put(key);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

void tell(const CompactionSimulator& simulator, const std::string& when) {
  std::cout << when << ": " << simulator.amplification() << "; tables";
  for (const auto& level : simulator.metas()) std::cout << " " << level.size();
  std::cout << "\n";
}

class CompactionSimulation : public ::testing::TestWithParam<Case> {
 protected:
  const Stream stream_ = std::get<Stream>(GetParam());
  const bool tiered_ = std::get<bool>(GetParam());
};

TEST_P(CompactionSimulation, AmplificationStaysWithinItsBounds) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CompactionSimulator simulator(simulation(tiered_, seed));
    run(simulator, stream_, seed);
    tell(simulator, name_of(GetParam()));
    const Amplification found = simulator.amplification();
    const Amplification& at_most = tiered_ ? stream_.tiered : stream_.leveled;
    EXPECT_LE(found.write, at_most.write);
    EXPECT_LE(found.space, at_most.space);
    EXPECT_LE(found.read, at_most.read);
  }
}

TEST_P(CompactionSimulation, StatsNeverTellLessThanIsSo) {
  CompactionSimulator simulator(simulation(tiered_, kSeeds + 3));
  run(simulator, stream_, kSeeds + 3);
  simulator.flush();
  const Amplification found = simulator.amplification();
  std::cout << name_of(GetParam()) << ": space " << space_amplification(simulator.metas())
            << " told, " << found.space << " so\n";
  EXPECT_GE(space_amplification(simulator.metas()), found.space - 1e-9);
  EXPECT_LE(space_amplification(simulator.metas()), 2 * found.space);
  EXPECT_GE(static_cast<double>(read_amplification(simulator.metas())), found.read);
}

TEST_P(CompactionSimulation, ItComesToRest) {
  CompactionSimulator simulator(simulation(tiered_, kSeeds + 1));
  run(simulator, stream_, kSeeds + 1);
  simulator.settle();
  const uint64_t written = simulator.entries_written();
  simulator.settle();
  EXPECT_EQ(simulator.entries_written(), written);
}

TEST_P(CompactionSimulation, SpaceFallsAfterDeletesWithNothingMoreWritten) {
  CompactionSimulator simulator(simulation(tiered_, kSeeds + 2));
  run(simulator, stream_, kSeeds + 2);
  simulator.settle();
  const uint64_t before = simulator.entries();
  for (uint64_t key = 0; key < kKeys; ++key) {
    if (key % 10 != 0) simulator.erase(key);
  }
  simulator.settle();
  tell(simulator, name_of(GetParam()));
  EXPECT_LT(simulator.entries(), before / 5);
  EXPECT_LE(simulator.amplification().space, 1.2);
}

TEST(TieredCompaction, WritesLessAndKeepsAndReadsMore) {
  const Stream uniform{"uniform", Distribution::kUniform, 8, 0, {}, {}};
  std::array<Amplification, 2> sums;
  for (const bool tiered : {false, true}) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      CompactionSimulator simulator(simulation(tiered, seed));
      run(simulator, uniform, seed);
      const Amplification found = simulator.amplification();
      sums[tiered].write += found.write;
      sums[tiered].space += found.space;
      sums[tiered].read += found.read;
    }
  }
  EXPECT_LT(sums[1].write, sums[0].write / 2);
  EXPECT_GT(sums[1].space, sums[0].space);
  EXPECT_GT(sums[1].read, sums[0].read);
}

// Flushes of two keys each, as of a database that is closed after every few writes.
TEST(SmallTables, ManySmallFlushesOfAscendingKeysEndInFewTables) {
  CompactionSimulator simulator(simulation(false, 1));
  for (uint64_t key = 0; key < kKeys; ++key) {
    simulator.put(key);
    if (key % 2 == 1) simulator.flush();
  }
  simulator.settle();
  tell(simulator, "two at a time");
  EXPECT_LE(simulator.tables(), 2 * kKeys / 128);
  EXPECT_LE(simulator.amplification().write, 1 + 6);  // from 2 to 128 a table doubles six times
}

INSTANTIATE_TEST_SUITE_P(
    Streams, CompactionSimulation,
    ::testing::Combine(
        ::testing::Values(
            Stream{"uniform", Distribution::kUniform, 8, 0, {10, 1.3, 9}, {6, 3, 12}},
            Stream{"zipfian", Distribution::kZipfian, 8, 0, {5, 1.3, 9}, {4, 3, 12}},
            Stream{"ascending", Distribution::kSequential, 1, 0, {1, 1, 1}, {1, 1, 1}},
            Stream{"around", Distribution::kSequential, 8, 0, {3, 1.3, 3}, {3, 3, 3}},
            Stream{"deletes", Distribution::kUniform, 8, 0.5, {12, 1.3, 9}, {10, 3, 12}}),
        ::testing::Bool()),
    [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace skiplith::testing
