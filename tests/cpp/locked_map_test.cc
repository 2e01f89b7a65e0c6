// The baselines allocate on the heap, so they can run out of memory in the middle.
#include "mem/locked_map.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "support/index_testing.h"

namespace {
thread_local bool out_of_memory = false;
}

// Replaced for this executable.
void* operator new(size_t bytes) {
  void* memory = out_of_memory ? nullptr : std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace skiplith {
namespace {

template <typename Map>
void expect_failed_insert_changes_nothing() {
  Arena arena(uint64_t{1} << 20);
  Map map;
  testing::IndexWriter writer(map, arena);
  Entry* entry = writer.insert("a");
  writer.reserve("b");
  const uint64_t left = writer.arena_writer().left();

  out_of_memory = true;
  EXPECT_THROW(map.find_or_insert("b", writer.arena_writer()), std::bad_alloc);
  EXPECT_EQ(map.find_or_insert("a", writer.arena_writer()), entry);
  out_of_memory = false;

  EXPECT_EQ(writer.arena_writer().left(), left);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(testing::keys_forward(map), std::vector<std::string>{"a"});
  entry = writer.insert("b");  // no lock was left behind
  EXPECT_EQ(map.find("b"), entry);
}

TEST(LockedMap, FailedInsertChangesNothing) {
  expect_failed_insert_changes_nothing<MutexMap>();
  expect_failed_insert_changes_nothing<RwlockMap>();
}

}  // namespace
}  // namespace skiplith
