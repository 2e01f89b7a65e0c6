// Indexes with their arena, keys that are hard to order, and walks over what an index holds.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "mem/index.h"

namespace skiplith::testing {

inline const IndexKind kAllIndexKinds[] = {IndexKind::kSkiplist, IndexKind::kArt,
                                           IndexKind::kMutexMap, IndexKind::kRwlockMap};

inline std::string test_name(const ::testing::TestParamInfo<IndexKind>& info) {
  return index_kind_name(info.param);
}

// Any bytes are keys. Many tie in their first four or eight bytes, where an index that compares
// prefixes has to look further.
inline std::vector<std::string> awkward_keys() {
  using namespace std::string_literals;
  return {
      ""s,
      "\0"s,
      "\0\0"s,
      "\0\0\0\0\0\0\0\0"s,
      "\0\0\0\0\0\0\0\0\0"s,
      "\0\x01"s,
      "a"s,
      "a\0"s,
      "a\0\0\0\0\0\0\0"s,
      "a\0\0\0\0\0\0\0\0"s,
      "a\0b"s,
      "ab"s,
      "abcd"s,
      "abcde"s,
      "abcdefgh"s,
      "abcdefgh\0"s,
      "abcdefghi"s,
      "abcdefgi"s,
      "b"s,
      "\x7f"s,
      "\x80"s,
      "\x80\x7f"s,
      "\xff"s,
      "\xff\xff\xff\xff"s,
      "\xff\xff\xff\xff\0"s,
      "\xff\xff\xff\xff\xff\xff\xff\xff"s,
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff"s,
      std::string(65'535, 'k'),
      std::string(65'534, 'k') + "l",
      std::string(65'535, '\xff'),
  };
}

// Up to 12 bytes of a small alphabet, with the bytes that signed comparisons get wrong.
inline std::string random_key(std::mt19937_64& random) {
  constexpr char kAlphabet[] = {'\0', '\x01', 'a', '\x7f', '\x80', '\xff'};
  std::string key(random() % 13, ' ');
  for (char& byte : key) byte = kAlphabet[random() % sizeof kAlphabet];
  return key;
}

// One thread's writing hand in an arena that others may share.
class IndexWriter {
 public:
  IndexWriter(Index& index, Arena& arena) : index_(index), arena_(arena) {}

  Entry* insert(Bytes key) {
    reserve(key);
    return index_.find_or_insert(key, writer_);
  }
  // What find_or_insert of this key may take is at hand.
  void reserve(Bytes key) {
    ASSERT_TRUE(writer_.reserve(arena_, index_.insert_bytes(key.size()), kChunkBytes));
  }
  ArenaWriter& arena_writer() { return writer_; }

 private:
  static constexpr uint64_t kChunkBytes = 4096;
  Index& index_;
  Arena& arena_;
  ArenaWriter writer_;
};

inline std::vector<std::string> keys_forward(const Index& index) {
  std::vector<std::string> keys;
  const auto cursor = index.cursor();
  for (cursor->first(); cursor->valid(); cursor->next()) keys.emplace_back(cursor->entry()->key());
  return keys;
}

inline std::vector<std::string> keys_backward(const Index& index) {
  std::vector<std::string> keys;
  const auto cursor = index.cursor();
  for (cursor->last(); cursor->valid(); cursor->prev()) keys.emplace_back(cursor->entry()->key());
  return keys;
}

}  // namespace skiplith::testing
