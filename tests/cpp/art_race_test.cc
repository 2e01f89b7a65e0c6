// The radix tree between the steps of an insert and between the steps of a cursor: what may come
// in there, forced.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <functional>
#include <thread>

#include "base/sync_points.h"
#include "mem/art.h"
#include "support/index_testing.h"

namespace skiplith {
namespace {

using Keys = std::vector<std::string>;

class ArtTest : public ::testing::Test {
 protected:
  ArtTest() { sync_points::arm(); }
  ~ArtTest() override { sync_points::reset(); }

  void insert(const Keys& keys) {
    for (const std::string& key : keys) {
      other_.insert(key);
      all_.push_back(key);
    }
  }
  // Once, when an insert reaches the point.
  void meanwhile(SyncPoint point, std::function<void()> action) {
    sync_points::on(point, [this, action] {
      if (!in_action_) {
        in_action_ = true;
        action();
      }
    });
  }
  void expect_all() {
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    EXPECT_EQ(testing::keys_forward(art_), all_);
    for (const std::string& key : all_) EXPECT_NE(art_.find(key), nullptr) << key;
    art_.check_nodes();
  }

  bool in_action_ = false;
  Keys all_;
  Arena arena_{uint64_t{64} << 20};
  Art art_{arena_};
  testing::IndexWriter writer_{art_, arena_}, other_{art_, arena_};
};

// An insert has found its place and locked nothing; then others come first.
struct PlaceChange {
  const char* name;
  Keys before;
  std::string key;
  Keys meanwhile;
};
void PrintTo(const PlaceChange& change, std::ostream* out) { *out << change.name; }

const PlaceChange kPlaceChanges[] = {
    {"SameKeyInTheRoot", {}, "a", {"a"}},
    {"SameKeyThatEndsInANode", {"ab", "ac"}, "a", {"a"}},
    {"SameKeyByTheSameSplit", {"xa"}, "xb", {"xb"}},
    {"SameKeyTakesTheLastRoom", {"xa", "xb", "xc"}, "xd", {"xd"}},
    {"SameKeyByTheSameGrowth", {"xa", "xb", "xc", "xd"}, "xe", {"xe"}},
    {"SameStepFromTheRoot", {}, "ab", {"ac"}},
    {"SameStepTakesTheLastRoom", {"xa", "xb", "xc"}, "xd1", {"xd2"}},
    {"LastRoomTaken", {"xa", "xb", "xc"}, "xd", {"xe"}},
    {"NodeReplacedBeforeAChildIsAdded", {"xa", "xb", "xc"}, "xd", {"xe", "xf"}},
    {"NodeReplacedBeforeAKeyEndsThere", {"xa", "xb", "xc", "xd"}, "x", {"xe"}},
    {"NodeReplacedBeforeItGrows", {"xa", "xb", "xc", "xd"}, "xe", {"xf"}},
    {"NodeComesBetweenBeforeGrowth", {"xya", "xyb", "xyc", "xyd"}, "xye", {"xz"}},
    {"ParentReplacedBeforeGrowth", {"xya", "xyb", "xyc", "xyd", "xa", "xb", "xc"}, "xye", {"xd"}},
    {"EntryMovedDownBeforeASplit", {"xa"}, "xb", {"xc"}},
    {"NodeMovedDownBeforeASplit", {"xyza", "xyzb"}, "xq", {"xyq"}},
    {"NodeBelowReplacedBeforeASplit", {"xyza", "xyzb", "xyzc", "xyzd"}, "xq", {"xyze"}},
    {"NodeReplacedBeforeASplit", {"xa1", "xb", "xc", "xd"}, "xa2", {"xe"}},
};

class ArtPlaceTest : public ArtTest, public ::testing::WithParamInterface<PlaceChange> {
 protected:
  void insert_with_change_at(SyncPoint point) {
    const PlaceChange& change = GetParam();
    insert(change.before);
    meanwhile(point, [&] { insert(change.meanwhile); });
    writer_.reserve(change.key);
    const uint64_t left = writer_.arena_writer().left();
    const Entry* entry = art_.find_or_insert(change.key, writer_.arena_writer());
    EXPECT_TRUE(in_action_);
    EXPECT_EQ(entry->key(), change.key);
    EXPECT_EQ(entry, art_.find(change.key));
    if (change.meanwhile.back() == change.key) {
      EXPECT_EQ(writer_.arena_writer().left(), left);
    }
    all_.push_back(change.key);
    expect_all();
  }
};

INSTANTIATE_TEST_SUITE_P(Changes, ArtPlaceTest, ::testing::ValuesIn(kPlaceChanges),
                         [](const auto& info) { return info.param.name; });

TEST_P(ArtPlaceTest, InsertIsRightWhenItsPlaceChangesBeforeItLooksForRoom) {
  insert_with_change_at(SyncPoint::art_place_found);
}

TEST_P(ArtPlaceTest, InsertBeginsAgainWhenItsPlaceChangesBeforeItLocks) {
  insert_with_change_at(SyncPoint::art_insert_prepared);
  EXPECT_EQ(sync_points::hits(SyncPoint::art_retry), 1u);
}

// Two inserts meet in a node. The first stands still when it has its locks; had the second not to
// wait for them, it would go by, and what one of the two links would be lost.
struct Meeting {
  const char* name;
  Keys before;
  std::string first, second;
};
void PrintTo(const Meeting& meeting, std::ostream* out) { *out << meeting.name; }

const Meeting kMeetings[] = {
    {"BothAddTheSameKey", {"xa", "xb"}, "xc", "xc"},
    {"BothAddAChild", {"xa", "xb"}, "xc", "xd"},
    {"BothSplitTheSameLink", {"xa"}, "xb", "xc"},
    {"BothGrowANode", {"xa", "xb", "xc", "xd"}, "xe", "xf"},
    {"SplitMeetsGrowth", {"xa1", "xb", "xc", "xd"}, "xa2", "xe"},
    {"GrowthMeetsSplit", {"xa1", "xb", "xc", "xd"}, "xe", "xa2"},
    {"GrowthMeetsAKeyThatEndsThere", {"xa", "xb", "xc", "xd"}, "xe", "x"},
    {"GrowthMeetsSplitAbove", {"xya", "xyb", "xyc", "xyd"}, "xye", "xz"},
    {"SplitAboveMeetsGrowth", {"xya", "xyb", "xyc", "xyd"}, "xz", "xye"},
    {"GrowthMeetsGrowthAbove", {"xya", "xyb", "xyc", "xyd", "xa", "xb", "xc"}, "xye", "xd"},
};

class ArtMeetingTest : public ArtTest, public ::testing::WithParamInterface<Meeting> {};

INSTANTIATE_TEST_SUITE_P(Pairs, ArtMeetingTest, ::testing::ValuesIn(kMeetings),
                         [](const auto& info) { return info.param.name; });

TEST_P(ArtMeetingTest, InsertsThatMeetInANodeLoseNothing) {
  constexpr uint64_t kSoonMs = 60'000;  // a bound for what must happen, not a duration
  constexpr int kMostYields = 20'000;
  insert(GetParam().before);
  sync_points::Pause pause(SyncPoint::art_place_checked, 1);
  const uint64_t prepared_before = sync_points::hits(SyncPoint::art_insert_prepared);
  std::thread first([&] { writer_.insert(GetParam().first); });
  EXPECT_TRUE(pause.wait_reached(1, kSoonMs));
  std::atomic<bool> second_done{false};
  std::thread second([&] {
    other_.insert(GetParam().second);
    second_done = true;
  });
  while (sync_points::hits(SyncPoint::art_insert_prepared) < prepared_before + 2) {
    std::this_thread::yield();
  }
  for (int i = 0; i < kMostYields && !second_done; ++i) std::this_thread::yield();
  pause.release();
  first.join();
  second.join();
  all_.push_back(GetParam().first);
  all_.push_back(GetParam().second);
  expect_all();
}

// One thread adds children to node after node, others look into the newest: a byte counts for
// them only with its link, and what has no byte yet is not there.
TEST_F(ArtTest, ReadersTakeNoUnfinishedChildForAChild) {
  sync_points::reset();
  constexpr uint32_t kNodes = 20'000;
  std::atomic<uint32_t> newest{0};
  const auto start_of = [](uint32_t number) {
    number = __builtin_bswap32(number);
    return std::string(reinterpret_cast<const char*>(&number), 4);
  };
  std::thread adds([&] {
    for (uint32_t number = 1; number <= kNodes; ++number) {
      const std::string start = start_of(number);
      writer_.insert(start + "\xff");
      writer_.insert(start + "\xfe");
      newest = number;
      for (char byte = 15; byte > 0; --byte) writer_.insert(start + byte);
    }
  });
  std::thread looks([&] {
    const auto cursor = art_.cursor();
    for (uint32_t number = 0; number < kNodes;) {
      number = newest;
      if (number == 0) continue;
      const std::string start = start_of(number);
      ASSERT_EQ(art_.find(start + '\0'), nullptr);
      int seen = 0;
      for (cursor->seek(start); cursor->valid(); cursor->next()) {
        const Bytes key = cursor->entry()->key();
        if (!key.starts_with(start)) break;
        ASSERT_NE(key.back(), '\0');
        seen += key.back() == '\xfe' || key.back() == '\xff';
      }
      ASSERT_EQ(seen, 2);
    }
  });
  adds.join();
  looks.join();
  art_.check_nodes();
}

// A cursor stands; then keys come in around it.
struct Surroundings {
  const char* name;
  Keys before;
  std::string stand_on;
  Keys meanwhile;
  std::string prev, next;  // empty: off the end
};
void PrintTo(const Surroundings& surroundings, std::ostream* out) { *out << surroundings.name; }

const Surroundings kSurroundings[] = {
    {"NewChildren", {"xa", "xe", "xi"}, "xe", {"xd", "xf"}, "xd", "xf"},
    {"NodeReplaced", {"xa", "xb", "xe", "xi"}, "xe", {"xd", "xf"}, "xd", "xf"},
    {"NodeReplacedTwice",
     {"xa", "xb", "xe", "xi"},
     "xe",
     {"xd", "xf", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "xz", "xy"},
     "xd",
     "xf"},
    {"EntryMovedDown", {"xa", "xee", "xi"}, "xee", {"xed", "xef"}, "xed", "xef"},
    {"EntryMovedDownAsABeginning", {"a", "b", "c"}, "b", {"b1"}, "a", "b1"},
    {"KeyEndsInTheNode", {"xa", "xb"}, "xa", {"x"}, "x", "xb"},
    {"NodeComesBetween", {"a", "xya", "xyb"}, "xya", {"xx", "xz"}, "xx", "xyb"},
    {"NodeComesBetweenAtItsEnd", {"a", "xya", "xyb"}, "xyb", {"xx", "xz"}, "xya", "xz"},
    {"KeyEndsInANodeBetween", {"a", "xya", "xyb"}, "xya", {"x"}, "x", "xyb"},
    {"ParentReplaced", {"x0", "xa", "xm1", "xm2", "xp"}, "xm2", {"xl", "xn"}, "xm1", "xn"},
    {"ParentReplacedAtItsBeginning",
     {"x0", "xa", "xm1", "xm2", "xp"},
     "xm1",
     {"xl", "xn"},
     "xl",
     "xm2"},
    {"PathReplacedAsAWhole",
     {"x0", "xa", "xm1", "xm2", "xm3", "xm4", "xp"},
     "xm4",
     {"xl", "xn", "xm0", "xm5"},
     "xm3",
     "xm5"},
};

class ArtCursorTest : public ArtTest, public ::testing::WithParamInterface<Surroundings> {
 protected:
  static std::string key_of(const EntryCursor& cursor) {
    return cursor.valid() ? std::string(cursor.entry()->key()) : "";
  }
  void expect_neighbours_after(const std::function<void(EntryCursor&)>& stand) {
    const auto forward = art_.cursor(), backward = art_.cursor(), to_and_fro = art_.cursor();
    for (EntryCursor* cursor : {forward.get(), backward.get(), to_and_fro.get()}) {
      stand(*cursor);
      ASSERT_EQ(key_of(*cursor), GetParam().stand_on);
    }
    insert(GetParam().meanwhile);
    forward->next();
    EXPECT_EQ(key_of(*forward), GetParam().next);
    backward->prev();
    EXPECT_EQ(key_of(*backward), GetParam().prev);
    to_and_fro->next();
    to_and_fro->prev();
    to_and_fro->prev();
    EXPECT_EQ(key_of(*to_and_fro), GetParam().prev);
    expect_all();
  }
};

INSTANTIATE_TEST_SUITE_P(Changes, ArtCursorTest, ::testing::ValuesIn(kSurroundings),
                         [](const auto& info) { return info.param.name; });

TEST_P(ArtCursorTest, StepSeesWhatCameInAroundASoughtEntry) {
  insert(GetParam().before);
  expect_neighbours_after([](EntryCursor& cursor) { cursor.seek(GetParam().stand_on); });
}

TEST_P(ArtCursorTest, StepSeesWhatCameInAroundAnEntryThatWasWalkedTo) {
  insert(GetParam().before);
  expect_neighbours_after([](EntryCursor& cursor) {
    cursor.first();
    while (key_of(cursor) != GetParam().stand_on) cursor.next();
  });
}

// Whoever finds room in the larger node has inserted; the cursor must not walk past that key in
// the smaller one.
TEST_F(ArtTest, NodeIsKnownToBeReplacedAsSoonAsTheLargerOneCanBeReached) {
  insert({"xa", "xc", "xe", "xg"});
  const auto forward = art_.cursor(), backward = art_.cursor();
  forward->seek("xc");
  backward->seek("xg");
  meanwhile(SyncPoint::art_node_replaced, [&] {
    insert({"xd", "xf"});
    forward->next();
    backward->prev();
    EXPECT_EQ(forward->entry(), art_.find("xd"));
    EXPECT_EQ(backward->entry(), art_.find("xf"));
  });
  insert({"xz"});
  EXPECT_TRUE(in_action_);
  expect_all();
}

// The writer stands still between giving a node up and linking the larger one; had a reader to
// wait for it, this would not end.
TEST_F(ArtTest, ReadersWaitForNoWriter) {
  insert({"xa", "xc", "xe", "xg"});
  const auto cursor = art_.cursor();
  cursor->seek("xc");
  meanwhile(SyncPoint::art_node_given_up, [&] {
    EXPECT_NE(art_.find("xe"), nullptr);
    EXPECT_EQ(art_.find("xz"), nullptr);
    cursor->next();
    EXPECT_EQ(cursor->entry(), art_.find("xe"));
    cursor->prev();
    cursor->prev();
    EXPECT_EQ(cursor->entry(), art_.find("xa"));
    cursor->seek("xb");
    EXPECT_EQ(cursor->entry(), art_.find("xc"));
    cursor->last();
    EXPECT_EQ(cursor->entry(), art_.find("xg"));
  });
  insert({"xz"});
  EXPECT_TRUE(in_action_);
  cursor->next();
  EXPECT_EQ(cursor->entry(), art_.find("xz"));
  expect_all();
}

// Four threads fill the same few nodes from 4 to 256 children, in different orders, while cursors
// stand in them.
TEST_F(ArtTest, NodesGrowUnderManyWritersAndLoseNothing) {
  constexpr int kThreads = 4, kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    const std::string start(1, static_cast<char>('A' + round));
    std::barrier together(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        testing::IndexWriter writer(art_, arena_);
        std::mt19937_64 random(t);
        Keys keys;
        for (int i = 0; i < 1024; ++i) {
          keys.push_back(start + static_cast<char>(i % 4) + static_cast<char>(i / 4));
        }
        for (int i = 0; i < 4; ++i) keys.push_back(start + static_cast<char>(i));
        std::shuffle(keys.begin(), keys.end(), random);
        const auto cursor = art_.cursor();
        together.arrive_and_wait();
        for (const std::string& key : keys) {
          const Entry* entry = writer.insert(key);
          ASSERT_EQ(art_.find(key), entry);
          if (cursor->valid()) {
            // What this thread has just inserted is never stepped over.
            const std::string stood_on(cursor->entry()->key());
            const bool forward = stood_on < key;
            forward ? cursor->next() : cursor->prev();
            if (stood_on == key) continue;
            ASSERT_TRUE(cursor->valid());
            ASSERT_TRUE(forward ? cursor->entry()->key() <= key : cursor->entry()->key() >= key);
          } else {
            cursor->seek(key);
            ASSERT_EQ(cursor->entry(), entry);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(testing::keys_forward(art_).size(), 1028u * (round + 1));
    art_.check_nodes();
  }
}

}  // namespace
}  // namespace skiplith
