// Ordered iteration against a sorted map: every move, both directions, several memtables, while
// others write.

#include <atomic>
#include <map>
#include <random>

#include "db/scan.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

using Model = std::map<std::string, std::string>;

class CursorTest : public DatabaseTest {
 protected:
  std::string random_key() { return crowded_key(random_, 9); }
  // Puts and deletes over several memtables, the same in the model.
  Model write_randomly(int mutations) {
    Model model;
    for (int i = 0; i < mutations; ++i) {
      const std::string key = random_key();
      if (random_() % 4 == 0) {
        expect_ok(database_->erase(key, false));
        model.erase(key);
      } else {
        const std::string value = std::to_string(i) + std::string(random_() % 300, 'v');
        put(key, value);
        model[key] = value;
      }
    }
    return model;
  }
  static void expect_at(const DbCursor& cursor, const Model& model, Model::const_iterator at) {
    ASSERT_EQ(cursor.valid(), at != model.end());
    if (!cursor.valid()) return;
    EXPECT_EQ(cursor.key(), at->first);
    EXPECT_EQ(cursor.value(), at->second);
  }
  // `steps` random moves of the cursor and of an iterator over the model.
  void walk(DbCursor& cursor, const Model& model, int steps) {
    auto at = model.end();
    for (int i = 0; i < steps && !HasFatalFailure(); ++i) {
      const std::string key = random_key();
      switch (at == model.end() ? random_() % 4 : random_() % 10) {
        case 0:
          expect_ok(cursor.seek(key));
          at = model.lower_bound(key);
          break;
        case 1:
          expect_ok(cursor.seek_for_prev(key));
          at = model.upper_bound(key);
          at = at == model.begin() ? model.end() : std::prev(at);
          break;
        case 2:
          expect_ok(cursor.first());
          at = model.begin();
          break;
        case 3:
          expect_ok(cursor.last());
          at = model.empty() ? model.end() : std::prev(model.end());
          break;
        case 4:
        case 5:
        case 6:
          expect_ok(cursor.next());
          ++at;
          break;
        default: expect_ok(cursor.prev()); at = at == model.begin() ? model.end() : std::prev(at);
      }
      expect_at(cursor, model, at);
    }
  }
  std::mt19937_64 random_{20'261'121};
};

class EngineCursorTest : public CursorTest, public ::testing::WithParamInterface<IndexKind> {};

TEST_P(EngineCursorTest, MovesAsASortedMapDoes) {
  options_.memtable = GetParam();
  open();
  const Model model = write_randomly(3000);
  EXPECT_GE(database_->stats()->freezes, 2u);
  walk(**database_->cursor(), model, 3000);
  reopen();
  walk(**database_->cursor(), model, 1000);
}

TEST_P(EngineCursorTest, StaysAtItsPointInTimeWhileOthersWriteAndFreeze) {
  options_.memtable = GetParam();
  open();
  const Model model = write_randomly(1500);
  auto cursor = std::move(*database_->cursor());
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      std::mt19937_64 random(t);
      while (!stop.load()) {
        std::string key;
        for (size_t length = random() % 10; key.size() < length;) {
          key.push_back(
              "\0\x01"
              "ab\xff"[random() % 5]);
        }
        if (random() % 3 == 0) {
          expect_ok(database_->erase(key, false));
        } else {
          put(key, std::string(random() % 300, 'w'));
        }
      }
    });
  }
  const uint64_t frozen = database_->stats()->freezes;
  do {
    walk(*cursor, model, 500);
  } while (database_->stats()->freezes < frozen + 3 && !HasFailure());
  stop.store(true);
  for (auto& writer : writers) writer.join();
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineCursorTest,
                         ::testing::Values(IndexKind::kSkiplist, IndexKind::kArt,
                                           IndexKind::kMutexMap, IndexKind::kRwlockMap),
                         [](const auto& info) { return index_kind_name(info.param); });

TEST_F(CursorTest, ScansKeepTheirBoundsInBothDirections) {
  open();
  const Model model = write_randomly(2000);
  for (int i = 0; i < 500; ++i) {
    Range range;
    if (random_() % 3 != 0) range.start = random_key();
    if (random_() % 3 != 0) range.stop = random_key();
    range.include_start = random_() % 2 == 0;
    range.include_stop = random_() % 2 == 0;
    const std::string prefix = random_() % 2 == 0 ? random_key() : "";
    range.intersect_prefix(prefix);
    std::vector<std::string> expected;
    for (const auto& [key, value] : model) {
      if (!range.before_start(key) && !range.after_stop(key)) {
        EXPECT_TRUE(Bytes(key).starts_with(prefix));
        expected.push_back(key + "=" + value);
      }
    }
    const bool reverse = random_() % 2 == 0;
    if (reverse) std::reverse(expected.begin(), expected.end());
    Scan scan(std::move(*database_->cursor()), range, reverse);
    std::vector<std::string> found;
    for (ScanChunk chunk;;) {
      expect_ok(scan.next_chunk(&chunk, ScanParts::kBoth, 1 + random_() % 50, 4096));
      if (chunk.size() == 0) break;
      for (size_t n = 0; n < chunk.size(); ++n) {
        found.push_back(std::string(chunk.key(n)) + "=" + std::string(chunk.value(n)));
      }
    }
    EXPECT_EQ(found, expected);
  }
}

TEST_F(CursorTest, PrefixOfHighBytesHasNoEnd) {
  open();
  put("\xff\xff", "1");
  put("\xff\xff\xff", "2");
  put("\xfe", "3");
  Range range;
  range.intersect_prefix("\xff\xff");
  Scan scan(std::move(*database_->cursor()), range, false);
  size_t passed = 0;
  expect_ok(scan.skip(10, &passed));
  EXPECT_EQ(passed, 2u);
}

TEST_F(CursorTest, OutlivesItsDatabaseAndAnswersClosed) {
  open();
  put("a", std::string(1000, 'v'));
  auto cursor = std::move(*database_->cursor());
  Value value;
  expect_ok(database_->get("a", &value));
  expect_ok(cursor->first());
  expect_ok(database_->close());
  database_.reset();
  EXPECT_EQ(cursor->value(), std::string(1000, 'v'));
  EXPECT_EQ(cursor->next().code(), StatusCode::kClosed);
  EXPECT_FALSE(cursor->valid());
  EXPECT_EQ(value.bytes(), std::string(1000, 'v'));
}

}  // namespace
}  // namespace skiplith::testing
