// Random programs of reads and writes, run in transactions and beside snapshots.
//
// A program is run in a transaction, others write, and the same program is run once more: where it
// now reads something else, the first one must not commit. That is what serializable means for a
// program that depends on nothing but what it reads, and needs no second opinion on which keys and
// intervals that are.

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "db/snapshots.h"
#include "support/transaction_testing.h"

namespace skiplith::testing {
namespace {

using Pairs = std::map<std::string, std::string>;

// Neighbours, prefixes of each other, null bytes, the first and the last there is.
const std::array<std::string, 14> kKeys = {"",
                                           "a",
                                           std::string("a\0", 2),
                                           std::string("a\0\0", 3),
                                           "aa",
                                           "ab",
                                           "b",
                                           std::string("b\0", 2),
                                           "ba",
                                           "c",
                                           "cc",
                                           "d",
                                           "\xff",
                                           "\xff\xff"};

struct Step {
  enum class What : uint8_t {
    kGet,
    kPut,
    kErase,
    kSetDefault,
    kNewCursor,
    kSeek,
    kSeekForPrev,
    kFirst,
    kLast,
    kNext,
    kPrev,
    kNewScan,
    kScanOn,
    kCount
  } what;
  std::string key, value;
  Range range;
  bool reverse = false;
  size_t which = 0;  // cursor or scan, of those there are
  size_t pairs = 1;  // of a scan, or steps of a cursor
};

// Plays one program and says what it has read.
class Play {
 public:
  explicit Play(Transaction& transaction) : transaction_(transaction) {}

  void step(const Step& step) {
    switch (step.what) {
      case Step::What::kGet: {
        Value value;
        ok(transaction_.get(step.key, &value));
        return read(value.found() ? value.bytes() : Bytes("absent"));
      }
      case Step::What::kPut: return ok(transaction_.put(step.key, step.value));
      case Step::What::kErase: return ok(transaction_.erase(step.key));
      case Step::What::kSetDefault: {
        SetDefault modification(step.value);
        ok(transaction_.modify(step.key, modification));
        return read(modification.inserted() ? Bytes("inserted") : modification.old_value.bytes());
      }
      case Step::What::kNewCursor: return new_cursor();
      case Step::What::kNewScan: return new_scan(step);
      case Step::What::kScanOn:
        if (scans_.empty()) new_scan(step);
        return scan_on(scans_[step.which % scans_.size()], step.pairs);
      default:
        if (cursors_.empty()) new_cursor();
        move(*cursors_[step.which % cursors_.size()], step);
    }
  }
  const std::string& all_read() const { return all_read_; }

 private:
  struct OpenScan {
    std::unique_ptr<Scan> scan;
    ScanChunk chunk;
    size_t used = 0;  // of the chunk
  };

  static void ok(const Status& status) { ASSERT_TRUE(status.is_ok()) << status.to_string(); }
  void read(Bytes what) { all_read_ += std::string(what) + ";"; }

  void new_cursor() {
    auto cursor = transaction_.cursor();
    ok(cursor.status());
    cursors_.push_back(std::move(*cursor));
  }
  void new_scan(const Step& step) {
    auto scan = transaction_.scan(step.range, step.reverse);
    ok(scan.status());
    scans_.push_back({std::move(*scan), {}});
  }
  void move(DbCursor& cursor, const Step& step) {
    using What = Step::What;
    if (step.what == What::kSeek) ok(cursor.seek(step.key));
    if (step.what == What::kSeekForPrev) ok(cursor.seek_for_prev(step.key));
    if (step.what == What::kFirst) ok(cursor.first());
    if (step.what == What::kLast) ok(cursor.last());
    show(cursor);
    for (size_t i = 0; i < step.pairs && cursor.valid(); ++i) {
      if (step.what == What::kNext) ok(cursor.next());
      if (step.what == What::kPrev) ok(cursor.prev());
      show(cursor);
    }
  }
  void show(const DbCursor& cursor) {
    read(cursor.valid() ? std::string(cursor.key()) + "=" + std::string(cursor.value()) : "end");
  }
  // As an iterator does it: pairs are read ahead, and noted when they are handed out.
  void scan_on(OpenScan& open, size_t pairs) {
    for (size_t i = 0; i < pairs; ++i) {
      if (open.used == open.chunk.size()) {
        ok(open.scan->next_chunk(&open.chunk, ScanParts::kBoth, 3, 1 << 20));
        open.used = 0;
      }
      if (open.chunk.size() == 0) {
        open.scan->record()->ended();
        return read("end");
      }
      const Bytes key = open.chunk.key(open.used);
      open.scan->record()->handed_out(key);
      read(std::string(key) + "=" + std::string(open.chunk.value(open.used++)));
    }
  }

  Transaction& transaction_;
  std::string all_read_;
  std::vector<std::unique_ptr<DbCursor>> cursors_;
  std::vector<OpenScan> scans_;
};

class TransactionProgramsTest : public TransactionTest,
                                public ::testing::WithParamInterface<uint64_t> {
 protected:
  static int programs() {
    const char* asked = std::getenv("SKIPLITH_PROGRAMS");
    return asked == nullptr ? 600 : std::atoi(asked);
  }
  bool one_in(uint64_t n) { return random_() % n == 0; }
  std::string key() { return kKeys[random_() % kKeys.size()]; }
  std::string new_value() { return "v" + std::to_string(++values_); }

  std::vector<Step> program() {
    std::vector<Step> steps(2 + random_() % 6);
    // Few kinds in one program, so that what one of them forgets is not what another one remembers.
    const std::array<uint64_t, 3> kinds = {random_(), random_(), random_()};
    for (Step& step : steps) {
      const auto kind = kinds[random_() % kinds.size()];
      step.what = static_cast<Step::What>(kind % static_cast<size_t>(Step::What::kCount));
      step.key = key();
      step.value = new_value();
      if (one_in(2)) step.range.start = key();
      if (one_in(2)) step.range.stop = key();
      step.range.include_start = one_in(2);
      step.range.include_stop = one_in(2);
      if (one_in(5)) step.range.intersect_prefix(key());
      step.reverse = one_in(2);
      step.which = random_() % 8;
      step.pairs = 1 + random_() % 8;
    }
    return steps;
  }
  // Somebody else's write, in the store and in the model.
  void write_one() {
    const std::string changed = key();
    switch (random_() % 16) {
      case 0: expect_ok(database_->flush(one_in(2))); return;
      case 1:
        if (!one_in(4)) return;
        expect_ok(database_->clear(false));
        model_.clear();
        return;
      case 2:
        if (one_in(4)) expect_ok(database_->compact({}, {}, [] { return true; }));
        return;
      case 3: {
        Value popped, value;
        expect_ok(database_->pop_edge(one_in(2), &popped, &value, false));
        if (popped.found()) model_.erase(std::string(popped.bytes()));
        return;
      }
      case 4:
      case 5:
      case 6:
      case 7:
        expect_ok(database_->erase(changed, false));
        model_.erase(changed);
        return;
      default:
        model_[changed] = new_value() + std::string(one_in(40) ? 30'000 : 0, '.');
        put(changed, model_[changed]);
    }
  }
  std::string played(const std::vector<Step>& steps) {
    Transaction transaction(database_);
    Play play(transaction);
    for (const Step& step : steps) play.step(step);
    return play.all_read();
  }
  Pairs pairs_of(ReadPoint point) {
    Pairs pairs;
    DbCursor cursor(database_, std::move(point));
    for (expect_ok(cursor.first()); cursor.valid(); expect_ok(cursor.next())) {
      pairs[std::string(cursor.key())] = cursor.value();
    }
    return pairs;
  }

  std::mt19937_64 random_{GetParam()};
  Pairs model_;
  int values_ = 0;
};

TEST_P(TransactionProgramsTest, WhatWouldReadSomethingElseNowDoesNotCommit) {
  open();
  int changed = 0, spared = 0;
  for (int turn = 0; turn < programs(); ++turn) {
    for (size_t i = random_() % 6; i > 0; --i) write_one();
    const std::vector<Step> steps = program();
    const std::string expected = played(steps);
    Transaction transaction(database_);
    Play play(transaction);
    for (const Step& step : steps) {
      play.step(step);
      // Its moment is taken by now, if it has read anything.
      if (one_in(4) && transaction.read_sequence() != 0) write_one();
    }
    ASSERT_EQ(play.all_read(), expected) << "a transaction reads one moment";
    for (size_t i = random_() % 3; i > 0; --i) write_one();
    const bool would_differ = played(steps) != expected;
    expect_ok(transaction.put("own", new_value()));
    const Status committed = transaction.commit(false);
    if (!committed.is_ok()) expect_conflict(committed);
    ASSERT_FALSE(would_differ && committed.is_ok()) << "turn " << turn;
    changed += would_differ ? 1 : 0;
    spared += committed.is_ok() ? 1 : 0;
  }
  // Neither is rare, or this says little.
  EXPECT_GT(changed, programs() / 8);
  EXPECT_GT(spared, programs() / 8);
}

TEST_P(TransactionProgramsTest, SnapshotsStayWhatTheyWere) {
  struct Held {
    std::unique_ptr<Snapshot> snapshot;
    Pairs pairs;
  };
  open();
  std::vector<Held> all_held;
  for (int turn = 0; turn < programs(); ++turn) {
    for (size_t i = random_() % 6; i > 0; --i) write_one();
    if (one_in(4) && all_held.size() < 5) {
      auto taken = database_->snapshot();
      expect_ok(taken.status());
      all_held.push_back({std::move(*taken), model_});
    }
    for (const Held& held : all_held) {
      ASSERT_EQ(pairs_of(*database_->read_point(*held.snapshot)), held.pairs);
      const std::string asked = key();
      Value value;
      expect_ok(database_->get(*held.snapshot, asked, &value));
      ASSERT_EQ(value.found(), held.pairs.contains(asked));
      if (value.found()) {
        ASSERT_EQ(value.bytes(), held.pairs.at(asked));
      }
    }
    if (!all_held.empty() && one_in(6)) {
      all_held.erase(all_held.begin() + static_cast<ptrdiff_t>(random_() % all_held.size()));
    }
  }
  EXPECT_EQ(pairs_of(*database_->read_point()), model_);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TransactionProgramsTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace skiplith::testing
