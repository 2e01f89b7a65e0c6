// Damaged tables: every answer is right, or kCorruption that names the file.
#include "support/table_testing.h"
#include "table/data_block.h"

namespace skiplith::testing {
namespace {

class TableDamageTest : public TableTest {
 protected:
  TableDamageTest() {
    for (int i = 0; i < 16; ++i) {
      const std::string key = "key" + std::to_string(i * 7);
      model_.put(key, 10 + i, "value of " + key + std::string(10, static_cast<char>('a' + i)));
      if (i % 3 == 0) model_.erase(key, 100 + i);
      if (i == 7) {  // versions that fill a block
        for (Sequence sequence = 200; sequence < 212; ++sequence) model_.put(key, sequence, "old");
      }
    }
  }

  // Looks at all of a damaged table through every door.
  void expect_right_or_corruption(std::string contents, uint64_t bytes) {
    BytesFiles files(std::move(contents));
    bool noticed = false;
    const auto is_corruption = [&](const Status& status) {
      noticed = true;
      return status.code() == StatusCode::kCorruption && status.path() == path();
    };
    {
      OpenFiles open_files(files);
      Table table(open_files, path(), kTableDatabase, kTableNumber, bytes, cache_);
      for (const Sequence at : {Sequence{205}, kLatest}) {
        for (const auto& [key, versions] : model_.keys()) {
          const Answer answer = get(table, key, at);
          if (answer.lookup == Lookup::kFailed) {
            ASSERT_TRUE(is_corruption(answer.failure)) << answer.failure.to_string();
          } else {
            ASSERT_TRUE(is_answer(answer, model_.get(key, at)));
          }
        }
      }
      const auto pairs = model_.pairs(kLatest);
      const auto cursor = table.cursor(kLatest);
      size_t count = 0;
      for (cursor->first(); cursor->valid(); cursor->next(), ++count) {
        ASSERT_TRUE(count < pairs.size() && cursor->key() == pairs[count].first &&
                    cursor->value() == pairs[count].second.value);
      }
      if (cursor->status().is_ok()) {
        ASSERT_EQ(count, pairs.size());
      } else {
        ASSERT_TRUE(is_corruption(cursor->status()));
      }
      count = pairs.size();
      for (cursor->last(); cursor->valid(); cursor->prev()) {
        ASSERT_TRUE(count > 0 && cursor->key() == pairs[--count].first);
      }
      if (cursor->status().is_ok()) {
        ASSERT_EQ(count, 0u);
      } else {
        ASSERT_TRUE(is_corruption(cursor->status()));
      }
      const std::vector<TableEntry> entries = model_.entries();
      const auto versions = table.versions();
      count = 0;
      for (versions->first(); versions->valid(); versions->next(), ++count) {
        ASSERT_TRUE(count < entries.size() && versions->entry().key == entries[count].key &&
                    versions->entry().value == entries[count].value);
      }
      if (versions->status().is_ok()) {
        ASSERT_EQ(count, entries.size());
      } else {
        ASSERT_TRUE(is_corruption(versions->status()));
      }
      ASSERT_TRUE(is_corruption(table.verify()));  // which looks at everything
    }
    ASSERT_TRUE(noticed);
    ASSERT_EQ(cache_.resident_bytes(), 0u);
  }

  TableModel model_;
};

TEST_F(TableDamageTest, EverySingleBitFlipIsNoticed) {
  uint64_t plain_bytes = 0;
  for (const Compression compression : kAllCompressions) {
    const uint64_t bytes = build(model_, options(compression)).bytes;
    const std::string whole = directory_.read(kName);
    if (compression == Compression::kNone) {
      plain_bytes = bytes;
    } else {
      ASSERT_LT(bytes, plain_bytes);  // some block is compressed
    }
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      expect_right_or_corruption(std::move(damaged), bytes);
      if (HasFatalFailure()) FAIL() << "bit " << bit << " of " << whole.size() * 8;
    }
    directory_.remove(kName);
  }
}

TEST_F(TableDamageTest, EveryTruncationIsNoticed) {
  for (const Compression compression : kAllCompressions) {
    const uint64_t bytes = build(model_, options(compression)).bytes;
    const std::string whole = directory_.read(kName);
    for (size_t size = 0; size < whole.size(); ++size) {
      // The manifest's size is that of the whole, or was cut with it.
      expect_right_or_corruption(whole.substr(0, size), bytes);
      expect_right_or_corruption(whole.substr(0, size), size);
      if (HasFatalFailure()) FAIL() << size;
    }
    expect_right_or_corruption(whole + '\0', bytes);
    expect_right_or_corruption(whole + '\0', bytes + 1);
    directory_.remove(kName);
  }
}

TEST_F(TableDamageTest, ABlockIsValidInItsPlaceOnly) {
  TableModel model;
  for (int i = 0; i < 40; ++i) model.put("key" + std::to_string(100 + i), 1, std::string(50, 'v'));
  const uint64_t bytes = build(model, options()).bytes;
  const std::string whole = directory_.read(kName);
  BytesFiles files(whole);
  OpenFiles open_files(files);
  auto frame =
      Frame::open(open_files, path(), {.database = kTableDatabase, .number = kTableNumber}, bytes);
  const Fences& fences = (*frame)->fences();
  ASSERT_GT(fences.blocks(), 5u);
  int swaps = 0;
  for (uint32_t block = 2; block + 1 < fences.blocks(); ++block) {
    if (fences.bytes(block) != fences.bytes(1)) continue;
    std::string swapped = whole;
    swapped.replace(fences.offset(1), fences.bytes(1),
                    whole.substr(fences.offset(block), fences.bytes(1)));
    BytesFiles swapped_files(swapped);
    OpenFiles open_files(swapped_files);
    Table table(open_files, path(), kTableDatabase, kTableNumber, bytes, cache_);
    const Status status = table.verify();
    EXPECT_EQ(status.code(), StatusCode::kCorruption);
    EXPECT_EQ(status.offset(), fences.offset(1));
    ++swaps;
  }
  EXPECT_GT(swaps, 0);
}

TEST_F(TableDamageTest, AnotherTableInItsPlaceIsNoticed) {
  const uint64_t bytes = build(model_, options()).bytes;
  Table number(open_files_, path(), kTableDatabase, kTableNumber + 1, bytes, cache_);
  EXPECT_EQ(number.verify().code(), StatusCode::kCorruption);
  Table database(open_files_, path(), DatabaseId{{1, 2}}, kTableNumber, bytes, cache_);
  EXPECT_EQ(database.verify().code(), StatusCode::kCorruption);
  EXPECT_EQ(get(database, "key0", 1).failure.code(), StatusCode::kCorruption);
}

TEST_F(TableDamageTest, ANewerVersionIsRefused) {
  const uint64_t bytes = build(model_, options()).bytes;
  std::string newer = directory_.read(kName);
  char* const footer = newer.data() + newer.size() - kTableFooterBytes;
  store_u32(footer + 8, kTableVersion + 1);
  store_u64(footer + kTableFooterBytes - 8, checksum(Bytes(footer, kTableFooterBytes - 8), 0));
  BytesFiles files(newer);
  OpenFiles open_files(files);
  Table table(open_files, path(), kTableDatabase, kTableNumber, bytes, cache_);
  EXPECT_EQ(table.verify().code(), StatusCode::kFormat);
}

// Bytes that no checksum guards: whatever is_valid() lets pass can be read without harm.
TEST_F(TableDamageTest, AnyPayloadIsRefusedOrHarmless) {
  DataBlockBuilder builder;
  Sequence sequence = 1000;
  std::string before;
  for (const TableEntry& entry : model_.entries()) {
    builder.add({entry.key, sequence--, entry.kind, entry.value}, entry.key == before);
    before = entry.key;
  }
  std::string whole(builder.lay_out());
  whole.append(builder.values());
  int passed = 0;
  const auto look_at = [&](const std::string& payload) {
    // As large as it is and not a byte more, for AddressSanitizer to guard.
    BlockRef block = Block::make(payload.size());
    payload.copy(block->data(), payload.size());
    if (!DataBlock::is_valid(block->payload())) return;
    ++passed;
    DataBlockCursor entries;
    entries.open(block->payload());
    uint64_t bytes = 0;
    for (entries.first(); entries.valid(); entries.next()) bytes += entries.value().size();
    EXPECT_LE(bytes, payload.size());
    for (entries.last(); entries.valid(); entries.prev()) bytes += entries.key().size();
    for (const auto& [key, versions] : model_.keys()) {
      Kind kind = Kind::kPut;
      Bytes value;
      (void)DataBlock(block->payload()).find(key, 900, &kind, &value);
      entries.seek(key, 900);
    }
  };
  look_at(whole);
  ASSERT_EQ(passed, 1);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int byte : {0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(byte);
      look_at(damaged);
    }
    look_at(whole.substr(0, at));
  }
  EXPECT_GT(passed, 100);  // keys and values may be any bytes
}

TEST_F(TableDamageTest, AnEntryThatSharesMoreThanThereIsIsRefused) {
  DataBlockBuilder builder;
  for (const char* key : {"aa", "ab", "ac"}) builder.add({key, 1, Kind::kPut, "v"}, false);
  std::string payload(builder.lay_out());
  payload.append(builder.values());
  const auto is_valid = [](const std::string& bytes) {
    BlockRef block = Block::make(bytes.size());
    bytes.copy(block->data(), bytes.size());
    return DataBlock::is_valid(block->payload());
  };
  EXPECT_TRUE(is_valid(payload));
  // [shared][rest][value][word][rest of the key]
  const size_t last = payload.find(std::string("\0\1\2\0c", 5));
  ASSERT_NE(last, std::string::npos);
  payload[last] = 1;
  EXPECT_TRUE(is_valid(payload));
  payload[last] = 3;
  EXPECT_FALSE(is_valid(payload));
}

TEST_F(TableDamageTest, AForgedSizeAllocatesLittle) {
  // Raw sizes that the compressed bytes cannot hold.
  std::string compressed(20, 'x');
  for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
    for (const uint32_t raw : {0u, 1u << 20, 1u << 30, UINT32_MAX}) {
      store_u32(compressed.data(), raw);
      EXPECT_EQ(raw_bytes_of(compression, compressed), 0u) << raw;
    }
    store_u32(compressed.data(), 100);
    std::string raw(100, '\0');
    EXPECT_FALSE(decompress(compression, compressed, raw.data()));
  }
  // An index that promises more blocks than it has bytes.
  std::string index;
  append_varint(&index, uint64_t{1} << 40);
  EXPECT_FALSE(Fences().decode(index, 1000));
}

TEST_F(TableDamageTest, AReadErrorIsAnErrorAndNoEnd) {
  TableModel model;
  for (int i = 0; i < 100; ++i) model.put("key" + std::to_string(100 + i), 1, std::string(50, 'v'));
  const auto table = build_and_open(model, options());
  ASSERT_TRUE(table->properties().is_ok());
  const auto cursor = table->cursor(kLatest);
  const auto versions = table->versions();
  cursor->first();
  versions->seek("key150");
  files_.fail_at({.operation = Operation::kRead, .sticky = true});
  EXPECT_EQ(get(*table, "key199", 1).lookup, Lookup::kFailed);
  EXPECT_EQ(get(*table, "key199", 1).failure.code(), StatusCode::kStorage);
  while (cursor->valid()) cursor->next();
  EXPECT_EQ(cursor->status().code(), StatusCode::kStorage);
  cursor->last();
  EXPECT_FALSE(cursor->valid());
  EXPECT_EQ(cursor->status().code(), StatusCode::kStorage);
  versions->first();
  EXPECT_FALSE(versions->valid());
  EXPECT_EQ(versions->status().code(), StatusCode::kStorage);
  EXPECT_EQ(table->verify().code(), StatusCode::kStorage);
  files_.heal();  // nothing of it is remembered
  EXPECT_EQ(get(*table, "key199", 1).lookup, Lookup::kFound);
  cursor->last();
  EXPECT_EQ(cursor->key(), "key199");
  expect_ok(cursor->status());
  expect_ok(table->verify());
}

TEST_F(TableDamageTest, AFailedFrameIsReadAgain) {
  TableModel model;
  model.put("a", 1, "x");
  const auto table = build_and_open(model, options());
  files_.fail_at({.operation = Operation::kOpenReadable});
  EXPECT_EQ(get(*table, "a", 1).lookup, Lookup::kFailed);
  EXPECT_EQ(get(*table, "a", 1).lookup, Lookup::kFound);
}

TEST_F(TableDamageTest, AFailedWriteFailsTheBuilder) {
  for (const Operation operation :
       {Operation::kAppend, Operation::kAppendSync, Operation::kAppendClose}) {
    files_.fail_at({.operation = operation, .error_number = ENOSPC});
    auto builder = TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options());
    ASSERT_TRUE(builder.is_ok());
    expect_ok((*builder)->add({"a", 1, Kind::kPut, "x"}));
    const auto finished = (*builder)->finish();
    EXPECT_EQ(finished.status().code(), StatusCode::kStorage);
    EXPECT_EQ(finished.status().error_number(), ENOSPC);
    builder->reset();
    directory_.remove(kName);  // left for its caller
  }
  files_.fail_at({.operation = Operation::kCreateAppendable, .error_number = ENOSPC});
  EXPECT_FALSE(
      TableBuilder::create(files_, path(), kTableDatabase, kTableNumber, options()).is_ok());
}

}  // namespace
}  // namespace skiplith::testing
