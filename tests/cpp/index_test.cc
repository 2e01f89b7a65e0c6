// What every engine promises, one thread: the same tests for each, against a std::map.
#include "mem/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/index_testing.h"

namespace skiplith {
namespace {

using testing::awkward_keys;
using testing::keys_backward;
using testing::keys_forward;
using testing::random_key;

class IndexTest : public ::testing::TestWithParam<IndexKind> {
 protected:
  Entry* insert(Bytes key) {
    Entry* entry = writer_.insert(key);
    model_[std::string(key)] = entry;
    return entry;
  }
  std::vector<std::string> model_keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : model_) keys.push_back(key);
    return keys;
  }
  // Every way to stand on something, from `key`.
  void expect_cursor_agrees_at(const std::string& key) {
    const auto cursor = index_->cursor();
    auto place = model_.lower_bound(key);
    cursor->seek(key);
    EXPECT_EQ(cursor->entry(), place == model_.end() ? nullptr : place->second);
    if (place != model_.end()) {
      cursor->next();
      EXPECT_EQ(cursor->entry(),
                std::next(place) == model_.end() ? nullptr : std::next(place)->second);
    }
    place = model_.upper_bound(key);
    cursor->seek_for_prev(key);
    EXPECT_EQ(cursor->entry(), place == model_.begin() ? nullptr : std::prev(place)->second);
    if (place != model_.begin()) {
      --place;
      cursor->prev();
      EXPECT_EQ(cursor->entry(), place == model_.begin() ? nullptr : std::prev(place)->second);
    }
  }

  Arena arena_{uint64_t{64} << 20};
  std::unique_ptr<Index> index_ = make_index(GetParam(), arena_);
  testing::IndexWriter writer_{*index_, arena_};
  std::map<std::string, Entry*> model_;
};

INSTANTIATE_TEST_SUITE_P(Engines, IndexTest, ::testing::ValuesIn(testing::kAllIndexKinds),
                         testing::test_name);

TEST_P(IndexTest, EmptyIndexHasNothing) {
  EXPECT_EQ(index_->find(""), nullptr);
  EXPECT_EQ(index_->find("k"), nullptr);
  EXPECT_TRUE(keys_forward(*index_).empty());
  EXPECT_TRUE(keys_backward(*index_).empty());
  expect_cursor_agrees_at("");
  expect_cursor_agrees_at("k");
}

TEST_P(IndexTest, NewEntryIsEmptyAndOpen) {
  Entry* entry = insert("key");
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->prefix, key_prefix("key"));
  EXPECT_EQ(entry->head(), 0u);
  EXPECT_FALSE(entry->lock.is_locked());
}

TEST_P(IndexTest, EqualKeysShareOneEntry) {
  for (const std::string& key : awkward_keys()) {
    Entry* entry = insert(key);
    EXPECT_EQ(insert(std::string(key)), entry);
    EXPECT_EQ(index_->find(key), entry);
  }
}

TEST_P(IndexTest, FindingAnEntryTakesNoMemory) {
  insert("key");
  writer_.reserve("key");
  const uint64_t left = writer_.arena_writer().left();
  insert("key");
  EXPECT_EQ(writer_.arena_writer().left(), left);
}

TEST_P(IndexTest, InsertTakesNoMoreThanItSays) {
  for (const std::string& key : awkward_keys()) {
    writer_.reserve(key);
    const uint64_t left = writer_.arena_writer().left();
    insert(key);
    EXPECT_LE(left - writer_.arena_writer().left(), index_->insert_bytes(key.size()));
  }
}

TEST_P(IndexTest, AnyBytesAreKeysInBytewiseOrder) {
  std::vector<std::string> keys = awkward_keys();
  std::mt19937_64 random(7);
  std::shuffle(keys.begin(), keys.end(), random);
  for (const std::string& key : keys) insert(key);
  for (const std::string& key : keys) {
    ASSERT_NE(index_->find(key), nullptr);
    EXPECT_EQ(index_->find(key)->key(), key);
    expect_cursor_agrees_at(key);
    expect_cursor_agrees_at(key + '\0');
    if (!key.empty()) expect_cursor_agrees_at(key.substr(0, key.size() - 1));
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys_forward(*index_), keys);
  std::reverse(keys.begin(), keys.end());
  EXPECT_EQ(keys_backward(*index_), keys);
}

TEST_P(IndexTest, AgreesWithAMapOnRandomKeys) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 5'000; ++i) {
    const std::string key = random_key(random);
    if (random() % 2 == 0) {
      const auto known = model_.find(key);
      Entry* before = known == model_.end() ? nullptr : known->second;
      Entry* entry = insert(key);
      if (before != nullptr) {
        EXPECT_EQ(entry, before);
      }
    }
    const auto known = model_.find(key);
    EXPECT_EQ(index_->find(key), known == model_.end() ? nullptr : known->second);
    expect_cursor_agrees_at(key);
  }
  EXPECT_EQ(keys_forward(*index_), model_keys());
}

TEST_P(IndexTest, CursorSeesWhatWasInsertedSinceItLastMoved) {
  insert("b");
  const auto cursor = index_->cursor();
  cursor->first();
  insert("a");
  insert("c");
  cursor->next();
  EXPECT_EQ(cursor->entry(), index_->find("c"));
  cursor->prev();
  cursor->prev();
  EXPECT_EQ(cursor->entry(), index_->find("a"));
}

TEST_P(IndexTest, CursorTurnsRoundAnywhere) {
  for (char c = 'a'; c <= 'z'; ++c) insert(std::string(1, c));
  const auto cursor = index_->cursor();
  for (char c = 'b'; c <= 'y'; ++c) {
    cursor->seek(std::string(1, c));
    cursor->prev();
    cursor->next();
    cursor->next();
    cursor->prev();
    EXPECT_EQ(cursor->entry()->key(), std::string(1, c));
  }
}

TEST_P(IndexTest, SortedInserterAgreesWithFindOrInsert) {
  std::mt19937_64 random(13);
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<std::string> keys;
    for (int i = 0; i < 40; ++i) keys.push_back(random_key(random));
    std::sort(keys.begin(), keys.end());
    const auto inserter = index_->sorted_inserter();
    for (const std::string& key : keys) {
      const auto known = model_.find(key);
      writer_.reserve(key);
      Entry* entry = inserter->find_or_insert(key, writer_.arena_writer());
      EXPECT_EQ(entry->key(), key);
      if (known != model_.end()) {
        EXPECT_EQ(entry, known->second);
      }
      model_[key] = entry;
      if (random() % 4 == 0) insert(random_key(random));  // others insert meanwhile
    }
  }
  EXPECT_EQ(keys_forward(*index_), model_keys());
}

TEST_P(IndexTest, SortedInserterTakesKeysInAnyOrder) {
  std::mt19937_64 random(17);
  const auto inserter = index_->sorted_inserter();
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = random_key(random);
    writer_.reserve(key);
    Entry* entry = inserter->find_or_insert(key, writer_.arena_writer());
    EXPECT_EQ(entry->key(), key);
    EXPECT_TRUE(model_.emplace(key, entry).first->second == entry);
  }
  EXPECT_EQ(keys_forward(*index_), model_keys());
}

TEST(IndexKind, NamesAreThoseOfTheOption) {
  EXPECT_STREQ(index_kind_name(IndexKind::kSkiplist), "skiplist");
  EXPECT_STREQ(index_kind_name(IndexKind::kArt), "art");
  EXPECT_STREQ(index_kind_name(IndexKind::kMutexMap), "mutex_map");
  EXPECT_STREQ(index_kind_name(IndexKind::kRwlockMap), "rwlock_map");
}

}  // namespace
}  // namespace skiplith
