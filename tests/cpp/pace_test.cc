// Writers and the background thread in a time of their own: nothing here reads a clock.
#include "db/pace.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace skiplith {
namespace {

constexpr uint64_t kMemtable = 64 << 20;
constexpr uint64_t kChunk = 64 << 10;
constexpr uint64_t kMs = 1'000'000;

TEST(Pace, NobodyPausesWhileLittleIsWaiting) {
  Pace pace(kMemtable);
  pace.worked(1000 * kMs, kMemtable);
  EXPECT_EQ(pace.pause_ns({.active_bytes = kMemtable, .frozen = 1, .level0 = 12}, kChunk), 0u);
}

TEST(Pace, NobodyPausesBeforeAnythingIsKnown) {
  const Pace pace(kMemtable);
  EXPECT_EQ(pace.pause_ns({.active_bytes = kMemtable, .frozen = 3, .level0 = 19}, kChunk), 0u);
}

TEST(Pace, APauseIsNeverLongerThanFiveMilliseconds) {
  Pace pace(kMemtable);
  pace.worked(1'000'000 * kMs, kMemtable);
  const Pace::Backlog backlog{.active_bytes = kMemtable, .frozen = 3, .level0 = 20};
  EXPECT_EQ(pace.pause_ns(backlog, kChunk), 5 * kMs);
  EXPECT_EQ(pace.pause_ns(backlog, 100 * kChunk), 5 * kMs);
}

TEST(Pace, PausesGrowWithWhatIsWaiting) {
  Pace pace(kMemtable);
  pace.worked(500 * kMs, kMemtable);
  uint64_t before = 0;
  for (const size_t level0 : {13u, 15u, 17u, 19u}) {
    const uint64_t pause = pace.pause_ns({.active_bytes = kMemtable, .level0 = level0}, kChunk);
    EXPECT_GT(pause, before);
    before = pause;
  }
}

TEST(Pace, WhoIsLateDoesNotPause) {
  Pace pace(kMemtable);
  pace.worked(500 * kMs, kMemtable);
  const Pace::Backlog late{.active_bytes = kMemtable, .active_age_ns = 800 * kMs, .level0 = 16};
  EXPECT_EQ(pace.pause_ns(late, kChunk), 0u);
}

TEST(Pace, IdleTimeAndOldTimesDoNotCount) {
  Pace pace(kMemtable), always_fast(kMemtable);
  for (int i = 0; i < 10; ++i) pace.worked(5000 * kMs, kMemtable);
  for (int i = 0; i < 100; ++i) pace.worked(100 * kMs, kMemtable);
  for (int i = 0; i < 10; ++i) always_fast.worked(100 * kMs, kMemtable);
  const Pace::Backlog backlog{.active_bytes = kMemtable, .level0 = 16};
  EXPECT_NEAR(static_cast<double>(pace.pause_ns(backlog, kChunk)),
              static_cast<double>(always_fast.pause_ns(backlog, kChunk)), 10'000);
}

// One writer that never rests, and a background thread that flushes first, and compacts all of
// level 0 when it has four tables, in small steps; what it costs to bring a table further down
// grows with the store.
class Load {
 public:
  Load(uint64_t write_ns_a_chunk, uint64_t flush_ns, uint64_t compact_ns_a_table)
      : write_ns_(write_ns_a_chunk), flush_ns_(flush_ns), compact_ns_(compact_ns_a_table) {}

  void write_memtables(int count, bool paced) {
    for (int i = 0; i < count; ++i) {
      const uint64_t begun = now_;
      for (uint64_t used = 0; used < kMemtable; used += kChunk) {
        const Pace::Backlog backlog{.active_bytes = used,
                                    .active_age_ns = now_ - begun,
                                    .frozen = frozen_,
                                    .level0 = level0_};
        pass(write_ns_ + (paced ? pace_.pause_ns(backlog, kChunk) : 0));
      }
      const uint64_t full = now_;
      while (frozen_ >= Pace::kMostFrozen || level0_ >= Pace::kMostInLevel0) pass(100'000);
      longest_stop_ = std::max(longest_stop_, now_ - full);
      ++frozen_;
    }
  }
  uint64_t now() const { return now_; }
  uint64_t longest_stop() const { return longest_stop_; }
  void forget_stops() { longest_stop_ = 0; }

 private:
  void pass(uint64_t ns) {
    now_ += ns;
    for (uint64_t left = ns; left > 0;) {
      if (left_ == 0 && !begin_work()) return;
      const uint64_t step = std::min(left, left_);
      left -= step;
      left_ -= step;
      pace_.worked(step, 0);
      if (left_ == 0) end_work();
    }
  }
  bool begin_work() {
    flushing_ = frozen_ > 0;
    if (!flushing_ && compacting_ == 0) {
      if (level0_ < 4) return false;
      compacting_ = inputs_ = level0_;
    }
    left_ = flushing_ ? flush_ns_ : compact_ns_;
    return true;
  }
  void end_work() {
    if (flushing_) {
      --frozen_;
      ++level0_;
      pace_.worked(0, kMemtable);
    } else if (--compacting_ == 0) {
      level0_ -= inputs_;
    }
  }

  const uint64_t write_ns_, flush_ns_, compact_ns_;
  Pace pace_{kMemtable};
  uint64_t now_ = 0, longest_stop_ = 0;
  uint64_t left_ = 0;  // of what is being done
  bool flushing_ = false;
  size_t frozen_ = 0, level0_ = 0, compacting_ = 0, inputs_ = 0;
};

// A memtable takes 100 ms to fill, 150 to flush, and 450 a table to compact: six times what the
// writer needs.
TEST(Pace, WritersDoNotStandStillUnderASteadyLoadAndNothingLiesIdle) {
  Load load(100 * kMs * kChunk / kMemtable, 150 * kMs, 450 * kMs);
  load.write_memtables(100, true);
  load.forget_stops();
  const uint64_t begun = load.now();
  load.write_memtables(200, true);
  EXPECT_LT(load.longest_stop(), 1 * kMs);
  EXPECT_LT(load.now() - begun, 200 * 600 * kMs * 105 / 100);

  Load unpaced(100 * kMs * kChunk / kMemtable, 150 * kMs, 450 * kMs);
  unpaced.write_memtables(300, false);
  EXPECT_GT(unpaced.longest_stop(), 1000 * kMs);
}

TEST(Pace, WritersThatAreSlowerThanTheWorkAreNotSlowedDown) {
  Load load(700 * kMs * kChunk / kMemtable, 150 * kMs, 450 * kMs);
  load.write_memtables(200, true);
  EXPECT_LT(load.now(), 200 * 700 * kMs * 101 / 100);
}

}  // namespace
}  // namespace skiplith
