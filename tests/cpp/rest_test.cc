// A database that nobody writes to comes to rest: compaction ends, what was deleted gives its space
// back, and files go with their last reader.
#include <cstdlib>
#include <map>
#include <random>

#include "db/loader.h"
#include "db/snapshots.h"
#include "db/table_store.h"
#include "lsm/compaction_run.h"
#include "lsm/merging_cursor.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

using Model = std::map<std::string, std::string>;

std::string random_bytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// The levels that a database left behind, which plans and runs bring to rest step by step.
class Leftover {
 public:
  Leftover(const std::string& directory, const Options& options)
      : manifest_(std::move(*Manifest::load(posix_files(), directory))),
        store_(posix_files(), directory, options, *manifest_) {
    for (const auto& [number, meta] : manifest_->state().tables) {
      tables_.push_back(store_.open(meta));
    }
  }

  size_t tables() const { return tables_.size(); }
  // False: no plan is left.
  bool step(const CompactionParameters& parameters, const std::vector<Sequence>& snapshots) {
    const auto plan = plan_compaction(Levels(tables_).metas(), parameters, snapshots);
    if (!plan) return false;
    Levels::Tables inputs;
    for (const TableMeta& input : plan->inputs) {
      const auto found = std::ranges::find(
          tables_, input.number, [](const LevelTable& table) { return table.meta.number; });
      inputs.push_back(*found);
      tables_.erase(found);
    }
    if (plan->is_trivial_move) {
      inputs.front().meta.level = plan->output_level;
      tables_.push_back(inputs.front());
      return true;
    }
    for (const TableMeta& table : written(*plan, inputs, parameters.table_bytes, snapshots)) {
      tables_.push_back(store_.open(table));
    }
    for (const LevelTable& table : inputs) table.stored->drop();
    return true;
  }
  void expect_holds(const Model& model) const {
    const Levels levels(tables_);
    std::vector<std::unique_ptr<Cursor>> sources;
    levels.add_cursors(kMaxSequence, &sources);
    MergingCursor cursor(std::move(sources));
    auto expected = model.begin();
    for (cursor.first(); cursor.valid(); cursor.next()) {
      if (cursor.kind() == Kind::kDelete) continue;
      ASSERT_NE(expected, model.end());
      ASSERT_EQ(cursor.key(), expected->first);
      ASSERT_EQ(cursor.value(), expected->second);
      ++expected;
    }
    ASSERT_TRUE(cursor.status().is_ok()) << cursor.status().to_string();
    ASSERT_EQ(expected, model.end());
  }

 private:
  std::vector<TableMeta> written(const CompactionPlan& plan, const Levels::Tables& inputs,
                                 uint64_t table_bytes,
                                 const std::vector<Sequence>& snapshots) const {
    std::vector<Table*> tables;
    for (const LevelTable& input : inputs) tables.push_back(&input.table());
    CompactionRun run(plan, tables, store_.output_for(plan.output_level, table_bytes), snapshots);
    const Result<bool> done = run.step(UINT64_MAX);
    EXPECT_TRUE(done.is_ok()) << done.status().to_string();
    return done.is_ok() ? run.take_result().tables : std::vector<TableMeta>();
  }

  std::unique_ptr<Manifest> manifest_;
  TableStore store_;
  Levels::Tables tables_;
};

class RestTest : public DatabaseTest {
 protected:
  struct Life {
    Model model;
    std::vector<Sequence> snapshots;  // that were held, ascending
  };
  // Flushes, deletes and loads of one kind of values, while snapshots are held.
  Life live(std::mt19937_64& random) {
    Life life;
    std::vector<std::unique_ptr<Snapshot>> held;
    const uint64_t keys = uint64_t{20} << random() % 7;
    const uint64_t deletes = random() % 3 * 40;  // of a hundred
    const bool ascending = random() % 3 == 0;
    const uint64_t values = random() % 4;
    uint64_t next = 0;
    const auto key = [&] {
      return "key" + std::to_string(100'000 + (ascending ? ++next : random() % keys));
    };
    const auto value = [&]() -> std::string {
      if (values == 0) return std::string(random() % 8000, 'c');  // large, and compressed to little
      if (values == 1) return random_bytes(random, random() % 30);
      if (values == 2) return random_bytes(random, random() % 2000);
      return random() % 2 == 0 ? "" : std::string(random() % 3000, 'm') + random_bytes(random, 9);
    };
    for (uint64_t round = 1 + random() % 16; round > 0; --round) {
      for (uint64_t i = 1 + random() % (2 * keys); i > 0; --i) {
        const std::string name = key();
        if (random() % 100 < deletes) {
          expect_ok(database_->erase(name, false));
          life.model.erase(name);
        } else {
          put(name, life.model[name] = value());
        }
      }
      if (random() % 4 == 0) {
        held.push_back(std::move(*database_->snapshot()));
        life.snapshots.push_back(database_->read_point(*held.back())->sequence);
      }
      if (random() % 4 == 0) {
        Model loaded;
        for (uint64_t i = random() % keys; i > 0; --i) loaded[key()] = value();
        Batch pairs;
        for (const auto& [name, bytes] : loaded) {
          expect_ok(pairs.put(name, bytes));
          life.model[name] = bytes;
        }
        auto loader = std::move(*database_->loader());
        expect_ok(loader->add(pairs));
        expect_ok(loader->finish());
      }
      expect_ok(database_->flush(true));
    }
    return life;
  }
  uint64_t table_bytes() {
    uint64_t bytes = 0;
    const Stats stats = *database_->stats();
    for (const LevelStats& level : stats.levels) bytes += level.bytes;
    return bytes;
  }
  std::vector<std::string> table_files() const {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() == ".sst") found.push_back(file.path());
    }
    return found;
  }
  static bool any_exists(const std::vector<std::string>& files) {
    return std::ranges::any_of(
        files, [](const std::string& file) { return std::filesystem::exists(file); });
  }
  void compact() {
    expect_ok(database_->compact({}, {}, [] { return true; }));
  }
};

// A join of two small tables once made two of them again, for ever.
TEST_F(RestTest, CompactionOfRealTablesEndsAfterAnyLife) {
  const char* asked = std::getenv("SKIPLITH_REST_SEEDS");
  const uint64_t seeds = asked == nullptr ? 12 : std::strtoull(asked, nullptr, 10);
  options_.compaction = CompactionStyle::kNone;
  for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (Compression& compression : options_.compression) {
      compression = static_cast<Compression>(random() % 3);
    }
    if (random() % 2 == 0) options_.compression = every_level(options_.compression[0]);
    open(OpenMode::kNew);
    Life life = live(random);
    expect_ok(database_->close());
    database_.reset();
    Leftover leftover(directory_, options_);
    const CompactionParameters parameters{.tiered = random() % 2 == 0,
                                          .level0_trigger = 1 + static_cast<uint32_t>(random() % 4),
                                          .base_bytes = uint64_t{16 << 10} << random() % 6,
                                          .factor = 2 + static_cast<uint32_t>(random() % 9),
                                          .table_bytes = uint64_t{4 << 10} << random() % 6,
                                          .compression = options_.compression};
    for (;;) {
      // What comes from one table: a few steps down, and joins.
      const size_t most = 50 + 20 * leftover.tables();
      size_t plans = 0;
      while (leftover.step(parameters, life.snapshots) && !HasFailure()) {
        ASSERT_LT(++plans, most);
      }
      leftover.expect_holds(life.model);
      if (life.snapshots.empty()) break;
      // Released one by one, in any order.
      life.snapshots.erase(life.snapshots.begin() +
                           static_cast<ptrdiff_t>(random() % life.snapshots.size()));
    }
  }
}

// The background thread answers a request only between two compactions, and then looks what is due.
TEST_F(RestTest, AnIdleDatabaseStopsCompacting) {
  for (uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    options_.compaction = seed % 2 == 0 ? CompactionStyle::kTiered : CompactionStyle::kLeveled;
    options_.compression = every_level(static_cast<Compression>(seed % 3));
    open(OpenMode::kNew);
    const Life life = live(random);
    constexpr int kQuiet = 10, kMost = 2000;
    int quiet = 0, asked = 0;
    for (uint64_t before = 0; quiet < kQuiet; ++asked) {
      ASSERT_LT(asked, kMost);
      expect_ok(database_->compact("none", "none", [] { return true; }));
      const uint64_t compactions = database_->stats()->compactions;
      quiet = compactions == before ? quiet + 1 : 0;
      before = compactions;
    }
    for (const auto& [key, value] : life.model) ASSERT_EQ(get(key), value);
    expect_ok(database_->close());
  }
}

TEST_F(RestTest, WhatWasDeletedGivesItsSpaceBackThoughNobodyWritesOrAsks) {
  constexpr int kKeys = 12'000;
  const auto key_of = [](int i) { return "key" + std::to_string(100'000 + i); };
  for (const CompactionStyle style : {CompactionStyle::kLeveled, CompactionStyle::kTiered}) {
    for (const bool spread : {false, true}) {
      for (const bool settled : {false, true}) {
        SCOPED_TRACE(std::to_string(static_cast<int>(style)) + (spread ? " spread" : "") +
                     (settled ? " settled" : ""));
        options_.compaction = style;
        open(OpenMode::kNew);
        std::mt19937_64 random(1);
        for (int i = 0; i < kKeys; ++i) put(key_of(i * 7919 % kKeys), random_bytes(random, 100));
        expect_ok(database_->flush(true));
        if (settled) compact();
        const uint64_t before = table_bytes();
        ASSERT_GT(before, uint64_t{kKeys} * 100);
        const auto stays = [&](int i) { return spread ? i % 10 == 3 : i < kKeys / 10; };
        for (int i = 0; i < kKeys; ++i) {
          if (!stays(i)) expect_ok(database_->erase(key_of(i), false));
        }
        expect_ok(database_->flush(true));
        while (table_bytes() > before * 15 / 100) std::this_thread::yield();
        for (int i = 0; i < kKeys; i += 37) {
          EXPECT_EQ(get(key_of(i)) == "<absent>", !stays(i)) << i;
        }
        expect_ok(database_->close());
      }
    }
  }
}

TEST_F(RestTest, ReplacedFilesStayForAnIteratorAndGoWithItThoughNobodyWrites) {
  options_.compaction = CompactionStyle::kNone;
  options_.cache_bytes = 0;  // it has to read them
  open();
  Model model;
  for (int round = 0; round < 5; ++round) {
    for (int i = 1000 + round; i < 1500; i += 5) {
      put(std::to_string(i), model[std::to_string(i)] = std::string(100, 'v'));
    }
    expect_ok(database_->flush(true));
  }
  const std::vector<std::string> replaced = table_files();
  ASSERT_GE(replaced.size(), 5u);
  auto cursor = std::move(*database_->cursor());
  compact();
  for (const std::string& file : replaced) EXPECT_TRUE(std::filesystem::exists(file)) << file;
  expect_ok(cursor->first());
  for (const auto& [key, value] : model) {
    ASSERT_EQ(cursor->key(), key);
    ASSERT_EQ(cursor->value(), value);
    expect_ok(cursor->next());
  }
  for (const std::string& file : replaced) EXPECT_TRUE(std::filesystem::exists(file)) << file;
  cursor.reset();
  while (any_exists(replaced)) std::this_thread::yield();
  EXPECT_EQ(table_files().size(), database_->stats()->levels[kLevels - 1].tables);
}

// It holds a sequence and no table: what it sees moves with the others, and goes after it.
TEST_F(RestTest, WhatOnlyASnapshotSeesGoesAfterItThoughNobodyWrites) {
  for (const CompactionStyle style : {CompactionStyle::kLeveled, CompactionStyle::kTiered}) {
    options_.compaction = style;
    open(OpenMode::kNew);
    for (int i = 0; i < 500; ++i) put(std::to_string(i), "old");
    auto snapshot = std::move(*database_->snapshot());
    for (int i = 0; i < 500; ++i) put(std::to_string(i), "new");
    expect_ok(database_->flush(true));
    std::vector<std::string> replaced = table_files();
    compact();
    std::erase_if(replaced, [&](const std::string& file) {
      return std::ranges::count(table_files(), file) > 0;  // moved, as it is
    });
    while (any_exists(replaced)) std::this_thread::yield();
    Value value;
    expect_ok(database_->get(*snapshot, "7", &value));
    EXPECT_EQ(value.bytes(), "old");
    EXPECT_EQ(get("7"), "new");
    EXPECT_EQ(database_->stats()->obsolete_entries, 500u);
    replaced = table_files();
    snapshot.reset();
    while (database_->stats()->obsolete_entries != 0) std::this_thread::yield();
    while (any_exists(replaced)) std::this_thread::yield();
    EXPECT_EQ(get("7"), "new");
    expect_ok(database_->close());
  }
}

}  // namespace
}  // namespace skiplith::testing
