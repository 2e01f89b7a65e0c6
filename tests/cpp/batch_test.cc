// Mutations as bytes: what goes in comes out, and nothing else does.
#include "record/batch.h"

#include <gtest/gtest.h>

#include <vector>

namespace skiplith {
namespace {

struct Read {
  std::vector<Mutation> mutations;
  bool ok = false;
};

Read read_all(Bytes payload) {
  Read read;
  MutationReader reader(payload);
  Mutation mutation;
  while (reader.next(&mutation)) read.mutations.push_back(mutation);
  read.ok = reader.ok();
  return read;
}

void expect_mutation(const Mutation& mutation, Kind kind, Bytes key, Bytes value) {
  EXPECT_EQ(mutation.kind, kind);
  EXPECT_EQ(mutation.key, key);
  EXPECT_EQ(mutation.value, value);
}

TEST(Batch, ComesBackInOrder) {
  Batch batch;
  const Bytes zeros("\0\0", 2);
  const std::string large(100'000, 'v');
  ASSERT_TRUE(batch.put("key", "value").is_ok());
  ASSERT_TRUE(batch.erase("gone").is_ok());
  ASSERT_TRUE(batch.clear().is_ok());
  ASSERT_TRUE(batch.put("", "").is_ok());
  ASSERT_TRUE(batch.erase("").is_ok());
  ASSERT_TRUE(batch.put(zeros, large).is_ok());
  EXPECT_EQ(batch.count(), 6u);
  EXPECT_EQ(batch.bytes(), batch.payload().size());

  const Read read = read_all(batch.payload());
  EXPECT_TRUE(read.ok);
  ASSERT_EQ(read.mutations.size(), 6u);
  expect_mutation(read.mutations[0], Kind::kPut, "key", "value");
  expect_mutation(read.mutations[1], Kind::kDelete, "gone", "");
  expect_mutation(read.mutations[2], Kind::kClear, "", "");
  expect_mutation(read.mutations[3], Kind::kPut, "", "");
  expect_mutation(read.mutations[4], Kind::kDelete, "", "");
  expect_mutation(read.mutations[5], Kind::kPut, zeros, large);

  batch.reset();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0u);
}

TEST(Batch, TheLayoutIsFrozen) {
  Batch batch;
  ASSERT_TRUE(batch.put("ab", std::string(200, 'v')).is_ok());
  ASSERT_TRUE(batch.erase("c").is_ok());
  ASSERT_TRUE(batch.clear().is_ok());
  const std::string put_ab("\x01\x02\xc8\x01\x61\x62", 6);
  const std::string delete_c("\x02\x01\x63", 3);
  EXPECT_EQ(batch.payload(), put_ab + std::string(200, 'v') + delete_c + "\x03");
}

TEST(Batch, AHeadAndItsValueAreWhatABatchHolds) {
  for (const size_t key_bytes : {0u, 1u, 127u, 128u, 65'535u}) {
    for (const size_t value_bytes : {0u, 127u, 128u, 20'000u}) {
      const std::string key(key_bytes, 'k');
      const std::string value(value_bytes, 'v');
      std::string head(max_head_bytes(key), '\0');
      head.resize(encode_head(head.data(), Kind::kPut, key, value.size()) - head.data());
      EXPECT_EQ(head.size(), head_bytes(Kind::kPut, key, value.size()));
      Batch batch;
      ASSERT_TRUE(batch.put(key, value).is_ok());
      EXPECT_EQ(batch.payload(), head + value);
    }
  }
}

TEST(Batch, ARefusedMutationChangesNothing) {
  const std::string longest(kMaxKeyBytes, 'k');
  const std::string too_long(kMaxKeyBytes + 1, 'k');
  const Bytes too_large(longest.data(), kMaxValueBytes + 1);  // never looked into
  Batch batch;
  ASSERT_TRUE(batch.put(longest, "v").is_ok());
  const std::string before = batch.payload();
  EXPECT_EQ(batch.put(too_long, "v").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(batch.erase(too_long).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(batch.put("k", too_large).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(batch.payload(), before);
  EXPECT_EQ(batch.count(), 1u);
}

TEST(MutationReader, APayloadThatEndsEarlyIsSeen) {
  Batch batch;
  std::vector<size_t> ends = {0};
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(batch.put(std::string(i, 'k'), std::string(i * 70, 'v')).is_ok());
    ends.push_back(batch.bytes());
    ASSERT_TRUE((i % 2 == 0 ? batch.erase("key") : batch.clear()).is_ok());
    ends.push_back(batch.bytes());
  }
  size_t whole = 0;
  for (size_t size = 0; size <= batch.bytes(); ++size) {
    if (whole + 1 < ends.size() && size == ends[whole + 1]) ++whole;
    const Read read = read_all(Bytes(batch.payload()).substr(0, size));
    EXPECT_EQ(read.mutations.size(), whole);
    EXPECT_EQ(read.ok, size == ends[whole]);
  }
}

TEST(MutationReader, GarbageIsRefusedWithoutLeavingIt) {
  const Bytes cases[] = {
      Bytes("\0", 1),                                          // no such kind
      "\x04",                                                  // nor this
      "\x01",                                                  // no sizes
      "\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",  // a varint beyond 64 bits
      "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01key",       // a key of 2^64 - 1 bytes
      "\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01k",     // such a value
  };
  for (const Bytes garbage : cases) {
    const Read read = read_all(garbage);
    EXPECT_TRUE(read.mutations.empty());
    EXPECT_FALSE(read.ok);
  }
  const std::string key(kMaxKeyBytes + 1, 'k');  // whole, and still too long
  EXPECT_FALSE(read_all("\x02\x80\x80\x04" + key).ok);
}

TEST(MutationReader, AnyBytesAreSafe) {
  uint64_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (int j = 0; j < 40; ++j) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      bytes.push_back(static_cast<char>(random >> 60 < 12 ? random >> 58 & 3 : random >> 56));
    }
    const Read read = read_all(bytes);
    for (const Mutation& mutation : read.mutations) {
      EXPECT_LE(mutation.key.size() + mutation.value.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace skiplith
