// Transactions and what they read, for tests.
#pragma once

#include <memory>
#include <string>

#include "db/scan.h"
#include "db/transaction.h"
#include "support/database_testing.h"

namespace skiplith::testing {

class TransactionTest : public DatabaseTest {
 protected:
  static std::string read(Transaction& transaction, Bytes key) {
    Value value;
    expect_ok(transaction.get(key, &value));
    return value.found() ? std::string(value.bytes()) : "<absent>";
  }
  static std::string scanned(Transaction& transaction, Range range = {}, bool reverse = false) {
    const auto scan = scan_of(transaction, std::move(range), reverse);
    ScanChunk chunk;
    std::string all;
    do {
      expect_ok(scan->next_chunk(&chunk, ScanParts::kBoth, 100, 1 << 20));
      for (size_t i = 0; i < chunk.size(); ++i) {
        scan->record()->handed_out(chunk.key(i));
        all += std::string(chunk.key(i)) + "=" + std::string(chunk.value(i)) + " ";
      }
    } while (chunk.size() > 0);
    scan->record()->ended();
    return all;
  }
  static void expect_conflict(const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kConflict) << status.to_string();
  }
  // A transaction that has read "k", and then writes "other".
  std::unique_ptr<Transaction> reader_of_k() {
    auto transaction = std::make_unique<Transaction>(database_);
    read(*transaction, "k");
    expect_ok(transaction->put("other", "1"));
    return transaction;
  }
  static std::unique_ptr<DbCursor> cursor_of(Transaction& transaction) {
    auto cursor = transaction.cursor();
    expect_ok(cursor.status());
    return std::move(*cursor);
  }
  static std::unique_ptr<Scan> scan_of(Transaction& transaction, Range range, bool reverse) {
    auto scan = transaction.scan(std::move(range), reverse);
    expect_ok(scan.status());
    return std::move(*scan);
  }
  static Range range(const char* start, const char* stop) { return {.start = start, .stop = stop}; }
};

}  // namespace skiplith::testing
