// What the radix tree promises of its shape and of its memory; what it has in common with the
// other engines is in index_test.cc and index_model_test.cc.
#include "mem/art.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/index_testing.h"

namespace skiplith {
namespace {

class ArtShapeTest : public ::testing::Test {
 protected:
  // Inserts the keys; how many bytes that took, entries apart.
  uint64_t bytes_beside_entries(const std::vector<std::string>& keys) {
    ArenaWriter writer;
    uint64_t bytes = 0;
    for (const std::string& key : keys) {
      EXPECT_TRUE(writer.reserve(arena_, art_.insert_bytes(key.size()), 1 << 20));
      const uint64_t left = writer.left();
      const bool is_new = art_.find(key) == nullptr;
      art_.find_or_insert(key, writer);
      bytes += left - writer.left();
      if (is_new) bytes -= round_up(Entry::bytes_for(key.size()), Arena::kUnit);
    }
    art_.check_nodes();
    return bytes;
  }

  Arena arena_{uint64_t{256} << 20};
  Art art_{arena_};
};

// One Node4 each and what aligns it, however long the keys: nothing is as deep as a call stack.
TEST_F(ArtShapeTest, ChainOfBeginningsTakesOneSmallNodeForEachKey) {
  constexpr size_t kLongest = 5'000;
  std::vector<std::string> keys;
  for (size_t size = 0; size <= kLongest; ++size) keys.push_back(std::string(size, 'k'));
  EXPECT_LE(bytes_beside_entries(keys), keys.size() * 64);
  EXPECT_EQ(testing::keys_forward(art_), keys);
  std::reverse(keys.begin(), keys.end());
  EXPECT_EQ(testing::keys_backward(art_), keys);
}

TEST_F(ArtShapeTest, BytesInCommonTakeNoNodes) {
  const std::string long_key(65'534, 'k');
  EXPECT_LE(bytes_beside_entries({long_key + "a", long_key + "b", long_key}), 2 * 64u);
}

// Live nodes, nodes that have been replaced, and gaps: about 16, 6 and up to 11 bytes a key.
TEST_F(ArtShapeTest, RandomKeysTakeUnderFortyBytesOfNodesEach) {
  std::mt19937_64 random(3);
  std::vector<std::string> keys(200'000, std::string(16, ' '));
  for (std::string& key : keys) {
    for (char& byte : key) byte = static_cast<char>(random());
  }
  EXPECT_LE(bytes_beside_entries(keys), keys.size() * 40);
}

}  // namespace
}  // namespace skiplith
