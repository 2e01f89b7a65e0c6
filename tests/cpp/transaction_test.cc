// Transactions: atomic, over their own moment, and without a trace of themselves elsewhere.

#include <algorithm>
#include <vector>

#include "db/view.h"
#include "support/transaction_testing.h"

namespace skiplith::testing {
namespace {

using sync_points::Pause;

TEST_F(TransactionTest, ReadsItsOwnWritesOverItsMoment) {
  open();
  put("a", "1");
  put("b", "2");
  put("d", "4");
  Transaction transaction(database_);
  EXPECT_EQ(read(transaction, "a"), "1");
  expect_ok(transaction.put("a", "one"));
  expect_ok(transaction.erase("b"));
  expect_ok(transaction.put("c", "3"));
  put("e", "not mine");
  EXPECT_EQ(read(transaction, "a"), "one");
  EXPECT_EQ(read(transaction, "b"), "<absent>");
  EXPECT_EQ(read(transaction, "e"), "<absent>");
  EXPECT_EQ(scanned(transaction), "a=one c=3 d=4 ");
  EXPECT_EQ(scanned(transaction, {}, true), "d=4 c=3 a=one ");
  EXPECT_EQ(scanned(transaction, range("b", "d")), "c=3 ");
  EXPECT_EQ(get("a"), "1");
}

TEST_F(TransactionTest, TakesItsMomentWhenItIsToldToBegin) {
  open();
  put("k", "old");
  Transaction transaction(database_);
  Pause parked(SyncPoint::write_sequenced, 1);
  std::thread writer([&] { put("k", "in flight"); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  EXPECT_TRUE(transaction.try_begin().is_would_block());
  EXPECT_EQ(transaction.point().view, nullptr);
  parked.release();
  writer.join();
  expect_ok(transaction.try_begin());
  const Sequence moment = transaction.point().sequence;
  put("k", "later");
  expect_ok(transaction.begin());
  EXPECT_EQ(transaction.point().sequence, moment);
  EXPECT_EQ(read(transaction, "k"), "in flight");
}

TEST_F(TransactionTest, ACursorSeesTheWritesBeforeItWasMade) {
  open();
  put("b", "2");
  Transaction transaction(database_);
  expect_ok(transaction.put("a", "1"));
  const auto cursor = cursor_of(transaction);
  expect_ok(transaction.put("c", "3"));
  expect_ok(transaction.erase("b"));
  expect_ok(cursor->last());
  EXPECT_EQ(cursor->key(), "b");
  expect_ok(cursor->prev());
  EXPECT_EQ(cursor->key(), "a");
  EXPECT_EQ(scanned(transaction), "a=1 c=3 ");
}

TEST_F(TransactionTest, CommitsAllOfItAtOnce) {
  open();
  put("gone", "1");
  Transaction transaction(database_);
  expect_ok(transaction.put("x", "1"));
  expect_ok(transaction.put("y", "2"));
  expect_ok(transaction.erase("gone"));
  const Sequence before = database_->read_point()->sequence;
  expect_ok(transaction.commit(false));
  EXPECT_GT(transaction.commit_sequence(), before);
  EXPECT_EQ(get("x") + get("y") + get("gone"), "12<absent>");
  EXPECT_EQ(database_->stats()->transactions, 1u);
}

TEST_F(TransactionTest, ModifiesWithinItself) {
  open();
  put("n", number(5));
  Transaction transaction(database_);
  Increment increment(2);
  expect_ok(transaction.modify("n", increment));
  expect_ok(transaction.modify("n", increment));
  EXPECT_EQ(increment.result(), 9);
  EraseExisting pop(true);
  expect_ok(transaction.modify("n", pop));
  EXPECT_EQ(pop.old_value.bytes(), number(9));
  expect_ok(transaction.commit(false));
  EXPECT_EQ(get("n"), "<absent>");
}

TEST_F(TransactionTest, IsOverAfterItsEnd) {
  open();
  Transaction transaction(database_);
  expect_ok(transaction.put("k", "v"));
  transaction.rollback();
  Value value;
  EXPECT_EQ(transaction.get("k", &value).code(), StatusCode::kClosed);
  EXPECT_EQ(transaction.put("k", "v").code(), StatusCode::kClosed);
  EXPECT_EQ(transaction.cursor().status().code(), StatusCode::kClosed);
  EXPECT_EQ(transaction.commit(false).code(), StatusCode::kClosed);
  EXPECT_EQ(get("k"), "<absent>");
}

TEST_F(TransactionTest, AReadOnlyDatabaseRefusesItsWritesAtOnce) {
  open();
  put("k", "v");
  expect_ok(database_->close());
  database_.reset();
  open(OpenMode::kRead);
  Transaction transaction(database_);
  EXPECT_EQ(read(transaction, "k"), "v");
  EXPECT_EQ(transaction.put("k", "w").code(), StatusCode::kReadOnly);
  expect_ok(transaction.commit(false));
}

// Validated, and not visible yet: a put of the key it has read has to come after it.
TEST_F(TransactionTest, KeepsItsKeysStillFromValidationToCommitWord) {
  open();
  put("k", "old");
  Transaction transaction(database_);
  read(transaction, "k");
  expect_ok(transaction.put("k", "mine"));
  expect_ok(transaction.put("l", "mine"));
  Pause parked(SyncPoint::batch_before_commit_word, 1);
  std::thread committer([&] { expect_ok(transaction.commit(false)); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  EXPECT_TRUE(database_->try_put("k", "theirs").is_would_block());
  EXPECT_EQ(get("k"), "old");
  parked.release();
  committer.join();
  EXPECT_EQ(get("k"), "mine");
}

// Reads one key and writes another: with its bits alone this is write skew.
TEST_F(TransactionTest, KeepsWhatItOnlyReadStillByHoldingAllLanes) {
  open();
  put("k", "old");
  auto transaction = reader_of_k();
  Pause parked(SyncPoint::batch_before_commit_word, 1);
  std::thread committer([&] { expect_ok(transaction->commit(false)); });
  ASSERT_TRUE(parked.wait_reached(1, kSoonMs));
  EXPECT_TRUE(database_->try_put("k", "theirs").is_would_block());
  parked.release();
  committer.join();
  EXPECT_EQ(sync_points::hits(SyncPoint::transaction_exclusive), 1u);
}

TEST_F(TransactionTest, TryCommitIsForWhatNeedNotWait) {
  open();
  Transaction one(database_);
  expect_ok(one.put("k", "v"));
  EXPECT_TRUE(one.try_commit(true).is_would_block());
  expect_ok(one.try_commit(false));
  EXPECT_GT(one.commit_sequence(), 0u);
  EXPECT_EQ(get("k"), "v");
  Transaction own_keys(database_);
  EXPECT_EQ(read(own_keys, "k"), "v");
  expect_ok(own_keys.put("k", "w"));
  expect_ok(own_keys.put("l", "w"));
  expect_ok(own_keys.try_commit(false));
  EXPECT_EQ(get("k") + get("l"), "ww");
  Transaction other_key(database_);
  read(other_key, "k");
  expect_ok(other_key.put("l", "x"));
  EXPECT_TRUE(other_key.try_commit(false).is_would_block());
  EXPECT_FALSE(other_key.over());
  Transaction many(database_);
  for (int i = 0; i < 17; ++i) expect_ok(many.put(std::to_string(i), "v"));
  EXPECT_TRUE(many.try_commit(false).is_would_block());
  Transaction none(database_);
  read(none, "k");
  expect_ok(none.try_commit(false));
}

TEST_F(TransactionTest, SurvivesReopeningAsAWhole) {
  open();
  Transaction transaction(database_);
  read(transaction, "a");
  expect_ok(transaction.put("a", "1"));
  expect_ok(transaction.put("b", "2"));
  expect_ok(transaction.commit(true));
  reopen();
  EXPECT_EQ(get("a") + get("b"), "12");
}

TEST_F(TransactionTest, ALongOneDoesNotKeepAllMemtables) {
  open();
  Transaction transaction(database_);
  read(transaction, "k");
  std::vector<std::weak_ptr<LoggedMemtable>> later;
  for (int i = 0; i < 8; ++i) {
    fill_until_frozen();
    later.push_back(database_->read_point()->view->active());
  }
  expect_ok(database_->flush(true));
  const auto kept = [&] {
    return std::ranges::count_if(later, [](const auto& memtable) { return !memtable.expired(); });
  };
  for (uint64_t wait_ms = 0; kept() > 0; ++wait_ms) {
    ASSERT_LT(wait_ms, kSoonMs);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(read(transaction, "k"), "<absent>");
}

}  // namespace
}  // namespace skiplith::testing
