// A table answers as a model does, whatever its keys, versions, blocks and compression.
#include <random>

#include "record/limits.h"
#include "support/index_testing.h"
#include "support/table_testing.h"

namespace skiplith::testing {
namespace {

std::string number_key(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "key%08llu", static_cast<unsigned long long>(number));
  return text;
}

// Keys of all shapes; some with hundreds of versions, which fill many blocks of 256 bytes.
TableModel random_model(std::mt19937_64& random) {
  TableModel model;
  std::vector<std::string> keys = awkward_keys();
  for (int i = 0; i < 300; ++i) keys.push_back(random_key(random));
  for (int i = 0; i < 100; ++i) keys.push_back("abcdefgh" + random_key(random));
  std::shuffle(keys.begin(), keys.end(), random);
  keys.resize(1 + random() % keys.size());
  Sequence sequence = random() % 2 == 0 ? 0 : kMaxSequence - 1'000'000;
  const uint64_t most_versions = random() % 3 == 0 ? 1 : 3;
  for (const std::string& key : keys) {
    const bool many = most_versions > 1 && random() % 50 == 0;
    const uint64_t versions = many ? 400 : 1 + random() % most_versions;
    for (uint64_t i = 0; i < versions; ++i) {
      sequence += 1 + random() % 3;
      if (random() % 4 == 0) {
        model.erase(key, sequence);
      } else {
        const size_t size = random() % 20 == 0 ? 2000 : random() % 30;
        model.put(key, sequence, std::string(size, static_cast<char>(random())));
      }
    }
  }
  return model;
}

std::vector<Sequence> points_in_time(const TableModel& model, std::mt19937_64& random) {
  std::vector<Sequence> points = {0, kMaxSequence, kLatest};
  const std::vector<TableEntry> entries = model.entries();
  for (int i = 0; i < 3; ++i) {
    points.push_back(entries[random() % entries.size()].sequence - random() % 2);
  }
  return points;
}

// A key of the model, near one, or somewhere else.
std::string some_key(const TableModel& model, std::mt19937_64& random) {
  if (random() % 4 == 0) return random_key(random);
  auto key = model.keys().begin();
  std::advance(key, random() % model.keys().size());
  std::string near = key->first;
  switch (random() % 4) {
    case 0: return near.substr(0, near.size() / 2);
    case 1: return near.size() < kMaxKeyBytes ? near + '\0' : near;
    case 2:
      if (!near.empty()) near.back() = static_cast<char>(near.back() - 1);
      return near;
    default: return near;
  }
}

class TableModelTest : public TableTest {
 protected:
  void expect_gets(Table& table, const TableModel& model, Sequence at, std::mt19937_64& random) {
    for (const auto& [key, versions] : model.keys()) {
      ASSERT_TRUE(is_answer(get(table, key, at), model.get(key, at)));
      // Its block is resident now, so the other form answers the same.
      ASSERT_TRUE(is_answer(get(table, key, at, Table::Io::kResidentOnly), model.get(key, at)));
    }
    for (int i = 0; i < 200; ++i) {
      const std::string key = some_key(model, random);
      ASSERT_TRUE(is_answer(get(table, key, at), model.get(key, at)));
    }
  }

  // Any moves in any order; the model's cursor is a place in the list of visible pairs.
  void expect_cursor(Table& table, const TableModel& model, Sequence at, std::mt19937_64& random) {
    const auto pairs = model.pairs(at);
    const auto cursor = table.cursor(at);
    const auto size = static_cast<ptrdiff_t>(pairs.size());
    const auto before = [](const auto& pair, const std::string& key) { return pair.first < key; };
    ptrdiff_t place = -1;
    for (int move = 0; move < 600; ++move) {
      const std::string key = some_key(model, random);
      const ptrdiff_t found =
          std::lower_bound(pairs.begin(), pairs.end(), key, before) - pairs.begin();
      switch (place < 0 || place >= size ? random() % 4 : random() % 12) {
        case 0: cursor->first(), place = 0; break;
        case 1: cursor->last(), place = size - 1; break;
        case 2: cursor->seek(key), place = found; break;
        case 3:
          cursor->seek_for_prev(key);
          place = found < size && pairs[found].first == key ? found : found - 1;
          break;
        case 4:
        case 5:
        case 6:
        case 7: cursor->next(), ++place; break;
        default: cursor->prev(), --place; break;
      }
      expect_ok(cursor->status());
      ASSERT_EQ(cursor->valid(), place >= 0 && place < size);
      if (!cursor->valid()) continue;
      ASSERT_TRUE(cursor->key() == pairs[place].first) << move;
      ASSERT_TRUE(cursor->value() == pairs[place].second.value);
      ASSERT_EQ(cursor->kind(), pairs[place].second.kind);
      ASSERT_EQ(cursor->prefix(), key_prefix(pairs[place].first));
    }
    size_t count = 0;
    for (cursor->first(); cursor->valid(); cursor->next()) {
      ASSERT_LT(count, pairs.size());
      ASSERT_TRUE(cursor->key() == pairs[count++].first);
    }
    ASSERT_EQ(count, pairs.size());
    for (cursor->last(); cursor->valid(); cursor->prev()) {
      ASSERT_TRUE(cursor->key() == pairs[--count].first);
    }
    ASSERT_EQ(count, 0u);
  }

  void expect_versions(Table& table, const TableModel& model, std::mt19937_64& random) {
    const std::vector<TableEntry> entries = model.entries();
    const auto versions = table.versions();
    const auto expect_from = [&](size_t from, size_t most) {
      for (size_t i = from; i < entries.size() && i < from + most; ++i, versions->next()) {
        ASSERT_TRUE(versions->valid()) << versions->status().to_string();
        const TableEntry entry = versions->entry();
        ASSERT_TRUE(entry.key == entries[i].key && entry.value == entries[i].value);
        ASSERT_EQ(entry.sequence, entries[i].sequence);
        ASSERT_EQ(entry.kind, entries[i].kind);
        ASSERT_EQ(versions->is_older_version(), i > 0 && entries[i - 1].key == entries[i].key);
      }
      if (from + most > entries.size()) {
        ASSERT_FALSE(versions->valid());
      }
    };
    versions->first();
    expect_from(0, entries.size() + 1);
    for (int i = 0; i < 50; ++i) {
      const std::string key = some_key(model, random);
      versions->seek(key);
      size_t from = 0;
      while (from < entries.size() && entries[from].key < key) ++from;
      expect_from(from, 10);
    }
    expect_ok(versions->status());
  }
};

TEST_F(TableModelTest, AnswersAsTheModelDoes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    const TableModel model = random_model(random);
    TableOptions some_options = options(kAllCompressions[round % 3]);
    some_options.block_bytes = round % 5 == 0 ? 8 * 1024 : 64 << random() % 5;
    if (round % 4 == 0) some_options.filter_bits = 0;
    const auto table = build_and_open(model, some_options);
    expect_ok(table->verify());
    for (const Sequence at : points_in_time(model, random)) {
      SCOPED_TRACE(at);
      expect_gets(*table, model, at, random);
      expect_cursor(*table, model, at, random);
      if (HasFatalFailure()) return;
    }
    expect_versions(*table, model, random);
    if (HasFatalFailure()) return;
    directory_.remove(kName);
  }
}

TEST_F(TableModelTest, OneKeyWithVersionsInManyBlocks) {
  TableModel model;
  model.put("a", 1, "first");
  model.put("c", 2, "last");
  for (Sequence sequence = 10; sequence < 5000; sequence += 2) {
    model.put("b", sequence, std::to_string(sequence));
  }
  const auto table = build_and_open(model, options());
  for (Sequence at = 0; at < 5010; ++at) {
    ASSERT_TRUE(is_answer(get(*table, "b", at), model.get("b", at))) << at;
    const auto cursor = table->cursor(at);
    cursor->seek_for_prev("bb");
    ASSERT_EQ(cursor->valid(), at >= 1);
    if (at < 10) continue;
    EXPECT_EQ(cursor->value(), model.get("b", at)->value);
    cursor->prev();
    EXPECT_EQ(cursor->key(), "a");
  }
  expect_ok(table->verify());
}

TEST_F(TableTest, OneEntryIsATable) {
  TableModel model;
  model.put("", 0, "");
  const auto table = build_and_open(model, options());
  EXPECT_TRUE(is_answer(get(*table, "", 0), model.get("", 0)));
  EXPECT_EQ(get(*table, "a", 0).lookup, Lookup::kAbsent);
  expect_ok(table->verify());
}

TEST_F(TableTest, PropertiesTellWhatWasAdded) {
  TableModel model;
  model.put("b", 7, "1234");
  model.erase("b", 9);
  model.put("a", 5, "xy");
  model.erase("cc", 20);
  const TableProperties properties = build(model, options());
  EXPECT_EQ(properties.number, kTableNumber);
  EXPECT_EQ(properties.bytes, directory_.read(kName).size());
  EXPECT_EQ(properties.entries, 4u);
  EXPECT_EQ(properties.tombstones, 2u);
  EXPECT_EQ(properties.old_versions, 1u);
  EXPECT_EQ(properties.raw_key_bytes, 5u);
  EXPECT_EQ(properties.raw_value_bytes, 6u);
  EXPECT_EQ(properties.smallest_sequence, 5u);
  EXPECT_EQ(properties.largest_sequence, 20u);
  EXPECT_EQ(properties.smallest_key, "a");
  EXPECT_EQ(properties.largest_key, "cc");
  auto stored = open(properties.bytes)->properties();
  ASSERT_TRUE(stored.is_ok());
  EXPECT_EQ(*stored, properties);
}

TEST_F(TableTest, TheFileIsNotTouchedBeforeFirstUse) {
  TableModel model;
  model.put("a", 1, "x");
  const auto table = build_and_open(model, options());
  EXPECT_EQ(files_.calls(Operation::kOpenReadable), 0u);
  EXPECT_EQ(get(*table, "a", 1, Table::Io::kResidentOnly).lookup, Lookup::kNeedsIo);
  EXPECT_EQ(files_.calls(Operation::kOpenReadable), 0u);
  EXPECT_EQ(get(*table, "a", 1).lookup, Lookup::kFound);
  EXPECT_EQ(files_.calls(Operation::kOpenReadable), 1u);
}

TEST_F(TableTest, FinishSyncsTheFileAndNotTheDirectory) {
  TableModel model;
  model.put("a", 1, "x");
  build(model, options());
  EXPECT_EQ(files_.calls(Operation::kAppendSync), 1u);
  EXPECT_EQ(files_.calls(Operation::kAppendClose), 1u);
  EXPECT_EQ(files_.calls(Operation::kSyncDirectory), 0u);
}

TEST_F(TableTest, AnUnfinishedFileIsLeftAndIsNoTable) {
  auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options());
  for (int i = 0; i < 5000; ++i) {
    expect_ok((*builder)->add({number_key(i), 1, Kind::kPut, std::string(100, 'v')}));
  }
  builder->reset();
  const uint64_t bytes = directory_.read(kName).size();
  EXPECT_GT(bytes, 100'000u);
  EXPECT_EQ(open(bytes)->verify().code(), StatusCode::kCorruption);
}

TEST_F(TableTest, BytesGrowWithWhatIsAdded) {
  auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options());
  uint64_t before = (*builder)->bytes();
  for (int i = 0; i < 1000; ++i) {
    expect_ok((*builder)->add({number_key(i), 1, Kind::kPut, std::string(100, 'v')}));
    ASSERT_GT((*builder)->bytes(), before);
    before = (*builder)->bytes();
  }
  const uint64_t bytes = (*builder)->finish()->bytes;
  EXPECT_NEAR(static_cast<double>(before), static_cast<double>(bytes), 0.1 * bytes);
}

TEST_F(TableTest, UncompressedTakesLittleMoreThanItsEntries) {
  std::mt19937_64 random(2);
  TableModel model;
  for (Sequence sequence = 1; sequence <= 20'000; ++sequence) {
    std::string key;
    append_u64(&key, random());
    append_u64(&key, random());
    model.put(key, sequence, std::string(100, 'v'));
  }
  const TableProperties properties = build(model, {});
  const uint64_t raw = properties.raw_key_bytes + properties.raw_value_bytes;
  EXPECT_LT(properties.bytes, raw + raw / 10);
}

TEST_F(TableTest, CompressionSavesSpaceOrIsNotUsed) {
  TableModel model;
  for (int i = 0; i < 1000; ++i) model.put(number_key(i), 1, std::string(100, 'v'));
  const uint64_t raw = build(model, options()).bytes;
  for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
    directory_.remove(kName);
    EXPECT_LT(build(model, options(compression)).bytes, raw / 2);
  }
  std::mt19937_64 random(3);
  TableModel noise;
  for (int i = 0; i < 300; ++i) {
    std::string value(100, ' ');
    for (char& byte : value) byte = static_cast<char>(random());
    noise.put(number_key(i), 1, value);
  }
  directory_.remove(kName);
  build(noise, options());
  const std::string plain = directory_.read(kName);
  directory_.remove(kName);
  TableOptions compressed = options(Compression::kLz4);
  build(noise, compressed);
  // A block or two may save an eighth; the rest is stored as it is.
  EXPECT_GT(directory_.read(kName).size(), plain.size() * 9 / 10);
}

TEST_F(TableTest, LargeValuesLieInBlocksOfTheirOwn) {
  TableModel model;
  std::mt19937_64 random(4);
  std::string noise(size_t{20} << 20, ' ');
  for (char& byte : noise) byte = static_cast<char>(random());
  model.put("a", 1, "small");
  model.put("b", 2, noise);
  model.put("c", 3, std::string(size_t{20} << 20, 'z'));
  model.put("d", 4, "small");
  for (const Compression compression : kAllCompressions) {
    const auto table = build_and_open(model, options(compression));
    for (const char* key : {"a", "d"}) {
      EXPECT_TRUE(is_answer(get(*table, key, 9), model.get(key, 9)));
    }
    EXPECT_LT(cache_.resident_bytes(), 10'000u);  // no large one came along
    for (const char* key : {"b", "c"}) {
      EXPECT_TRUE(is_answer(get(*table, key, 9), model.get(key, 9)));
    }
    expect_ok(table->verify());
    directory_.remove(kName);
  }
}

TEST_F(TableTest, TheBlockIndexFindsWhatTiesInItsHeads) {
  // All keys begin with one of two long strings: their first eight bytes decide nothing.
  TableModel model;
  for (int i = 0; i < 2000; ++i) {
    model.put("aaaaaaaaaaaaaaaa" + number_key(i), 1, std::to_string(i));
    model.put("bbbbbbbbbbbbbbbb" + number_key(i), 1, std::to_string(i));
  }
  const auto table = build_and_open(model, options());
  for (const auto& [key, versions] : model.keys()) {
    ASSERT_TRUE(is_answer(get(*table, key, 1), model.get(key, 1)));
    ASSERT_EQ(get(*table, key + "x", 1).lookup, Lookup::kAbsent);
  }
}

using TableBuilderDeathTest = TableTest;

TEST_F(TableBuilderDeathTest, WrongOrderIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options());
  expect_ok((*builder)->add({"b", 5, Kind::kPut, "x"}));
  EXPECT_DEATH((void)(*builder)->add({"a", 9, Kind::kPut, "x"}), "last_key_");
  EXPECT_DEATH((void)(*builder)->add({"b", 5, Kind::kPut, "x"}), "last_key_");
  EXPECT_DEATH((void)(*builder)->add({"b", 6, Kind::kPut, "x"}), "last_key_");
  EXPECT_DEATH((void)(*builder)->add({"c", 6, Kind::kClear, ""}), "kDelete");
  EXPECT_DEATH((void)(*builder)->add({"c", 6, Kind::kDelete, "x"}), "kDelete");
}

TEST_F(TableBuilderDeathTest, ATableWithoutEntriesIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options());
  EXPECT_DEATH((void)(*builder)->finish(), "entries > 0");
}

}  // namespace
}  // namespace skiplith::testing
