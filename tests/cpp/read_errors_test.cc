// A read that fails, anywhere, is an error that names its file, and never a shorter answer.
#include <map>
#include <random>

#include "db/get_many.h"
#include "db/scan.h"
#include "support/database_testing.h"
#include "support/faulty_files.h"

namespace skiplith::testing {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class ReadErrorsTest : public DatabaseTest {
 protected:
  // Two levels and three tables of level 0, of which nothing stays resident.
  ReadErrorsTest() {
    options_.compaction = CompactionStyle::kNone;
    options_.cache_bytes = 0;
    open();
    write(0, 2);
    expect_ok(database_->compact({}, {}, [] { return true; }));
    for (int round = 1; round < 4; ++round) write(round, 9);
  }
  ~ReadErrorsTest() override { database_.reset(); }
  Files& files() override { return faulty_; }

  void write(int round, int step) {
    std::mt19937 random(static_cast<unsigned>(round));
    for (int i = 1000 + round; i < 2200; i += step) {
      const std::string key = "key" + std::to_string(i);
      if (round > 0 && i % 4 == 0) {
        expect_ok(database_->erase(key, false));
        model_.erase(key);
        continue;
      }
      std::string value(100, 'v');
      for (char& byte : value) byte = static_cast<char>(random());
      put(key, model_[key] = value);
    }
    expect_ok(database_->flush(true));
  }

  // Does `work` on a fresh opening, in which no frame has been read, with the nth such call on a
  // table failing, for ever greater n until none fails. A failed one answers with a storage error
  // that names a table. Returns how many failed.
  template <typename Work>
  uint64_t fail_everywhere(Operation operation, Work work) {
    for (uint64_t nth = 1;; ++nth) {
      reopen();
      const uint64_t before = faulty_.failures(operation);
      faulty_.fail_at({.operation = operation, .path = "*.sst", .nth = nth, .error_number = EIO});
      const Status status = work();
      faulty_.heal();
      if (faulty_.failures(operation) == before) {
        expect_ok(status);
        return nth - 1;
      }
      EXPECT_EQ(status.code(), StatusCode::kStorage) << status.to_string();
      EXPECT_EQ(status.error_number(), EIO);
      EXPECT_TRUE(status.path().starts_with(directory_) && status.path().ends_with(".sst"))
          << status.path();
      if (HasFailure()) return nth;
    }
  }
  static constexpr Operation kOperations[] = {Operation::kOpenReadable, Operation::kRead};

  Pairs expected(bool reverse) const {
    Pairs pairs(model_.begin(), model_.end());
    if (reverse) std::ranges::reverse(pairs);
    return pairs;
  }
  // What a scan shows until it ends, or fails.
  Status scan(bool reverse, Pairs* shown) {
    auto cursor = database_->cursor();
    if (!cursor.is_ok()) return cursor.take_status();
    Scan scan(std::move(*cursor), Range{}, reverse);
    for (ScanChunk chunk;;) {
      SKIPLITH_RETURN_IF_ERROR(scan.next_chunk(&chunk, ScanParts::kBoth, 37, 1 << 20));
      if (chunk.size() == 0) return Status::ok();
      for (size_t i = 0; i < chunk.size(); ++i) shown->emplace_back(chunk.key(i), chunk.value(i));
    }
  }
  void expect_all() {
    for (const bool reverse : {false, true}) {
      Pairs shown;
      expect_ok(scan(reverse, &shown));
      EXPECT_EQ(shown, expected(reverse));
    }
  }

  FaultyFiles faulty_{posix_files()};
  std::map<std::string, std::string> model_;
};

TEST_F(ReadErrorsTest, AScanOfEitherDirectionFailsAndIsNeverShorter) {
  for (const bool reverse : {false, true}) {
    const Pairs all = expected(reverse);
    for (const Operation operation : kOperations) {
      const uint64_t failed = fail_everywhere(operation, [&] {
        Pairs shown;
        const Status status = scan(reverse, &shown);
        EXPECT_EQ(shown.size() == all.size(), status.is_ok());
        EXPECT_TRUE(shown.size() <= all.size() &&
                    std::equal(shown.begin(), shown.end(), all.begin()));
        return status;
      });
      EXPECT_GE(failed, 4u);
      expect_all();
    }
  }
}

TEST_F(ReadErrorsTest, ACursorFailsAtItsMoveAndGoesOnWhenItIsHealed) {
  for (const bool reverse : {false, true}) {
    const Pairs all = expected(reverse);
    fail_everywhere(Operation::kRead, [&] {
      const std::unique_ptr<DbCursor> cursor = std::move(*database_->cursor());
      Status status = reverse ? cursor->last() : cursor->first();
      size_t shown = 0;
      Status failed;
      while (shown < all.size()) {
        if (!status.is_ok()) {
          EXPECT_FALSE(cursor->valid());
          EXPECT_TRUE(failed.is_ok());  // once
          failed = std::move(status);
          status =
              reverse ? cursor->seek_for_prev(all[shown].first) : cursor->seek(all[shown].first);
          continue;
        }
        EXPECT_TRUE(cursor->valid());
        if (!cursor->valid()) break;
        EXPECT_EQ(cursor->key(), all[shown].first);
        EXPECT_EQ(cursor->value(), all[shown].second);
        ++shown;
        status = reverse ? cursor->prev() : cursor->next();
      }
      if (!status.is_ok()) failed = std::move(status);  // of the last move, to the end
      EXPECT_EQ(shown, all.size());
      return failed;
    });
  }
}

TEST_F(ReadErrorsTest, GetManyFailsAsAWhole) {
  std::vector<std::string> keys;
  for (int i = 1000; i < 2200; i += 13) keys.push_back("key" + std::to_string(i));
  for (const Operation operation : kOperations) {
    const uint64_t failed = fail_everywhere(operation, [&]() -> Status {
      const ReadPoint point = *database_->read_point();
      std::vector<WantedKey> wanted(keys.size());
      for (size_t i = 0; i < keys.size(); ++i) wanted[i].bytes = keys[i];
      SKIPLITH_RETURN_IF_ERROR(database_->get_many(point, wanted));
      for (const WantedKey& key : wanted) {
        const auto found = model_.find(std::string(key.bytes));
        EXPECT_EQ(key.found == Lookup::kFound, found != model_.end()) << key.bytes;
        if (key.found == Lookup::kFound) {
          EXPECT_EQ(key.value.bytes(), found->second);
        }
      }
      return Status::ok();
    });
    EXPECT_GE(failed, 4u);
  }
}

TEST_F(ReadErrorsTest, AGetFailsAndIsNeverAbsent) {
  for (const std::string& key : {std::string("key1003"), std::string("key1004"),
                                 std::string("key2199"), std::string("key20")}) {
    const auto found = model_.find(key);
    for (const Operation operation : kOperations) {
      fail_everywhere(operation, [&]() -> Status {
        Value value;
        SKIPLITH_RETURN_IF_ERROR(database_->get(key, &value));
        EXPECT_EQ(value.found(), found != model_.end());
        return Status::ok();
      });
    }
  }
}

TEST_F(ReadErrorsTest, AFailedCompactionIsToldAndMadeGoodWhenItIsHealed) {
  // On a copy each, since one that succeeds leaves nothing to compact.
  expect_ok(database_->close());
  const std::string whole = directory_ + "_whole";
  std::filesystem::rename(directory_, whole);
  for (const Operation operation : kOperations) {
    uint64_t failed = 0;
    for (bool struck = true; struck && !HasFailure();) {
      database_.reset();
      std::filesystem::remove_all(directory_);
      std::filesystem::copy(whole, directory_);
      open();
      const uint64_t before = faulty_.failures(operation);
      faulty_.fail_at({.operation = operation,
                       .path = "*.sst",
                       .nth = failed + 1,
                       .error_number = EIO,
                       .sticky = true});
      const Status status = database_->compact({}, {}, [] { return true; });
      struck = faulty_.failures(operation) != before;
      if (struck) {
        ++failed;
        EXPECT_EQ(status.code(), StatusCode::kStorage) << status.to_string();
        EXPECT_TRUE(status.path().ends_with(".sst")) << status.path();
        EXPECT_NE(database_->stats()->background_error, "");
        EXPECT_EQ(database_->stats()->compactions, 0u);
        faulty_.heal();
        expect_all();
        expect_ok(database_->compact({}, {}, [] { return true; }));
      } else {
        faulty_.heal();
        expect_ok(status);
      }
      EXPECT_EQ(database_->stats()->background_error, "");
      EXPECT_EQ(database_->stats()->levels[0].tables, 0u);
      EXPECT_EQ(database_->stats()->obsolete_entries, 0u);
      expect_all();
      expect_ok(database_->verify());
      expect_ok(database_->close());
    }
    EXPECT_GE(failed, 4u);
  }
  std::filesystem::remove_all(whole);
}

// Nobody asks for this one: it is tried again until it succeeds.
TEST_F(ReadErrorsTest, ACompactionThatIsDueIsTriedAgainUntilItSucceeds) {
  options_.compaction = CompactionStyle::kLeveled;
  faulty_.fail_at({.operation = Operation::kRead, .path = "*.sst", .nth = 3, .sticky = true});
  reopen();
  write(4, 9);  // the fourth table of level 0
  while (database_->stats()->background_error.empty()) std::this_thread::yield();
  EXPECT_EQ(database_->stats()->compactions, 0u);
  faulty_.heal();
  // Readers see its tables a moment before the failure is forgotten.
  while (!database_->stats()->background_error.empty()) std::this_thread::yield();
  EXPECT_EQ(database_->stats()->levels[0].tables, 0u);
  expect_all();
}

}  // namespace
}  // namespace skiplith::testing
