// Versions, snapshots, batches and tombstones, over every engine.
#include "mem/memtable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <thread>

#include "support/index_testing.h"

namespace skiplith {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// The answer of a get, comparable and printable.
std::string show(Lookup lookup, Bytes value) {
  switch (lookup) {
    case Lookup::kAbsent: return "<absent>";
    case Lookup::kDeleted: return "<deleted>";
    case Lookup::kNeedsIo: return "<needs i/o>";
    case Lookup::kFailed: return "<failed>";
    case Lookup::kFound: break;
  }
  return std::string(value);
}

// Writes as the commit path does, without its log and sequence counter.
class MemtableTest : public ::testing::TestWithParam<IndexKind> {
 protected:
  // A batch whose versions are linked as they are added.
  class Batch {
   public:
    Batch(Memtable& memtable, ArenaWriter& writer) : memtable_(memtable), writer_(writer) {
      EXPECT_TRUE(writer_.reserve(memtable_.arena(), Memtable::kCommitWordBytes, 4096));
      word_ = memtable_.make_commit_word(writer_);
    }
    Batch& put(Bytes key, Bytes value) { return add(key, Kind::kPut, value); }
    Batch& erase(Bytes key) { return add(key, Kind::kDelete, ""); }
    void commit(Sequence first) { memtable_.commit(word_, first); }

   private:
    Batch& add(Bytes key, Kind kind, Bytes value) {
      link(memtable_, writer_, key, batch_stamp(word_, size_++), kind, value);
      return *this;
    }
    Memtable& memtable_;
    ArenaWriter& writer_;
    ArenaOffset word_ = 0;
    uint32_t size_ = 0;
  };

  static void link(Memtable& memtable, ArenaWriter& writer, Bytes key, Stamp stamp, Kind kind,
                   Bytes value) {
    const uint64_t bytes = memtable.mutation_bytes(key.size(), value.size());
    ASSERT_TRUE(writer.reserve(memtable.arena(), bytes, memtable.chunk_bytes()));
    Entry* entry = memtable.index().find_or_insert(key, writer);
    entry->link(memtable.make_version(writer, stamp, kind, value, entry->head()));
  }
  void put(Bytes key, Sequence sequence, Bytes value) {
    link(memtable_, writer_, key, sequence, Kind::kPut, value);
  }
  void erase(Bytes key, Sequence sequence) {
    link(memtable_, writer_, key, sequence, Kind::kDelete, "");
  }
  Batch batch() { return Batch(memtable_, writer_); }

  std::string get(Bytes key, Sequence at = kLatest) const {
    Bytes value;
    const Lookup lookup = memtable_.get(key, at, &value);
    return show(lookup, value);
  }
  static std::string show_current(const Cursor& cursor) {
    EXPECT_EQ(cursor.prefix(), key_prefix(cursor.key()));
    return std::string(cursor.key()) + "=" +
           (cursor.kind() == Kind::kDelete ? "<deleted>" : std::string(cursor.value())) + " ";
  }
  std::string walk(Sequence at = kLatest) const {
    std::string seen;
    const auto cursor = memtable_.cursor(at);
    for (cursor->first(); cursor->valid(); cursor->next()) seen += show_current(*cursor);
    EXPECT_TRUE(cursor->status().is_ok());
    return seen;
  }
  std::string walk_back(Sequence at = kLatest) const {
    std::string seen;
    const auto cursor = memtable_.cursor(at);
    for (cursor->last(); cursor->valid(); cursor->prev()) seen += show_current(*cursor);
    return seen;
  }

  Memtable memtable_{GetParam(), 64 * kMiB, 32 * kMiB};
  ArenaWriter writer_;
};

INSTANTIATE_TEST_SUITE_P(Engines, MemtableTest, ::testing::ValuesIn(testing::kAllIndexKinds),
                         testing::test_name);

TEST_P(MemtableTest, EmptyMemtableKnowsNothing) {
  EXPECT_EQ(get("k"), "<absent>");
  EXPECT_EQ(walk(), "");
  EXPECT_EQ(walk_back(), "");
}

TEST_P(MemtableTest, NewestVersionWins) {
  put("k", 1, "one");
  put("k", 2, "two");
  put("k", 3, "three");
  EXPECT_EQ(get("k"), "three");
  EXPECT_EQ(walk(), "k=three ");
}

TEST_P(MemtableTest, SnapshotReadsSeeTheirMoment) {
  put("k", 2, "two");
  put("k", 5, "five");
  erase("k", 7);
  EXPECT_EQ(get("k", 1), "<absent>");
  EXPECT_EQ(get("k", 2), "two");
  EXPECT_EQ(get("k", 4), "two");
  EXPECT_EQ(get("k", 5), "five");
  EXPECT_EQ(get("k", 6), "five");
  EXPECT_EQ(get("k", 7), "<deleted>");
  EXPECT_EQ(get("k", kMaxSequence), "<deleted>");
}

TEST_P(MemtableTest, TombstoneIsNotAnEmptyValueNorAbsence) {
  put("empty", 1, "");
  erase("gone", 2);
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(get("gone"), "<deleted>");
  EXPECT_EQ(get("never"), "<absent>");
  EXPECT_EQ(walk(), "empty= gone=<deleted> ");
}

TEST_P(MemtableTest, KeyWithoutAVersionIsAbsent) {
  writer_.reserve(memtable_.arena(), memtable_.mutation_bytes(1, 0), 4096);
  memtable_.index().find_or_insert("b", writer_);
  EXPECT_EQ(get("b"), "<absent>");
  put("a", 1, "1");
  put("c", 2, "3");
  EXPECT_EQ(walk(), "a=1 c=3 ");
  EXPECT_EQ(walk_back(), "c=3 a=1 ");
}

TEST_P(MemtableTest, AnyBytesAreKeysAndValues) {
  Sequence sequence = 0;
  for (const std::string& key : testing::awkward_keys()) put(key, ++sequence, "value of " + key);
  for (const std::string& key : testing::awkward_keys()) EXPECT_EQ(get(key), "value of " + key);
}

TEST_P(MemtableTest, StampMayComeAfterTheBytes) {
  ASSERT_TRUE(writer_.reserve(memtable_.arena(), memtable_.mutation_bytes(1, 1), 4096));
  Entry* entry = memtable_.index().find_or_insert("k", writer_);
  const ArenaOffset version = memtable_.make_version(writer_, 0, Kind::kPut, "v", entry->head());
  EXPECT_EQ(get("k"), "<absent>");
  memtable_.set_stamp(version, 9);
  entry->link(version);
  EXPECT_EQ(get("k", 8), "<absent>");
  EXPECT_EQ(get("k", 9), "v");
}

TEST_P(MemtableTest, BatchIsInvisibleUntilItsCommitWordThenWhollyVisible) {
  put("a", 1, "old");
  put("b", 2, "old");
  const auto unchanged = [this] {
    EXPECT_EQ(get("a"), "old");
    EXPECT_EQ(get("b"), "old");
    EXPECT_EQ(get("c"), "<absent>");
    EXPECT_EQ(walk(), "a=old b=old ");
    EXPECT_EQ(walk_back(), "b=old a=old ");
  };
  Batch pending = batch();
  unchanged();
  pending.put("a", "new");
  unchanged();
  pending.erase("b");
  unchanged();
  pending.put("c", "new");
  unchanged();
  pending.commit(10);
  EXPECT_EQ(get("a"), "new");
  EXPECT_EQ(get("b"), "<deleted>");
  EXPECT_EQ(get("c"), "new");
  EXPECT_EQ(walk(), "a=new b=<deleted> c=new ");
  EXPECT_EQ(walk_back(), "c=new b=<deleted> a=new ");
}

TEST_P(MemtableTest, VersionsOfABatchAreSequencedFromItsFirst) {
  batch().put("a", "1").put("b", "2").put("a", "3").commit(10);
  const auto sequence_of = [this](Bytes key, Sequence at) {
    Sequence sequence = 0;
    memtable_.visible(*memtable_.index().find(key), at, &sequence);
    return sequence;
  };
  EXPECT_EQ(sequence_of("a", kLatest), 12u);
  EXPECT_EQ(sequence_of("b", kLatest), 11u);
  EXPECT_EQ(sequence_of("a", 11), 10u);
  EXPECT_EQ(sequence_of("a", 9), 0u);
  EXPECT_EQ(walk(9), "");
  EXPECT_EQ(walk(10), "a=1 ");
  EXPECT_EQ(walk(11), "a=1 b=2 ");
  EXPECT_EQ(walk(12), "a=3 b=2 ");
}

TEST_P(MemtableTest, PendingVersionHasNoSequence) {
  Batch pending = batch();
  pending.put("a", "1");
  const auto* version = memtable_.arena().at<Version>(memtable_.index().find("a")->head());
  EXPECT_EQ(memtable_.sequence_of(*version), 0u);
  pending.commit(5);
  EXPECT_EQ(memtable_.sequence_of(*version), 5u);
}

// One thread writes batches that set two keys to one number; readers that look at them one after
// the other never find the second behind the first.
TEST_P(MemtableTest, ReadersSeeBatchesWholeAtEveryMoment) {
  constexpr uint64_t kMaxBatches = 100'000, kEnoughChanges = 200;
  std::atomic<uint64_t> torn{0}, changes{0};
  std::atomic<bool> done{false};
  const auto read = [&](Bytes first, Bytes second) {
    std::string last;
    while (!done) {
      const std::string one = get(first), two = get(second);
      if (one == "<absent>") continue;
      if (two == "<absent>" || two < one) ++torn;
      if (one != last) ++changes;
      last = one;
    }
  };
  std::thread forward(read, "a", "b"), backward(read, "b", "a");
  for (uint64_t i = 0; i < kMaxBatches && changes < kEnoughChanges; ++i) {
    const std::string number = std::to_string(1'000'000'000 + i);
    batch().put("a", number).put("b", number).commit(1 + 2 * i);
    if (i % 100 == 0) std::this_thread::yield();  // readers may have no other processor
  }
  done = true;
  forward.join();
  backward.join();
  EXPECT_EQ(torn, 0u);
  EXPECT_GT(changes, 0u);
}

TEST_P(MemtableTest, CursorPassesOverWhatItsMomentDoesNotHave) {
  put("a", 9, "late");
  put("b", 1, "1");
  put("c", 9, "late");
  put("d", 2, "2");
  put("e", 9, "late");
  const auto cursor = memtable_.cursor(5);
  const auto here = [&] { return cursor->valid() ? show_current(*cursor) : "<end>"; };
  cursor->first();
  EXPECT_EQ(here(), "b=1 ");
  cursor->next();
  EXPECT_EQ(here(), "d=2 ");
  cursor->prev();
  EXPECT_EQ(here(), "b=1 ");
  cursor->prev();
  EXPECT_EQ(here(), "<end>");
  cursor->seek("c");
  EXPECT_EQ(here(), "d=2 ");
  cursor->seek_for_prev("c");
  EXPECT_EQ(here(), "b=1 ");
  cursor->seek("e");
  EXPECT_EQ(here(), "<end>");
  cursor->seek_for_prev("a");
  EXPECT_EQ(here(), "<end>");
  cursor->last();
  EXPECT_EQ(here(), "d=2 ");
}

TEST_P(MemtableTest, MutationTakesNoMoreThanItSays) {
  for (const std::string& key : testing::awkward_keys()) {
    for (const size_t value_size : {0, 1, 7, 8, 100, 100'000}) {
      const uint64_t most = memtable_.mutation_bytes(key.size(), value_size);
      ASSERT_TRUE(writer_.reserve(memtable_.arena(), most, 4096));
      const uint64_t left = writer_.left();
      put(key, 1, std::string(value_size, 'v'));
      EXPECT_LE(left - writer_.left(), most);
    }
  }
}

TEST_P(MemtableTest, OverBudgetFromTheBudgetOn) {
  Memtable memtable(GetParam(), 2 * kMiB, kMiB);
  EXPECT_FALSE(memtable.over_budget());
  memtable.arena().take(kMiB - memtable.used_bytes() - Arena::kUnit);
  EXPECT_FALSE(memtable.over_budget());
  memtable.arena().take(Arena::kUnit);
  EXPECT_TRUE(memtable.over_budget());
}

TEST(Memtable, ChunksAreASmallPartOfTheBudget) {
  const auto chunk_bytes = [](uint64_t budget) {
    return Memtable(IndexKind::kSkiplist, kMiB, budget).chunk_bytes();
  };
  EXPECT_EQ(chunk_bytes(1), 4096u);
  EXPECT_EQ(chunk_bytes(kMiB), 4096u);
  EXPECT_EQ(chunk_bytes(kMiB + 256), 2 * 4096u);
  EXPECT_EQ(chunk_bytes(64 * kMiB), kMiB / 4);
  EXPECT_EQ(chunk_bytes(uint64_t{100} << 30), kMiB);
}

// Random puts, deletes and batches; every key at every moment, and the walk of some moments both
// ways, against a map from key to its history.
TEST_P(MemtableTest, AgreesWithAModelAtEveryMoment) {
  std::mt19937_64 random(5);
  std::map<std::string, std::map<Sequence, std::optional<std::string>>> model;
  Sequence sequence = 0;
  for (int i = 0; i < 600; ++i) {
    Batch group = batch();
    const Sequence first = sequence + 1;
    const size_t size = random() % 4 == 0 ? random() % 6 : 0;
    for (size_t j = 0; j < size; ++j) {
      const std::string key = testing::random_key(random).substr(0, 3);
      const std::string value = std::to_string(++sequence);
      const bool deletes = random() % 3 == 0;
      deletes ? group.erase(key) : group.put(key, value);
      model[key][sequence] = deletes ? std::nullopt : std::optional(value);
    }
    group.commit(first);
    const std::string key = testing::random_key(random).substr(0, 3);
    const std::string value = std::to_string(++sequence);
    const bool deletes = random() % 3 == 0;
    deletes ? erase(key, sequence) : put(key, sequence, value);
    model[key][sequence] = deletes ? std::nullopt : std::optional(value);
  }
  const auto expected = [&](const std::string& key, Sequence at) -> std::string {
    const auto& history = model.at(key);
    auto newer = history.upper_bound(at);
    if (newer == history.begin()) return "<absent>";
    return std::prev(newer)->second.value_or("<deleted>");
  };
  for (Sequence at = 1; at <= sequence; at += 37) {
    std::string forward, backward;
    for (const auto& [key, history] : model) {
      ASSERT_EQ(get(key, at), expected(key, at));
      if (expected(key, at) == "<absent>") continue;
      forward += key + "=" + expected(key, at) + " ";
      backward = key + "=" + expected(key, at) + " " + backward;
    }
    EXPECT_EQ(walk(at), forward);
    EXPECT_EQ(walk_back(at), backward);
  }
}

}  // namespace
}  // namespace skiplith
