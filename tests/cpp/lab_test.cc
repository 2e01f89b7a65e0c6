// What the lab records: operations, histories, recorded databases.

#include "io/faulty_files.h"
#include "lab/linearizability.h"
#include "support/history_building.h"
#include "support/recorded_database_testing.h"

namespace skiplith::testing {
namespace {

using lab::CallForm;
using lab::Contents;
using lab::History;
using lab::kOperationKinds;
using lab::RecordedDatabase;
using lab::Verdict;

TEST(Operation, NamesGoBothWays) {
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const auto kind = static_cast<OperationKind>(i);
    EXPECT_EQ(lab::operation_named(lab::operation_name(kind)), kind);
  }
  EXPECT_EQ(lab::operation_named("mistake"), std::nullopt);
}

TEST(Operation, IsDescribedAsACall) {
  const auto said = [](Operation operation) {
    return lab::described(at(3500, 4000, std::move(operation)), 1000).substr(29);
  };
  EXPECT_EQ(lab::described(at(3500, 4000, get("k", "v")), 1000),
            "thread 0, 2.500 to 3.000 us: get(b'k') -> b'v'");
  EXPECT_EQ(lab::described(unanswered(3500, put("k", "v")), 1000),
            "thread 0, 2.500 us on: put(b'k', b'v') -> no answer");
  EXPECT_EQ(said(get("k", kNone)), "get(b'k') -> absent");
  EXPECT_EQ(said(erase("k")), "delete(b'k')");
  EXPECT_EQ(said(erase_existing("k", true)), "erase(b'k') -> true");
  EXPECT_EQ(said(compare_and_set("k", kNone, "1", false)),
            "compare_and_set(b'k', absent, b'1') -> false");
  EXPECT_EQ(said(increment("k", 2, 7)), "increment(b'k', 2) -> 7");
  EXPECT_EQ(said(increment("k", 2, kNone)), "increment(b'k', 2) -> refused");
  EXPECT_EQ(said(setdefault("k", "1", "2")), "setdefault(b'k', b'1') -> b'2'");
  EXPECT_EQ(said(pop("k", "1")), "pop(b'k') -> b'1'");
  EXPECT_EQ(said(popitem(true, {{"k", "1"}})), "popitem(last) -> b'k': b'1'");
  EXPECT_EQ(said(popitem(false, {})), "popitem(first) -> empty");
  EXPECT_EQ(said(update({{"a", "1"}, {"b", kNone}})), "update(b'a': b'1', b'b': deleted)");
  EXPECT_EQ(said(read({{"a", "1"}, {"b", kNone}})), "read(b'a', b'b') -> b'1', absent");
  EXPECT_EQ(said(clear()), "clear()");
}

TEST(Operation, BytesAreShownAsPythonWritesThemAndShortened) {
  EXPECT_EQ(lab::shown(Bytes("it's \\ \n\0", 9)), "b'it\\'s \\\\ \\x0a\\x00'");
  EXPECT_EQ(lab::shown(std::string(25, 'x')), "b'" + std::string(24, 'x') + "'... (25 bytes)");
}

TEST(History, MergesWhatThreadsDidByTheirBeginning) {
  History history;
  history.begin_with({{"k", "old"}});
  EXPECT_EQ(history.initial(), (Contents{{"k", "old"}}));
  constexpr uint64_t kEach = 1000;
  const auto append = [&](uint64_t first) {
    for (uint64_t i = 0; i < kEach; ++i) {
      history.append(at(first + 2 * i, first + 2 * i + 1, clear()));
      if (i % 100 == 0) {
        EXPECT_GE(history.operations().size(), i);
      }
    }
  };
  std::thread odd([&] { append(1); }), even([&] { append(0); });
  odd.join();
  even.join();
  const std::vector<Operation> all = history.operations();
  ASSERT_EQ(all.size(), 2 * kEach);
  for (uint64_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].begin_ns, i);
    ASSERT_EQ(all[i].thread, all[i % 2].thread);
  }
  EXPECT_EQ(all[0].thread + all[1].thread, 1u);
}

TEST(History, AThreadMayTakePartInTwo) {
  History first, second;
  for (uint64_t i = 0; i < 3; ++i) {
    first.append(at(i, i, put("k", "1")));
    second.append(at(i, i, erase("k")));
  }
  EXPECT_EQ(first.operations().size(), 3u);
  EXPECT_EQ(second.operations().size(), 3u);
  EXPECT_EQ(second.operations()[2].kind, OperationKind::kDelete);
}

TEST(History, OverlapIsTheShareBesideAnotherThreads) {
  const auto by = [](uint32_t thread, uint64_t begin, uint64_t end) {
    Operation operation = at(begin, end, clear());
    operation.thread = thread;
    return operation;
  };
  EXPECT_EQ(lab::overlap({}), 0);
  EXPECT_EQ(lab::overlap({by(0, 0, 10), by(0, 10, 20), by(1, 20, 30)}), 0);
  EXPECT_EQ(lab::overlap({by(0, 0, 10), by(1, 5, 15), by(0, 20, 30), by(0, 30, 40)}), 0.5);
  EXPECT_EQ(lab::overlap({by(0, 0, 100), by(1, 5, 6), by(1, 7, 8), by(1, 9, 10)}), 1);
  EXPECT_EQ(lab::overlap({by(0, 0, 100), by(1, 5, 6), by(1, 200, 201), by(1, 202, 203)}), 0.5);
}

TEST_F(RecordedDatabaseTest, EveryCallIsRecordedWithItsAnswer) {
  open();
  RecordedDatabase& db = recorded();
  bool done = false;
  int64_t sum = 0;
  for (const bool may_wait : {true, false}) {
    const CallForm form{.may_wait = may_wait};
    expect_ok(db.put(form, "k", "1"));
    EXPECT_EQ(said(), "put(b'k', b'1')");
    expect_ok(db.get(form, "k", &value_));
    EXPECT_EQ(said(), "get(b'k') -> b'1'");
    EXPECT_EQ(value_.bytes(), "1");
    expect_ok(db.compare_and_set(form, "k", "1", std::nullopt, &done));
    EXPECT_EQ(said(), "compare_and_set(b'k', b'1', absent) -> true");
    expect_ok(db.compare_and_set(form, "k", "1", "2", &done));
    EXPECT_EQ(said(), "compare_and_set(b'k', b'1', b'2') -> false");
    expect_ok(db.setdefault(form, "k", "3", &value_));
    EXPECT_EQ(said(), "setdefault(b'k', b'3') -> b'3'");
    expect_ok(db.setdefault(form, "k", "4", &value_));
    EXPECT_EQ(said(), "setdefault(b'k', b'4') -> b'3'");
    EXPECT_EQ(value_.bytes(), "3");
    EXPECT_EQ(db.increment(form, "k", 1, &sum).code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(said(), "increment(b'k', 1) -> refused");
    expect_ok(db.pop(form, "k", &value_));
    EXPECT_EQ(said(), "pop(b'k') -> b'3'");
    expect_ok(db.pop(form, "k", &value_));
    EXPECT_EQ(said(), "pop(b'k') -> absent");
    EXPECT_FALSE(value_.found());
    expect_ok(db.increment(form, "k", 5, &sum));
    EXPECT_EQ(said(), "increment(b'k', 5) -> 5");
    EXPECT_EQ(sum, 5);
    expect_ok(db.erase_existing(form, "k", &done));
    EXPECT_EQ(said(), "erase(b'k') -> true");
    expect_ok(db.erase_existing(form, "k", &done));
    EXPECT_EQ(said(), "erase(b'k') -> false");
    EXPECT_FALSE(done);
    expect_ok(db.erase(form, "k"));
    EXPECT_EQ(said(), "delete(b'k')");
    Value values[2];
    expect_ok(db.put(form, "b", "2"));
    expect_ok(db.read(form, {"a", "b"}, values));
    EXPECT_EQ(said(), "read(b'a', b'b') -> absent, b'2'");
    expect_ok(db.erase(form, "b"));
  }
  Batch batch;
  expect_ok(batch.put("a", "1"));
  expect_ok(batch.put("b", "2"));
  expect_ok(batch.erase("c"));
  expect_ok(db.write(batch, true));
  EXPECT_EQ(said(), "update(b'a': b'1', b'b': b'2', b'c': deleted)");
  expect_ok(db.pop_edge(true, &key_, &value_, false));
  EXPECT_EQ(said(), "popitem(last) -> b'b': b'2'");
  expect_ok(db.pop_edge(false, &key_, &value_, false));
  EXPECT_EQ(said(), "popitem(first) -> b'a': b'1'");
  expect_ok(db.pop_edge(false, &key_, &value_, false));
  EXPECT_EQ(said(), "popitem(first) -> empty");
  expect_ok(db.clear(false));
  EXPECT_EQ(said(), "clear()");
  EXPECT_EQ(lab::check_linearizability(history_.operations(), {}).verdict, Verdict::kHolds);
  for (const Operation& operation : history_.operations()) {
    EXPECT_LE(operation.begin_ns, operation.end_ns);
    EXPECT_FALSE(operation.pending);
  }
}

TEST_F(RecordedDatabaseTest, WouldBlockAndRefusedCallsAreNotRecorded) {
  open();
  recorded();
  sync_points::Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("slow", "1"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  Value values[1];
  EXPECT_TRUE(recorded().read({.may_wait = false}, {"k"}, values).is_would_block());
  parked.release();
  writer.join();
  const std::string too_long(70'000, 'k');
  EXPECT_EQ(recorded().put({}, too_long, "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(recorded().get({}, too_long, &value_).code(), StatusCode::kInvalidArgument);
  expect_ok(database_->close());
  EXPECT_EQ(recorded().put({}, "k", "").code(), StatusCode::kClosed);
  EXPECT_EQ(recorded().get({}, "k", &value_).code(), StatusCode::kClosed);
  EXPECT_TRUE(history_.operations().empty());
}

TEST_F(RecordedDatabaseTest, WithoutAHistoryItOnlyForwards) {
  open();
  RecordedDatabase direct(*database_, nullptr);
  expect_ok(direct.put({}, "k", "v"));
  EXPECT_EQ(get("k"), "v");
}

class FailingDatabaseTest : public RecordedDatabaseTest {
 protected:
  ~FailingDatabaseTest() override { database_.reset(); }  // before its files
  Files& files() override { return files_; }
  FaultyFiles files_{posix_files()};
};

TEST_F(FailingDatabaseTest, AWriteThatFailsIsPending) {
  open();
  recorded();
  files_.fail_at({.operation = skiplith::Operation::kSegmentSync, .sticky = true});
  EXPECT_FALSE(recorded().put({.sync = true}, "k", "v").is_ok());
  const Operation operation = history_.operations().at(0);
  EXPECT_EQ(operation.kind, OperationKind::kPut);
  EXPECT_TRUE(operation.pending);
  // It is visible all the same; either answer would have been right.
  expect_ok(recorded().get({}, "k", &value_));
  EXPECT_EQ(lab::check_linearizability(history_.operations(), {}).verdict, Verdict::kHolds);
}

}  // namespace
}  // namespace skiplith::testing
