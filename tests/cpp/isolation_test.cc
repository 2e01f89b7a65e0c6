// The anomalies that transactions must not show. Each is played out for our transactions and for
// plain snapshot isolation, which shows it: so the test can fail.

#include <array>
#include <atomic>
#include <random>

#include "db/scan.h"
#include "db/snapshots.h"
#include "db/transaction.h"
#include "db/validation.h"
#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

// What the plays need of a transaction.
class Player {
 public:
  virtual ~Player() = default;
  virtual int64_t read(Bytes key) = 0;  // 0 when missing
  virtual int64_t sum(Bytes prefix) = 0;
  virtual void put(Bytes key, int64_t value) = 0;
  virtual void erase(Bytes key) = 0;
  virtual bool commit() = 0;
};

int64_t to_number(Bytes value) { return static_cast<int64_t>(load_u64(value.data())); }

int64_t sum_of(Scan& scan) {
  int64_t sum = 0;
  ScanChunk chunk;
  do {
    EXPECT_TRUE(scan.next_chunk(&chunk, ScanParts::kBoth, 100, 1 << 20).is_ok());
    for (size_t i = 0; i < chunk.size(); ++i) sum += to_number(chunk.value(i));
  } while (chunk.size() > 0);
  if (scan.record() != nullptr) scan.record()->ended();
  return sum;
}

Range beginning_with(Bytes prefix) {
  Range range;
  range.intersect_prefix(prefix);
  return range;
}

std::string encoded(int64_t value) {
  std::string bytes;
  append_u64(&bytes, static_cast<uint64_t>(value));
  return bytes;
}

class Serializable : public Player {
 public:
  explicit Serializable(const std::shared_ptr<Database>& database) : transaction_(database) {}
  int64_t read(Bytes key) override {
    Value value;
    EXPECT_TRUE(transaction_.get(key, &value).is_ok());
    return value.found() ? to_number(value.bytes()) : 0;
  }
  int64_t sum(Bytes prefix) override {
    return sum_of(**transaction_.scan(beginning_with(prefix), false));
  }
  void put(Bytes key, int64_t value) override {
    EXPECT_TRUE(transaction_.put(key, encoded(value)).is_ok());
  }
  void erase(Bytes key) override { EXPECT_TRUE(transaction_.erase(key).is_ok()); }
  bool commit() override { return transaction_.commit(false).is_ok(); }

 private:
  Transaction transaction_;
};

// Reads of one moment, and of two that write the same key the first wins (Berenson et al., 1995).
class SnapshotIsolated : public Player {
 public:
  explicit SnapshotIsolated(const std::shared_ptr<Database>& database)
      : database_(database), point_(*database->read_point()) {}
  int64_t read(Bytes key) override {
    Value value;
    EXPECT_TRUE(database_->get_at(point_, key, &value).is_ok());
    return value.found() ? to_number(value.bytes()) : 0;
  }
  int64_t sum(Bytes prefix) override {
    Scan scan(std::make_unique<DbCursor>(database_, point_), beginning_with(prefix), false);
    return sum_of(scan);
  }
  void put(Bytes key, int64_t value) override {
    written_.add_key(key);
    EXPECT_TRUE(batch_.put(key, encoded(value)).is_ok());
  }
  void erase(Bytes key) override {
    written_.add_key(key);
    EXPECT_TRUE(batch_.erase(key).is_ok());
  }
  bool commit() override {
    Sequence sequence = 0;
    Validation validation(point_, checked());
    return database_->write_if(validation, batch_, false, &sequence).is_ok();
  }

 protected:
  virtual const ReadSet& checked() const { return written_; }
  const ReadSet nothing_;

 private:
  const std::shared_ptr<Database> database_;
  const ReadPoint point_;
  ReadSet written_;
  Batch batch_;
};

// Not even that: the last writer wins.
class Unvalidated : public SnapshotIsolated {
 public:
  using SnapshotIsolated::SnapshotIsolated;

 protected:
  const ReadSet& checked() const override { return nothing_; }
};

class IsolationTest : public DatabaseTest {
 protected:
  void SetUp() override { open(); }
  int64_t now(Bytes key) { return Serializable(database_).read(key); }
  void set(Bytes key, int64_t value) { put(key, encoded(value)); }
  // In a fresh database each time: what `play` finds out under each isolation.
  template <typename Play>
  bool anomaly_under_serializable(Play play) {
    expect_ok(database_->clear(false));
    return play.template operator()<Serializable>();
  }
  template <typename Play>
  bool anomaly_under_snapshot_isolation(Play play) {
    expect_ok(database_->clear(false));
    return play.template operator()<SnapshotIsolated>();
  }
};

TEST_F(IsolationTest, NoWriteSkew) {
  // On call: one of the two has to stay.
  const auto play = [&]<typename T>() {
    set("on call: ann", 1);
    set("on call: bob", 1);
    T ann(database_), bob(database_);
    if (ann.read("on call: bob") == 1) ann.put("on call: ann", 0);
    if (bob.read("on call: ann") == 1) bob.put("on call: bob", 0);
    ann.commit();
    bob.commit();
    return now("on call: ann") + now("on call: bob") == 0;
  };
  EXPECT_FALSE(anomaly_under_serializable(play));
  EXPECT_TRUE(anomaly_under_snapshot_isolation(play));
}

// One room, two bookings that exclude each other: both look at the range, then write in it.
TEST_F(IsolationTest, NoPhantomByInsert) {
  const auto play = [&]<typename T>() {
    T first(database_), second(database_);
    if (first.sum("booking:") == 0) first.put("booking:10h", 1);
    if (second.sum("booking:") == 0) second.put("booking:11h", 1);
    first.commit();
    second.commit();
    return Serializable(database_).sum("booking:") == 2;
  };
  EXPECT_FALSE(anomaly_under_serializable(play));
  EXPECT_TRUE(anomaly_under_snapshot_isolation(play));
}

// Of three only one may go; each takes another one away after counting.
TEST_F(IsolationTest, NoPhantomByDelete) {
  const auto play = [&]<typename T>() {
    for (const char* key : {"guard:a", "guard:b", "guard:c"}) set(key, 1);
    T first(database_), second(database_);
    if (first.sum("guard:") > 2) first.erase("guard:a");
    if (second.sum("guard:") > 2) second.erase("guard:b");
    first.commit();
    second.commit();
    return Serializable(database_).sum("guard:") < 2;
  };
  EXPECT_FALSE(anomaly_under_serializable(play));
  EXPECT_TRUE(anomaly_under_snapshot_isolation(play));
}

// A put outside of any transaction, which reads nothing, into a range that one has read: the sum
// that is written down was never true after it.
TEST_F(IsolationTest, NoPhantomByBlindPut) {
  const auto play = [&]<typename T>() {
    set("part:a", 1);
    T closing(database_);
    closing.put("total", closing.sum("part:"));
    set("part:b", 1);
    const bool closed = closing.commit();
    return closed && now("total") != Serializable(database_).sum("part:");
  };
  EXPECT_FALSE(anomaly_under_serializable(play));
  EXPECT_TRUE(anomaly_under_snapshot_isolation(play));
}

// Fekete, O'Neil and O'Neil (2004): a report sees the deposit and not the fine, although whoever
// fined came before the deposit. Without the report both could have been in order.
TEST_F(IsolationTest, NoReadOnlyAnomaly) {
  const auto play = [&]<typename T>() {
    set("savings", 0);
    set("checking", 0);
    T withdrawal(database_);
    const int64_t both = withdrawal.read("savings") + withdrawal.read("checking");
    T deposit(database_);
    deposit.put("checking", deposit.read("checking") + 20);
    deposit.commit();
    T report(database_);
    const bool report_saw_deposit = report.read("savings") + report.read("checking") == 20;
    report.commit();
    withdrawal.put("savings", both < 10 ? -11 : -10);  // overdrawn: one more
    const bool fined = withdrawal.commit() && now("savings") == -11;
    return report_saw_deposit && fined;
  };
  EXPECT_FALSE(anomaly_under_serializable(play));
  EXPECT_TRUE(anomaly_under_snapshot_isolation(play));
}

// Both read, both write what they have read plus one. Plain snapshot isolation prevents this one,
// and with it every change of the bank's sum.
TEST_F(IsolationTest, NoLostUpdate) {
  const auto play = [&]<typename T>() {
    expect_ok(database_->clear(false));
    T first(database_), second(database_);
    first.put("n", first.read("n") + 1);
    second.put("n", second.read("n") + 1);
    const int commits = (first.commit() ? 1 : 0) + (second.commit() ? 1 : 0);
    return now("n") != commits;
  };
  EXPECT_FALSE(play.operator()<Serializable>());
  EXPECT_FALSE(play.operator()<SnapshotIsolated>());
  EXPECT_TRUE(play.operator()<Unvalidated>());
}

// Money moves between accounts, some of which come and go; the sum stays, in every scan and in
// every snapshot, among freezes and flushes.
class BankTest : public IsolationTest {
 protected:
  static constexpr int kAccounts = 12;
  static constexpr int64_t kMoney = 1000;

  template <typename T>
  bool sum_stays(int transfers) {
    std::atomic<int> left{transfers};
    std::atomic<bool> wrong{false};
    for (int i = 0; i < kAccounts; ++i) set(account(i), kMoney / kAccounts);
    set("bank:rest", kMoney - kMoney / kAccounts * kAccounts);
    const auto transfer = [&](uint64_t seed) {
      std::mt19937_64 random(seed);
      while (left.fetch_sub(1) > 0) {
        T t(database_);
        const std::string from = account(random() % kAccounts), to = account(random() % kAccounts);
        const int64_t amount = std::min<int64_t>(t.read(from), random() % 50);
        if (from == to) continue;
        const int64_t rest = t.read(from) - amount;
        rest == 0 ? t.erase(from) : t.put(from, rest);
        t.put(to, t.read(to) + amount);
        t.put("note:" + std::to_string(seed) + std::string(random() % 2000, '.'), 0);
        t.commit();
      }
    };
    const auto audit = [&] {
      while (left.load() > 0 && !wrong) {
        Serializable report(database_);
        auto held = database_->snapshot();
        Scan in_snapshot(std::make_unique<DbCursor>(database_, *database_->read_point(**held)),
                         beginning_with("bank:"), false);
        if (report.sum("bank:") != kMoney || sum_of(in_snapshot) != kMoney) wrong = true;
      }
    };
    std::array threads = {std::thread(transfer, 1), std::thread(transfer, 2),
                          std::thread(transfer, 3), std::thread(audit)};
    for (std::thread& thread : threads) thread.join();
    return !wrong && Serializable(database_).sum("bank:") == kMoney;
  }
  static std::string account(uint64_t number) { return "bank:" + std::to_string(number); }
};

TEST_F(BankTest, SumIsConstantInEverySnapshotAndScan) {
  EXPECT_TRUE(sum_stays<Serializable>(6'000));
  EXPECT_GT(database_->stats()->flushes, 0u);
  EXPECT_GT(database_->stats()->conflicts, 0u);
}

TEST_F(BankTest, SumIsLostWithoutValidation) { EXPECT_FALSE(sum_stays<Unvalidated>(6'000)); }

}  // namespace
}  // namespace skiplith::testing
