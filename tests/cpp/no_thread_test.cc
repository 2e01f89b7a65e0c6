// An opening for which the system has no threads: an error, and nothing left running.

#include <system_error>

#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

class NoThreadTest : public DatabaseTest {
 protected:
  static void fail_at(int nth) {
    sync_points::on(SyncPoint::thread_start, [left = std::make_shared<std::atomic<int>>(nth)] {
      if (left->fetch_sub(1) == 1) {
        throw std::system_error(EAGAIN, std::generic_category());
      }
    });
  }
};

TEST_F(NoThreadTest, AnOpeningThatGetsTooFewThreadsFailsAndTheNextOneFindsEverything) {
  open();
  put("a", "1");
  expect_ok(database_->close());
  for (int round = 0; round < 20; ++round) {
    for (const int nth : {1, 2}) {
      fail_at(nth);
      EXPECT_EQ(try_open().code(), StatusCode::kStorage);
      open();
      EXPECT_EQ(get("a"), "1");
      expect_ok(database_->close());
    }
  }
}

}  // namespace
}  // namespace skiplith::testing
