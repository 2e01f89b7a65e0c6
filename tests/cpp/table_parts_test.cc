// What tables are made of, each by itself: heads, filter, fences, compression.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/index_testing.h"
#include "table/compression.h"
#include "table/fences.h"
#include "table/filter.h"
#include "table/searched_key.h"

namespace skiplith::testing {
namespace {

TEST(TableHeads, CountsWhatIsBeforeAsAWalkDoes) {
  std::mt19937_64 random(1);
  for (size_t count = 0; count < 40; ++count) {
    std::vector<uint64_t> numbers(count);
    for (uint64_t& number : numbers) number = random() % 20 == 0 ? UINT64_MAX : random() % 30;
    std::sort(numbers.begin(), numbers.end());
    std::string heads;
    for (const uint64_t number : numbers) append_u64(&heads, number);
    for (const uint64_t head : {uint64_t{0}, uint64_t{7}, random() % 30, UINT64_MAX}) {
      const auto before = std::lower_bound(numbers.begin(), numbers.end(), head);
      const auto behind = std::upper_bound(numbers.begin(), numbers.end(), head);
      const auto lesser = static_cast<size_t>(before - numbers.begin());
      const auto not_greater = static_cast<size_t>(behind - numbers.begin());
      EXPECT_EQ(heads_before(heads.data(), count, head), lesser);
      EXPECT_EQ(heads_not_behind(heads.data(), count, head), not_greater);
      for (size_t place = lesser; place <= not_greater; ++place) {  // where equal heads part
        EXPECT_EQ(
            count_before(heads.data(), count, head, [&](size_t index) { return index < place; }),
            place);
      }
    }
  }
}

TEST(TableHeads, CommonBytesAndSidesAreThoseOfAPlainComparison) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    const std::string same = random_key(random);
    const std::string a = same + random_key(random), b = same + random_key(random);
    size_t common = 0;
    while (common < a.size() && common < b.size() && a[common] == b[common]) ++common;
    ASSERT_EQ(common_bytes(a, b), common);
    const Side side = a.starts_with(b) ? Side::kAmong : a < b ? Side::kBefore : Side::kBehind;
    ASSERT_EQ(side_of(a, b), side);
    ASSERT_EQ(head_of(a), key_prefix(a));
  }
}

std::vector<uint64_t> hashes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> all(count);
  for (uint64_t& hash : all) {
    const uint64_t key = random();
    hash = filter_hash(Bytes(reinterpret_cast<const char*>(&key), sizeof key));
  }
  return all;
}

TEST(TableFilter, NeverForgetsAKey) {
  for (const uint32_t bits : {1u, 2u, 10u, 20u, 100u}) {
    for (const size_t count : {1, 2, 50, 5000}) {
      const std::vector<uint64_t> keys = hashes(count, count);
      const std::string payload = Filter::build(keys, bits);
      ASSERT_TRUE(Filter::is_valid(payload));
      const Filter filter(payload);
      for (const uint64_t hash : keys) ASSERT_TRUE(filter.may_contain(hash));
    }
  }
}

TEST(TableFilter, TenBitsLetOneInAHundredPass) {
  const std::string payload = Filter::build(hashes(100'000, 1), 10);
  EXPECT_LT(payload.size(), 100'000u * 10 / 8 + 200);
  const Filter filter(payload);
  size_t passed = 0;
  for (const uint64_t hash : hashes(200'000, 2)) passed += filter.may_contain(hash) ? 1 : 0;
  EXPECT_LT(passed, 200'000u * 13 / 1000);
  EXPECT_GT(passed, 200u);
}

TEST(TableFilter, WithoutOneEveryKeyPasses) {
  EXPECT_FALSE(Filter().exists());
  EXPECT_TRUE(Filter().may_contain(12345));
}

TEST(TableFilter, OtherBytesAreNoFilter) {
  std::string payload = Filter::build(hashes(100, 1), 10);
  EXPECT_FALSE(Filter::is_valid(""));
  EXPECT_FALSE(Filter::is_valid(Bytes(payload).substr(0, 64)));
  EXPECT_FALSE(Filter::is_valid(Bytes(payload).substr(1)));
  for (const uint32_t probes : {0u, Filter::kMostProbes + 1}) {
    store_u32(payload.data(), probes);
    EXPECT_FALSE(Filter::is_valid(payload));
  }
}

TEST(TableFences, SeparatorsAreShort) {
  FencesBuilder builder;
  builder.add("", "alpha", false, 1);
  builder.set_bytes(100);
  builder.add("beta", "bravo and a long rest", false, 1);
  builder.set_bytes(50);
  builder.add("charlie", "charlie and a long rest", false, 1);
  builder.set_bytes(25);
  builder.add("delta", "delta", true, 9);
  builder.set_bytes(25);
  Fences fences;
  ASSERT_TRUE(fences.decode(builder.finish(), 200));
  EXPECT_EQ(fences.blocks(), 4u);
  EXPECT_EQ(fences.separator(0), "");
  EXPECT_EQ(fences.separator(1), "br");
  EXPECT_EQ(fences.separator(2), "charlie ");
  EXPECT_EQ(fences.separator(3), "delta");
  EXPECT_EQ(fences.offset(2), 150u);
  EXPECT_EQ(fences.bytes(2), 25u);
  const std::pair<Bytes, uint32_t> places[] = {
      {"", 0},         {"beta", 0},  {"bqzzz", 0},   {"br", 1},     {"charlie", 1},
      {"charlie ", 2}, {"deltA", 2}, {"delta\0", 2}, {"delta0", 3}, {"zulu", 3}};
  for (const auto& [key, block] : places) EXPECT_EQ(fences.find(key, kMaxSequence), block) << key;
  // Block 3 goes on with versions of "delta" from sequence 9 down.
  EXPECT_TRUE(fences.continues(3, "delta"));
  EXPECT_FALSE(fences.continues(3, "deltas"));
  EXPECT_EQ(fences.find("delta", 10), 2u);
  EXPECT_EQ(fences.find("delta", 9), 3u);
  EXPECT_EQ(fences.find("delta", 1), 3u);
}

TEST(TableFences, AnIndexThatDoesNotFitIsRefused) {
  FencesBuilder builder;
  builder.add("", "a", false, 1);
  builder.set_bytes(100);
  builder.add("b", "c", false, 1);
  builder.set_bytes(50);
  const std::string payload = builder.finish();
  EXPECT_TRUE(Fences().decode(payload, 150));
  EXPECT_FALSE(Fences().decode(payload, 149));
  EXPECT_FALSE(Fences().decode(payload, 151));
  EXPECT_FALSE(Fences().decode(payload + '\0', 150));
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(Fences().decode(Bytes(payload).substr(0, size), 150)) << size;
  }
}

constexpr Compression kBoth[] = {Compression::kLz4, Compression::kZstd};

TEST(TableCompression, WhatWasCompressedComesBack) {
  std::mt19937_64 random(3);
  for (const Compression compression : kBoth) {
    Compressor compressor(compression);
    for (const size_t size : {100, 5000, 1 << 20, 50 << 20}) {
      for (const bool constant : {true, false}) {  // the former meets the bounds of the ratio
        std::string raw(size, 'x');
        if (!constant) {
          for (size_t i = 0; i < size; ++i)
            raw[i] = i % 25 == 0 ? "abcd"[random() % 4] : raw[i - 1];
        }
        const size_t cut = random() % size;
        const Bytes made = compressor.compress(Bytes(raw).substr(0, cut), Bytes(raw).substr(cut));
        ASSERT_FALSE(made.empty());
        ASSERT_EQ(raw_bytes_of(compression, made), size);
        std::string back(size, '\0');
        ASSERT_TRUE(decompress(compression, made, back.data()));
        ASSERT_TRUE(back == raw);
      }
    }
  }
}

TEST(TableCompression, SavesAnEighthOrGivesUp) {
  std::mt19937_64 random(4);
  for (const Compression compression : kBoth) {
    Compressor compressor(compression);
    size_t given_up = 0;
    for (size_t noise = 0; noise <= 1000; noise += 10) {
      std::string raw(1000, 'x');
      for (size_t i = 0; i < noise; ++i) raw[i] = static_cast<char>(random());
      const Bytes made = compressor.compress(raw, {});
      EXPECT_LE(made.size(), raw.size() - raw.size() / 8);
      if (made.empty()) {
        ++given_up;
        EXPECT_GT(noise, 800u);
      } else {
        EXPECT_LT(noise, 900u);
      }
    }
    EXPECT_GT(given_up, 0u);
  }
  EXPECT_TRUE(Compressor(Compression::kNone).compress(std::string(1000, 'x'), {}).empty());
}

}  // namespace
}  // namespace skiplith::testing
