// Random transactions, snapshots and blind writes on few keys, by several threads, while memtables
// freeze and tables are written: their graph must have no cycle. Played by plain snapshot
// isolation, and without any validation, it soon has one.
//
//   SKIPLITH_TRANSACTION_HISTORIES=2000 transaction_histories_test     checks so many of each seed

#include <atomic>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "db/snapshots.h"
#include "db/validation.h"
#include "io/memory_files.h"
#include "lab/jitter.h"
#include "lab/random.h"
#include "lab/serializability.h"
#include "lab/snapshot_consistency.h"
#include "support/transaction_testing.h"

namespace skiplith::testing {
namespace {

using lab::Contents;
using lab::MaybeValue;
using lab::Outcome;
using lab::Pair;
using lab::Random;

enum class Isolation : uint8_t { kSerializable, kSnapshot, kNone };

// One transaction at a time, and what there is to be said of it afterwards. The weaker isolations
// read the same way; at their end only the keys that they write are validated, or nothing is.
class Recorded {
 public:
  Recorded(const std::shared_ptr<Database>& database, Isolation isolation, uint32_t thread)
      : database_(database), isolation_(isolation), transaction_(database) {
    said_.thread = thread;
    said_.begin_ns = monotonic_ns();
  }
  void read(const std::string& key) {
    Value value;
    ok(transaction_.get(key, &value));
    note(key, value.found() ? MaybeValue(value.bytes()) : std::nullopt);
  }
  // All of `keys` (ascending), by a scan; those that it does not find are absent.
  void scan(const std::vector<std::string>& keys) {
    Range range{.start = keys.front(), .stop = keys.back()};
    range.include_stop = true;
    auto scan = transaction_.scan(range, false);
    ok(scan.status());
    ScanChunk chunk;
    Contents found;
    do {
      ok((*scan)->next_chunk(&chunk, ScanParts::kBoth, 2, 1 << 20));
      for (size_t i = 0; i < chunk.size(); ++i) found.emplace(chunk.key(i), chunk.value(i));
    } while (chunk.size() > 0);
    (*scan)->record()->ended();
    for (const std::string& key : keys) {
      const auto at = found.find(key);
      note(key, at == found.end() ? std::nullopt : MaybeValue(at->second));
    }
  }
  void write(const std::string& key, MaybeValue value) {
    ok(value ? transaction_.put(key, *value) : transaction_.erase(key));
    ok(value ? batch_.put(key, *value) : batch_.erase(key));
    written_.add_key(key);
    said_.writes.push_back({key, std::move(value)});
  }
  // Answers whether it was committed.
  bool commit(std::vector<lab::Transaction>* all) {
    const Sequence read_at = transaction_.read_sequence();
    Sequence committed_at = 0;
    const Status status = finish(&committed_at);
    said_.end_ns = monotonic_ns();
    said_.outcome = status.is_ok() ? Outcome::kCommitted : Outcome::kAborted;
    said_.sequence = committed_at != 0 ? committed_at : read_at;
    EXPECT_TRUE(status.is_ok() || status.code() == StatusCode::kConflict) << status.to_string();
    all->push_back(std::move(said_));
    return status.is_ok();
  }

 private:
  static void ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }
  void note(const std::string& key, MaybeValue value) {
    for (const Pair& written : said_.writes) {
      if (written.key == key) return;  // that was its own
    }
    said_.reads.push_back({key, std::move(value)});
  }
  Status finish(Sequence* committed_at) {
    if (isolation_ == Isolation::kSerializable || batch_.empty()) {
      Status status = transaction_.commit(false);
      *committed_at = transaction_.commit_sequence();
      return status;
    }
    if (isolation_ == Isolation::kNone || transaction_.read_sequence() == 0) {
      Validation nothing({}, ReadSet());
      return database_->write_if(nothing, batch_, false, committed_at);
    }
    Validation what_it_writes(transaction_.point(), written_);
    return database_->write_if(what_it_writes, batch_, false, committed_at);
  }

  const std::shared_ptr<Database> database_;
  const Isolation isolation_;
  Transaction transaction_;
  Batch batch_;
  ReadSet written_;
  lab::Transaction said_;
};

class TransactionHistoriesTest : public TransactionTest,
                                 public ::testing::WithParamInterface<Isolation> {
 protected:
  static constexpr uint32_t kThreads = 4;
  ~TransactionHistoriesTest() override { database_.reset(); }  // before its files
  Files& files() override { return files_; }

  static uint64_t histories() {
    const char* asked = std::getenv("SKIPLITH_TRANSACTION_HISTORIES");
    return asked == nullptr ? 100 : std::strtoull(asked, nullptr, 10);
  }
  static std::string unique_value(Random& random, uint32_t thread, uint64_t number) {
    std::string value = std::to_string(thread) + "." + std::to_string(number);
    if (random.chance(0.3)) value.append(500 + random.below(3000), '.');
    return value;
  }

  void one_transaction(Random& random, uint32_t thread, uint64_t number,
                       const std::vector<std::string>& keys, std::vector<lab::Transaction>* all) {
    Recorded t(database_, GetParam(), thread);
    const std::string& first = keys[random.below(keys.size())];
    const std::string& second = keys[random.below(keys.size())];
    const auto changed = [&](int which) {
      if (random.chance(0.2)) return MaybeValue();
      return MaybeValue(unique_value(random, thread, 4 * number + which));
    };
    switch (random.below(8)) {
      case 0:  // by its bits
        t.read(first);
        t.read(second);
        t.write(first, changed(0));
        t.write(second, changed(1));
        break;
      case 1:
        t.read(first);
        t.write(first, changed(0));
        break;
      case 2:  // with all lanes
      case 3:
        t.read(first);
        t.write(second, changed(0));
        break;
      case 4:
        t.scan(keys);
        t.write(first, changed(0));
        break;
      case 5:  // reads nothing
        t.write(first, changed(0));
        if (random.chance(0.5)) t.write(second, changed(1));
        break;
      case 6: t.scan(keys); break;
      default: t.read(first); t.read(second);
    }
    t.commit(all);
  }
  // A snapshot is a transaction that only reads: with each read through the view of that moment.
  void one_snapshot(uint32_t thread, const std::vector<std::string>& keys,
                    std::vector<lab::Transaction>* all) {
    lab::Transaction said;
    said.thread = thread;
    said.begin_ns = monotonic_ns();
    auto snapshot = database_->snapshot();
    expect_ok(snapshot.status());
    said.sequence = (*snapshot)->sequence();
    said.end_ns = monotonic_ns();
    for (const std::string& key : keys) {
      Value value;
      expect_ok(database_->get(**snapshot, key, &value));
      said.reads.push_back({key, value.found() ? MaybeValue(value.bytes()) : std::nullopt});
    }
    all->push_back(std::move(said));
  }

  // A history of `kThreads` on keys of its own.
  std::vector<lab::Transaction> record(uint64_t seed) {
    std::vector<std::string> keys;
    for (int i = 0; i < 4; ++i) keys.push_back(std::to_string(seed) + "/" + std::to_string(i));
    std::array<std::vector<lab::Transaction>, kThreads> said;
    std::atomic<uint32_t> waiting_for{kThreads};
    std::vector<std::thread> threads;
    for (uint32_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Random random(seed * kThreads + thread);
        waiting_for.fetch_sub(1);
        while (waiting_for.load() != 0) std::this_thread::yield();
        for (uint64_t number = 0; number < 30; ++number) {
          if (random.chance(0.15)) {
            one_snapshot(thread, keys, &said[thread]);
          } else {
            one_transaction(random, thread, number, keys, &said[thread]);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<lab::Transaction> all;
    for (auto& part : said) std::move(part.begin(), part.end(), std::back_inserter(all));
    return all;
  }

  // Whatever the isolation: what one of them has read is of one moment.
  static void expect_moments(const std::vector<lab::Transaction>& all) {
    std::vector<lab::SequencedWrite> writes;
    std::vector<lab::PointRead> reads;
    for (const lab::Transaction& t : all) {
      if (!t.reads.empty()) reads.push_back({t.thread, t.begin_ns, t.end_ns, t.reads});
      if (t.writes.empty() || t.outcome != Outcome::kCommitted) continue;
      writes.push_back({t.thread, t.begin_ns, t.end_ns, t.sequence, t.writes});
    }
    const lab::Checked checked = lab::check_snapshot_consistency(writes, reads);
    EXPECT_EQ(checked.verdict, lab::Verdict::kHolds) << checked.explanation;
  }

  MemoryFiles files_{SinkForm::kMapped};
};

TEST_P(TransactionHistoriesTest, HaveACycleOnlyUnderWeakerIsolation) {
  open();
  const uint64_t seed = posix_files().random64() >> 20;
  uint64_t checked = 0, transactions = 0, aborted = 0;
  lab::Checked found;
  {
    const lab::Jitter jitter(seed, 0.2);
    while (checked < histories() && found.verdict == lab::Verdict::kHolds) {
      const std::vector<lab::Transaction> all = record(seed + checked++);
      transactions += all.size();
      for (const auto& t : all) aborted += t.outcome == Outcome::kAborted ? 1 : 0;
      found = lab::check_serializability(all);
      expect_moments(all);
    }
  }
  const Stats stats = *database_->stats();
  std::cout << "seed " << seed << ": " << checked << " histories, " << transactions
            << " transactions, " << aborted << " of them conflicted; " << stats.freezes
            << " freezes, " << stats.flushes << " flushes, " << stats.compactions
            << " compactions\n";
  if (GetParam() == Isolation::kSerializable) {
    EXPECT_EQ(found.verdict, lab::Verdict::kHolds) << found.explanation;
    EXPECT_GT(aborted, 0u);
    EXPECT_GT(stats.flushes, 0u);
  } else {
    EXPECT_EQ(found.verdict, lab::Verdict::kViolation);
    std::cout << found.explanation << "\n";
  }
}

std::string name_of(const ::testing::TestParamInfo<Isolation>& info) {
  switch (info.param) {
    case Isolation::kSerializable: return "Serializable";
    case Isolation::kSnapshot: return "Snapshot";
    case Isolation::kNone: break;
  }
  return "None";
}

INSTANTIATE_TEST_SUITE_P(Isolations, TransactionHistoriesTest,
                         ::testing::Values(Isolation::kSerializable, Isolation::kSnapshot,
                                           Isolation::kNone),
                         name_of);

}  // namespace
}  // namespace skiplith::testing
