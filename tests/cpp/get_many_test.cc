// Many keys looked up at one point in time.

#include "db/get_many.h"

#include <atomic>
#include <numeric>
#include <thread>

#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

class GetManyTest : public DatabaseTest {
 protected:
  static std::vector<Bytes> views_of(const std::vector<std::string>& keys) {
    return {keys.begin(), keys.end()};
  }
  // In the order of the keys; "<absent>" where there is none.
  std::vector<std::string> get_many(const ReadPoint& point, const std::vector<std::string>& keys) {
    std::vector<WantedKey> wanted(keys.size());
    const std::vector<Bytes> views = views_of(keys);
    const std::vector<uint32_t> order = in_key_order(views);
    for (size_t i = 0; i < keys.size(); ++i) wanted[i].bytes = views[order[i]];
    expect_ok(database_->get_many(point, wanted));
    std::vector<std::string> values(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      const WantedKey& key = wanted[i];
      values[order[i]] = key.found == Lookup::kFound ? std::string(key.value.bytes()) : "<absent>";
    }
    return values;
  }
};

TEST_F(GetManyTest, OrderIsThatOfTheKeysByTheirFirstDifferentBytes) {
  const std::vector<std::string> keys{"same:b", "same:", "same:abc", "same:a", "same:c"};
  EXPECT_EQ(in_key_order(views_of(keys)), (std::vector<uint32_t>{1, 3, 2, 0, 4}));
  const std::vector<std::string> equal(40, "k");
  std::vector<uint32_t> as_they_come(40);
  std::iota(as_they_come.begin(), as_they_come.end(), 0);
  EXPECT_EQ(in_key_order(views_of(equal)), as_they_come);
  EXPECT_TRUE(in_key_order({}).empty());
}

TEST_F(GetManyTest, FindsWhatGetsFindInEverySource) {
  open();
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) keys.push_back("key" + std::to_string(i * 7919 % 1000));
  for (int round = 0; round < 6; ++round) {
    for (int i = round; i < 500; i += round + 2) {
      if (i % 5 == round) {
        expect_ok(database_->erase(keys[i], false));
      } else {
        put(keys[i], std::string(i, 'v') + std::to_string(round));
      }
    }
    if (round < 5) expect_ok(database_->flush(true));
    if (round == 2) expect_ok(database_->compact({}, {}, [] { return true; }));
    const std::vector<std::string> values = get_many(*database_->read_point(), keys);
    for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(values[i], get(keys[i])) << keys[i];
  }
}

TEST_F(GetManyTest, ValuesOutliveTheirTablesAndTheDatabase) {
  open();
  for (int i = 0; i < 100; ++i) put("key" + std::to_string(i), std::string(1000, 'v'));
  expect_ok(database_->flush(true));
  put("key5", "in the memtable");
  std::vector<WantedKey> wanted(2);
  wanted[0].bytes = "key1";
  wanted[1].bytes = "key5";
  const ReadPoint point = *database_->read_point();
  expect_ok(database_->get_many(point, wanted));
  expect_ok(database_->clear(false));
  expect_ok(database_->flush(true));
  expect_ok(database_->close());
  EXPECT_EQ(wanted[0].value.bytes(), std::string(1000, 'v'));
  EXPECT_EQ(wanted[1].value.bytes(), "in the memtable");
}

TEST_F(GetManyTest, TheFormThatNeverWaitsFindsTheRestOnceItMayWait) {
  open();
  put("in a table", "1");
  expect_ok(database_->flush(true));
  reopen();  // nothing is resident
  put("in memory", "2");
  std::vector<WantedKey> wanted(3);
  wanted[0].bytes = "in a table";
  wanted[1].bytes = "in memory";
  wanted[2].bytes = "nowhere";
  const ReadPoint point = *database_->read_point();
  ASSERT_TRUE(database_->try_get_many(point, wanted).is_would_block());
  expect_ok(database_->get_many(point, wanted));
  EXPECT_EQ(wanted[0].value.bytes(), "1");
  EXPECT_EQ(wanted[1].value.bytes(), "2");
  EXPECT_EQ(wanted[2].found, Lookup::kAbsent);
}

TEST_F(GetManyTest, SeesBatchesWholeWhileTablesAndBlocksComeAndGo) {
  options_.cache_bytes = 64 << 10;
  open();
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back("key" + std::to_string(i));
  std::atomic<bool> stop{false};
  const auto write = [&] {
    for (int n = 0; n < 120; ++n) {
      Batch batch;
      for (const std::string& key : keys) {
        expect_ok(batch.put(key, std::string(900, 'v') + std::to_string(n)));
      }
      expect_ok(database_->write(batch, false));
      if (n % 30 == 29) expect_ok(database_->clear(false));
    }
    stop.store(true);
  };
  const auto read = [&] {
    while (!stop.load()) {
      const std::vector<std::string> values = get_many(*database_->read_point(), keys);
      for (const std::string& value : values) ASSERT_EQ(value, values.front());
    }
  };
  std::thread writer(write), first(read), second(read);
  writer.join();
  first.join();
  second.join();
}

}  // namespace
}  // namespace skiplith::testing
