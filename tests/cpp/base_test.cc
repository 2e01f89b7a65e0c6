// The lowest floor: what fork leaves, what a guard keeps, what close waits for.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/calls.h"
#include "base/coding.h"
#include "base/epoch.h"
#include "base/threads.h"

namespace skiplith {
namespace {

int run_in_child(int (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a child that hangs dies, and fails the test
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Fork, AThreadThatNeverUsedTheLibraryMayFork) {
  {
    EpochGuard guard;
  }
  std::thread([] { EXPECT_EQ(run_in_child([] { return 7; }), 7); }).join();
}

TEST(Fork, TheChildIsAnotherGeneration) {
  static const uint32_t born = fork_generation();
  EXPECT_EQ(run_in_child([] { return fork_generation() != born ? 1 : 0; }), 1);
  EXPECT_EQ(fork_generation(), born);
}

TEST(Fork, TheChildForgetsReadersOfOtherThreads) {
  EventCount done;
  std::atomic<int> stage{0};
  std::thread reader([&] {
    EpochGuard guard;
    stage.store(1);
    done.wait_until([&] { return stage.load() == 2; });
  });
  while (stage.load() == 0) std::this_thread::yield();
  EXPECT_FALSE(epoch_passed(epoch_advance()));
  EXPECT_EQ(run_in_child([] { return epoch_passed(epoch_advance()) ? 1 : 0; }), 1);
  stage.store(2);
  done.notify();
  reader.join();
}

TEST(Epoch, PassesOnlyWhenEarlierGuardsAreGone) {
  auto guard = std::make_unique<EpochGuard>();
  const uint64_t tag = epoch_advance();
  EXPECT_FALSE(epoch_passed(tag));
  {
    EpochGuard nested;
  }
  EXPECT_FALSE(epoch_passed(tag));
  guard.reset();
  EXPECT_TRUE(epoch_passed(tag));
  EpochGuard later;
  EXPECT_TRUE(epoch_passed(tag));
}

TEST(Epoch, AReaderNeverSeesWhatWasFreed) {
  std::atomic<uint64_t*> current{new uint64_t(1)};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        EpochGuard guard;
        EXPECT_NE(*current.load(), 0u);
      }
    });
  }
  for (int i = 0; i < 2000; ++i) {
    uint64_t* old = current.exchange(new uint64_t(1));
    const uint64_t tag = epoch_advance();
    while (!epoch_passed(tag)) std::this_thread::yield();
    *old = 0;
    delete old;
  }
  stop.store(true);
  for (auto& reader : readers) reader.join();
  delete current.load();
}

TEST(Calls, CloseWaitsForThoseInsideAndRefusesOthers) {
  Calls calls;
  ASSERT_TRUE(calls.enter());
  EXPECT_TRUE(calls.refuse_new());
  EXPECT_FALSE(calls.refuse_new());
  EXPECT_FALSE(calls.enter());
  std::atomic<bool> waited{false};
  std::thread closer([&] {
    calls.wait_until_none_inside();
    waited.store(true);
  });
  EXPECT_FALSE(waited.load());
  calls.leave();
  closer.join();
  EXPECT_TRUE(waited.load());
}

TEST(WordLock, KeepsIncrementsApart) {
  WordLock lock;
  uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50'000; ++i) {
        lock.lock();
        ++count;
        lock.unlock();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 200'000u);
}

TEST(Coding, VarintsRoundTripAndBadOnesAreSeen) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const uint64_t value : {uint64_t{1} << bits, (uint64_t{1} << bits) - 1}) {
      std::string bytes;
      append_varint(&bytes, value);
      EXPECT_EQ(bytes.size(), varint_bytes(value));
      Decoder decoder(bytes);
      EXPECT_EQ(decoder.varint(), value);
      EXPECT_TRUE(decoder.ok() && decoder.empty());
      Decoder cut(Bytes(bytes).substr(0, bytes.size() - 1));
      cut.varint();
      EXPECT_FALSE(cut.ok());
    }
  }
  Decoder too_long(Bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  too_long.varint();
  EXPECT_FALSE(too_long.ok());
}

}  // namespace
}  // namespace skiplith
