// What makes a transaction conflict, and what does not.

#include "db/validation.h"
#include "support/transaction_testing.h"

namespace skiplith::testing {
namespace {

using TransactionConflictTest = TransactionTest;

TEST_F(TransactionConflictTest, ConflictsWhenAKeyItReadHasChanged) {
  open();
  put("k", "old");
  auto overwritten = reader_of_k();
  put("k", "new");
  expect_conflict(overwritten->commit(false));
  auto deleted = reader_of_k();
  expect_ok(database_->erase("k", false));
  expect_conflict(deleted->commit(false));
  auto was_absent = reader_of_k();
  put("k", "again");
  expect_conflict(was_absent->commit(false));
  auto same_value = reader_of_k();
  put("k", "again");
  expect_conflict(same_value->commit(false));
  auto elsewhere = reader_of_k();
  put("kk", "1");
  expect_ok(elsewhere->commit(false));
  EXPECT_EQ(database_->stats()->conflicts, 4u);
}

TEST_F(TransactionConflictTest, AConflictLeavesNothingBehind) {
  open();
  put("k", "old");
  const uint64_t batches = database_->stats()->batches;
  auto both_paths = [&](const char* written) {
    Transaction transaction(database_);
    read(transaction, "k");
    expect_ok(transaction.put(written, "lost"));
    expect_ok(transaction.put("fresh", "lost"));
    put("k", "new");
    expect_conflict(transaction.commit(false));
  };
  both_paths("k");      // by its bits
  both_paths("other");  // by all lanes
  EXPECT_EQ(get("k") + get("other") + get("fresh"), "new<absent><absent>");
  EXPECT_EQ(database_->stats()->batches, batches);
  reopen();
  EXPECT_EQ(get("k") + get("other") + get("fresh"), "new<absent><absent>");
  EXPECT_EQ(database_->stats()->recovered_records, 3u);
}

TEST_F(TransactionConflictTest, ReadOnlyNeverConflicts) {
  open();
  put("k", "old");
  Transaction transaction(database_);
  read(transaction, "k");
  scanned(transaction);
  put("k", "new");
  expect_ok(database_->clear(false));
  EXPECT_EQ(read(transaction, "k"), "old");
  expect_ok(transaction.commit(false));
}

TEST_F(TransactionConflictTest, BlindWritesConflictWithNothing) {
  open();
  put("k", "old");
  Transaction transaction(database_);
  expect_ok(transaction.put("k", "mine"));
  expect_ok(transaction.put("l", "mine"));
  put("k", "theirs");
  expect_ok(transaction.commit(false));
  EXPECT_EQ(get("k"), "mine");
}

TEST_F(TransactionConflictTest, RangesConflictWithInsertsDeletesAndBlindPuts) {
  open();
  put("b", "1");
  const auto after = [&](auto change) {
    Transaction transaction(database_);
    scanned(transaction, range("a", "d"));
    expect_ok(transaction.put("z", "1"));
    change();
    return transaction.commit(false);
  };
  expect_conflict(after([&] { put("a", "first"); }));
  expect_conflict(after([&] { put("c", "inserted"); }));
  expect_conflict(after([&] { expect_ok(database_->erase("c", false)); }));
  expect_conflict(after([&] { expect_ok(database_->erase("cc", false)); }));
  expect_conflict(after([&] { put("b", "1"); }));
  expect_ok(after([&] { put("d", "at the stop"); }));
  expect_ok(after([&] { put("Z", "before"); }));
  expect_ok(after([] {}));
}

TEST_F(TransactionConflictTest, OnlyWhatAScanHandedOutHasToHoldStill) {
  open();
  for (const char* key : {"a", "b", "c", "d"}) put(key, "1");
  const auto after = [&](bool reverse, const char* last_key, const char* changed) {
    Transaction transaction(database_);
    const auto scan = scan_of(transaction, {}, reverse);
    scan->record()->handed_out(last_key);
    expect_ok(transaction.put("z", "1"));
    put(changed, "2");
    return transaction.commit(false);
  };
  expect_ok(after(false, "b", "c"));
  expect_conflict(after(false, "b", "b"));
  expect_conflict(after(false, "b", "a"));
  expect_ok(after(true, "c", "b"));
  expect_conflict(after(true, "c", "d"));
}

TEST_F(TransactionConflictTest, OnlyWhatACursorHasShownHasToHoldStill) {
  open();
  const auto after = [&](auto moves, const char* changed) {
    expect_ok(database_->clear(false));
    for (const char* key : {"b", "d", "f", "h"}) put(key, "1");
    Transaction transaction(database_);
    const auto cursor = cursor_of(transaction);
    moves(*cursor);
    expect_ok(transaction.put("mine", "1"));
    put(changed, "2");
    return transaction.commit(false);
  };
  const auto seek_c = [](DbCursor& cursor) { expect_ok(cursor.seek("c")); };
  expect_ok(after(seek_c, "b"));
  expect_conflict(after(seek_c, "d"));
  expect_conflict(after(seek_c, "cc"));
  expect_ok(after(seek_c, "e"));
  const auto to_f_and_back = [](DbCursor& cursor) {
    expect_ok(cursor.seek("d"));
    expect_ok(cursor.next());
    expect_ok(cursor.prev());
  };
  expect_conflict(after(to_f_and_back, "ee"));
  expect_ok(after(to_f_and_back, "g"));
  const auto past_the_end = [](DbCursor& cursor) {
    expect_ok(cursor.last());
    if (cursor.valid()) expect_ok(cursor.next());
  };
  expect_conflict(after(past_the_end, "zz"));
  expect_ok(after(past_the_end, "f"));
  const auto before_c = [](DbCursor& cursor) { expect_ok(cursor.seek_for_prev("c")); };
  expect_conflict(after(before_c, "bb"));
  expect_ok(after(before_c, "a"));
  const auto to_the_beginning = [](DbCursor& cursor) {
    expect_ok(cursor.seek_for_prev("b"));
    while (cursor.valid()) expect_ok(cursor.prev());
  };
  expect_conflict(after(to_the_beginning, "A"));
}

TEST_F(TransactionConflictTest, FindsChangesInMemtablesFrozenAndFlushedSince) {
  open();
  put("k", "old");
  const auto after_freezes = [&](size_t freezes, bool flushed, bool changed) {
    auto transaction = reader_of_k();
    if (changed) put("k", "new");
    for (size_t i = 0; i < freezes; ++i) fill_until_frozen();
    if (flushed) expect_ok(database_->flush(true));
    return transaction->commit(false);
  };
  expect_conflict(after_freezes(1, false, true));
  expect_ok(after_freezes(1, false, false));
  expect_conflict(after_freezes(2, true, true));
  expect_ok(after_freezes(2, true, false));
}

TEST_F(TransactionConflictTest, IsTooOldAfterMoreThanFourFreezes) {
  open();
  auto young = reader_of_k();
  for (int i = 0; i < 4; ++i) fill_until_frozen();
  expect_ok(young->commit(false));
  auto old = reader_of_k();
  for (int i = 0; i < 5; ++i) fill_until_frozen();
  expect_conflict(old->commit(false));
}

TEST_F(TransactionConflictTest, ConflictsWithAClear) {
  open();
  auto transaction = reader_of_k();
  expect_ok(database_->clear(false));
  expect_conflict(transaction->commit(false));
}

// While others write; what is frozen is looked through without holding them up.
TEST_F(TransactionConflictTest, ARangeOfTooManyKeysInTheActiveMemtableIsAConflict) {
  options_.memtable_bytes = 64 << 20;
  open();
  Batch batch;
  for (uint64_t i = 0; i <= Validation::kMaxEntries; ++i)
    expect_ok(batch.put("k" + number(i), "v"));
  expect_ok(database_->write(batch, false));
  const auto commit = [&](bool another_writes, bool frozen) {
    Transaction transaction(database_);
    scanned(transaction, range("", "y"));
    expect_ok(transaction.put("z", "1"));
    if (another_writes) put("zz", "1");
    if (frozen) expect_ok(database_->flush(true));
    return transaction.commit(false);
  };
  expect_ok(commit(false, false));
  expect_conflict(commit(true, false));
  expect_ok(commit(true, true));
  expect_ok(commit(true, false));
}

TEST_F(TransactionConflictTest, WhatWasPassedOverWasRead) {
  open();
  put("a", "1");
  put("b", "1");
  const auto after_skipping = [&](size_t pairs, const char* changed) {
    Transaction transaction(database_);
    size_t passed = 0;
    expect_ok(scan_of(transaction, range("", "m"), false)->skip(pairs, &passed));
    expect_ok(transaction.put("z", "1"));
    put(changed, "2");
    return transaction.commit(false);
  };
  expect_conflict(after_skipping(1, "a"));
  expect_ok(after_skipping(1, "b"));
  expect_conflict(after_skipping(2, "b"));
  expect_ok(after_skipping(2, "c"));
  expect_conflict(after_skipping(9, "d"));
  expect_ok(after_skipping(9, "m"));
}

// Each of many cursors and seeks counts, and those that say the same are held together.
TEST_F(TransactionConflictTest, ManySeeksAreHeldTogetherAndNoneIsForgotten) {
  open();
  for (char key = 'a'; key <= 'z'; ++key) put(Bytes(&key, 1), "1");
  const auto after_seeks = [&](const char* changed) {
    Transaction transaction(database_);
    for (int turn = 0; turn < 500; ++turn) {
      const auto cursor = cursor_of(transaction);
      for (const char* key : {"c", "x", "k"}) expect_ok(cursor->seek(key));
    }
    expect_ok(transaction.put("mine", "1"));
    put(changed, "2");
    return transaction.commit(false);
  };
  for (const char* key : {"c", "x", "k"}) expect_conflict(after_seeks(key));
  for (const char* key : {"b", "d", "j", "l", "y"}) expect_ok(after_seeks(key));
  ReadSet reads;
  for (int turn = 0; turn < 100; ++turn) {
    const auto record = reads.add_cursor();
    for (int i = 0; i < 100; ++i) record->seek("c", "c");
  }
  EXPECT_EQ(reads.intervals(), std::vector<Interval>({{.low = "c", .high = "c"}}));
}

}  // namespace
}  // namespace skiplith::testing
