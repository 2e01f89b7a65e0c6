// Cursors and scans of one moment against a sorted list, while others write, freeze, flush and
// compact: every move, random searches, turns, bounds and prefixes.
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>

#include "db/scan.h"
#include "db/snapshots.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

using Model = std::map<std::string, std::string>;
using Random = std::mt19937_64;

class CursorPropertyTest : public DatabaseTest {
 protected:
  static constexpr size_t kWriters = 2;

  static std::string random_key(Random& random) { return crowded_key(random, 7); }
  // Each key has one writer, so that what it wrote last is known.
  static size_t writer_of(const std::string& key) {
    return std::hash<std::string>()(key) % kWriters;
  }

  void choose_options(Random& random) {
    options_.memtable = static_cast<IndexKind>(random() % 4);
    options_.compaction = static_cast<CompactionStyle>(random() % 2);
    options_.compression = every_level(static_cast<Compression>(random() % 3));
    options_.cache_bytes = random() % 3 * 50'000;
    options_.filter_bits = random() % 2 * 10;
  }
  // Writes of one writer, the same to its model, until told to stop but no fewer than `least`.
  void write(uint64_t seed, size_t writer, int least, const std::atomic<bool>& stop, Model* model) {
    Random random(seed * kWriters + writer);
    for (int i = 0; i < least || !stop.load(); ++i) {
      const std::string key = random_key(random);
      if (writer_of(key) != writer) continue;
      if (random() % 3 == 0) {
        expect_ok(database_->erase(key, false));
        model->erase(key);
      } else {
        const size_t bytes = random() % 50 == 0 ? 20'000 : random() % 200;
        put(key, (*model)[key] = std::to_string(random()) + std::string(bytes, 'v'));
      }
      if (random() % 1000 == 0) expect_ok(database_->flush(random() % 2 == 0));
      if (random() % 3000 == 0) {
        expect_ok(database_->compact(random_key(random), {}, [] { return true; }));
      }
    }
  }

  // `steps` random moves of the cursor, and of an iterator over the model.
  void walk(Random& random, DbCursor& cursor, const Model& model, int steps) {
    auto at = model.end();
    bool forward = true;
    const auto before = [&](Model::const_iterator place) {
      return place == model.begin() ? model.end() : std::prev(place);
    };
    for (int i = 0; i < steps && !HasFatalFailure(); ++i) {
      if (random() % 8 == 0) forward = !forward;
      const std::string key = random_key(random);
      switch (at == model.end() ? random() % 4 : random() % 24) {
        case 0:
          expect_ok(cursor.seek(key));
          at = model.lower_bound(key);
          break;
        case 1:
          expect_ok(cursor.seek_for_prev(key));
          at = before(model.upper_bound(key));
          break;
        case 2:
          expect_ok(cursor.first());
          at = model.begin();
          break;
        case 3:
          expect_ok(cursor.last());
          at = before(model.end());
          break;
        default:
          expect_ok(forward ? cursor.next() : cursor.prev());
          at = forward ? std::next(at) : before(at);
      }
      ASSERT_EQ(cursor.valid(), at != model.end());
      if (!cursor.valid()) continue;
      ASSERT_EQ(cursor.key(), at->first);
      ASSERT_EQ(cursor.value(), at->second);
    }
  }

  // A scan of a random range, in chunks of random sizes, or one that only counts.
  void scan(Random& random, std::unique_ptr<DbCursor> cursor, const Model& model) {
    Range range;
    if (random() % 3 != 0) range.start = random_key(random);
    if (random() % 3 != 0) range.stop = random_key(random);
    range.include_start = random() % 2 == 0;
    range.include_stop = random() % 2 == 0;
    const bool has_prefix = random() % 2 == 0;
    const std::string prefix = has_prefix ? random_key(random) : "";
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& [key, value] : model) {
      const bool starts =
          !range.start || key > *range.start || (range.include_start && key == *range.start);
      const bool stops =
          !range.stop || key < *range.stop || (range.include_stop && key == *range.stop);
      if (starts && stops && key.starts_with(prefix)) expected.emplace_back(key, value);
    }
    if (has_prefix) range.intersect_prefix(prefix);
    const bool reverse = random() % 2 == 0;
    if (reverse) std::ranges::reverse(expected);
    Scan scan(std::move(cursor), range, reverse);
    if (random() % 4 == 0) {
      size_t counted = 0, passed = 1;
      while (passed > 0) {
        expect_ok(scan.skip(1 + random() % 50, &passed));
        counted += passed;
      }
      ASSERT_EQ(counted, expected.size());
      return;
    }
    std::vector<std::pair<std::string, std::string>> found;
    for (ScanChunk chunk;;) {
      expect_ok(scan.next_chunk(&chunk, ScanParts::kBoth, 1 + random() % 50, 4096));
      if (chunk.size() == 0) break;
      for (size_t i = 0; i < chunk.size(); ++i) found.emplace_back(chunk.key(i), chunk.value(i));
    }
    ASSERT_EQ(found, expected);
  }

  std::unique_ptr<DbCursor> cursor_at(const ReadPoint& point) {
    return std::make_unique<DbCursor>(database_, point);
  }

  // One moment, taken while nobody writes, looked at while all do: through cursors that hold the
  // view of that moment, and through a snapshot whose view is of whenever it is asked.
  void look(Random& random, uint64_t seed, int writes, std::array<Model, kWriters>* models) {
    Model model;
    for (const Model& part : *models) model.insert(part.begin(), part.end());
    const ReadPoint point = *database_->read_point();
    const auto snapshot = std::move(*database_->snapshot());
    const std::unique_ptr<DbCursor> kept = cursor_at(point);
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (size_t w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] { write(seed, w, writes, stop, &(*models)[w]); });
    }
    for (int round = 0; round < 4 && !HasFailure(); ++round) {
      walk(random, *kept, model, 200);
      walk(random, *cursor_at(point), model, 100);
      walk(random, *cursor_at(*database_->read_point(*snapshot)), model, 200);
      for (int i = 0; i < 4 && !HasFailure(); ++i) {
        scan(random, cursor_at(i % 2 == 0 ? point : *database_->read_point(*snapshot)), model);
      }
    }
    stop.store(true);
    for (std::thread& writer : writers) writer.join();
    if (!HasFailure()) walk(random, *kept, model, 100);
  }
};

TEST_F(CursorPropertyTest, EveryMoveAndScanOfAMomentIsThatOfASortedList) {
  const char* asked = std::getenv("SKIPLITH_CURSOR_SEEDS");
  const uint64_t seeds = asked == nullptr ? 8 : std::strtoull(asked, nullptr, 10);
  uint64_t freezes = 0, flushes = 0, compactions = 0;
  for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    choose_options(random);
    open(OpenMode::kNew);
    std::array<Model, kWriters> models;
    for (uint64_t moment = 0; moment < 5 && !HasFailure(); ++moment) {
      look(random, seed * 100 + moment, 1500, &models);
    }
    const Stats stats = *database_->stats();
    freezes += stats.freezes;
    flushes += stats.flushes;
    compactions += stats.compactions;
    expect_ok(database_->close());
    database_.reset();
  }
  EXPECT_GT(freezes, 4 * seeds);
  EXPECT_GT(flushes, 4 * seeds);
  EXPECT_GT(compactions, seeds);
}

}  // namespace
}  // namespace skiplith::testing
