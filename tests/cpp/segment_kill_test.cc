// A process may die between any two stores. One that writes a record is run an instruction at a
// time; whenever the segment's bytes have changed, they are replayed as a kill would leave them.
#include <csignal>
#include <functional>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/segment_writing.h"

namespace skiplith {
namespace {

constexpr int kMayNotBeTraced = 77;
// From each mark on. Enough for everything but the copying of large payloads.
constexpr int kSteps = 5000;

// In a child that run_stepwise watches: the following instructions are stepped through.
void mark() { raise(SIGSTOP); }

// Runs `body` in a child process and calls `changed` after each instruction that wrote to the
// file, and at the end. False when the system does not let processes be traced.
bool run_stepwise(const MemoryFile& file, const std::function<void()>& body,
                  const std::function<void()>& changed) {
  const pid_t child = fork();
  SKIPLITH_CHECK(child >= 0);
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(kMayNotBeTraced);
    mark();
    body();
    _exit(0);
  }
  std::string last = file.bytes();
  int status = 0;
  for (int steps = 0; waitpid(child, &status, 0) == child && WIFSTOPPED(status); --steps) {
    if (std::memcmp(last.data(), file.data(), last.size()) != 0) {
      last = file.bytes();
      changed();
    }
    if (WSTOPSIG(status) == SIGSTOP) steps = kSteps;
    const auto how = steps > 0 ? PTRACE_SINGLESTEP : PTRACE_CONT;
    SKIPLITH_CHECK(ptrace(how, child, nullptr, nullptr) == 0);
  }
  changed();
  SKIPLITH_CHECK(WIFEXITED(status));
  SKIPLITH_CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kMayNotBeTraced);
  return WEXITSTATUS(status) == 0;
}

// What replay said over the life of one write.
struct Seen {
  uint64_t states = 0;
  uint64_t in_flight = 0;  // states with a header and no trailer
  bool present = false;    // the record, in the last state
};

void look(SegmentWriting& writing, const Expected& record, Seen* seen) {
  ++seen->states;
  Result<SegmentContents> contents = writing.read();
  ASSERT_TRUE(contents.is_ok()) << contents.status().to_string();
  if (contents->damage) FAIL() << contents->damage->what << " at " << contents->damage->offset;
  for (const LaneTail& lane : contents->lanes) seen->in_flight += lane.in_flight_count > 0;

  const Replayed replayed = replay_bytes(writing.file().bytes(), writing.files.boot);
  ASSERT_TRUE(replayed.status.is_ok()) << replayed.status.to_string();
  std::vector<Expected> with = writing.expected;
  with.push_back(record);
  if (replayed.records == with) {
    seen->present = true;
    return;
  }
  ASSERT_TRUE(replayed.records == writing.expected) << "another record is hurt";
  ASSERT_FALSE(seen->present) << "a record that was there is gone";
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kInstrumented = true;  // a hundred times the steps, and not what users run
#else
constexpr bool kInstrumented = false;
#endif

// Most of it zeros, which change nothing when they are stored: fewer states to look at.
std::string sparse_payload(uint64_t size) {
  std::string payload = some_payload(size, 3);
  for (uint64_t i = 100; i + 100 < size; ++i) payload[i] = i % 1000 == 0 ? 'x' : '\0';
  return payload;
}

class SegmentKill : public testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    if (kInstrumented) GTEST_SKIP() << "not with a sanitizer";
    ASSERT_TRUE(writing.put(0, some_payload(500, 1)).is_ok());
    ASSERT_TRUE(writing.put(1, some_payload(60, 2), 3).is_ok());
  }
  // Room for the largest record, and no more to compare.
  SegmentWriting writing{SinkForm::kMapped, kHeaderPageBytes + 5 * kBlockBytes};
};

INSTANTIATE_TEST_SUITE_P(PayloadBytes, SegmentKill,
                         testing::Values(1, 120, 2000, 32'600, 40'000, 70'000));

TEST_P(SegmentKill, ARecordIsWholeOrAbsentAfterEveryStore) {
  const Expected record{writing.next, 2, sparse_payload(GetParam())};
  Seen seen;
  const bool traced = run_stepwise(
      writing.file(),
      [&] {
        writing.begin(0, record.payload);
        mark();
        SKIPLITH_CHECK(writing.logs[0]->commit(record.first, record.count).is_ok());
      },
      [&] { look(writing, record, &seen); });
  if (!traced) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_GE(seen.states, 4u);
  EXPECT_GE(seen.in_flight, 1u);
  EXPECT_TRUE(seen.present);
}

TEST_P(SegmentKill, AnAbandonedPayloadIsNeverARecord) {
  const Expected record{writing.next, 1, sparse_payload(GetParam())};
  Seen seen;
  const bool traced = run_stepwise(
      writing.file(),
      [&] {
        writing.begin(0, record.payload);
        mark();
        writing.logs[0]->abandon();
      },
      [&] { look(writing, record, &seen); });
  if (!traced) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_GE(seen.states, 2u);
  EXPECT_FALSE(seen.present);
}

// A pwrite that a kill interrupts leaves a prefix of its bytes.
TEST(SegmentKillWriteForm, ARecordIsWholeOrAbsentAfterEveryPrefix) {
  for (uint64_t size : {1u, 120u, 2000u, 40'000u}) {
    SegmentWriting writing(SinkForm::kWrite, kHeaderPageBytes + 4 * kBlockBytes);
    ASSERT_TRUE(writing.put(0, some_payload(500, 1)).is_ok());
    const std::string before = writing.file().bytes();
    const std::vector<Expected> without = writing.expected;
    ASSERT_TRUE(writing.put(0, some_payload(size, 2), 2).is_ok());
    const std::string after = writing.file().bytes();
    for (uint64_t cut = kHeaderPageBytes; cut <= after.size(); cut += 8) {
      if (cut > kHeaderPageBytes && load_u64(&after[cut - 8]) == load_u64(&before[cut - 8])) {
        continue;
      }
      const Replayed replayed =
          replay_bytes(after.substr(0, cut) + before.substr(cut), writing.files.boot);
      ASSERT_TRUE(replayed.status.is_ok()) << cut << ": " << replayed.status.to_string();
      const bool whole = after.compare(cut, std::string::npos, before, cut) == 0;
      ASSERT_TRUE(replayed.records == (whole ? writing.expected : without)) << cut;
    }
  }
}

// The sequence is taken and nothing of the record is on disk: others may have later ones.
TEST(SegmentKillWriteForm, ALaneThatDiedBeforeItsFirstWriteExplainsTheGap) {
  for (const SinkForm form : {SinkForm::kMapped, SinkForm::kWrite}) {
    SegmentWriting writing(form);
    writing.begin(0, some_payload(100, 1));
    ++writing.next;
    ASSERT_TRUE(writing.put(1, some_payload(100, 2)).is_ok());
    const Replayed replayed = replay_bytes(writing.file().bytes(), writing.files.boot);
    EXPECT_TRUE(replayed.status.is_ok()) << replayed.status.to_string();
    EXPECT_TRUE(replayed.records == writing.expected);
  }
}

}  // namespace
}  // namespace skiplith
