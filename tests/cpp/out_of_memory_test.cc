// A write whose index finds no memory: an exception for its caller, and nothing for anybody else.

#include "support/database_testing.h"

namespace skiplith::testing {
namespace {

class OutOfMemoryTest : public DatabaseTest {
 protected:
  // The radix tree takes none from the heap; a locked map's node does. Any place between the two
  // serves.
  void run_out_once() {
    sync_points::on(SyncPoint::art_place_found, [left = std::make_shared<std::atomic<int>>(1)] {
      if (left->fetch_sub(1) == 1) throw std::bad_alloc();
    });
  }
};

TEST_F(OutOfMemoryTest, APutThatGetsNoMemoryLeavesNoTraceInTheLog) {
  for (const SinkChoice sink : {SinkChoice::kMapped, SinkChoice::kWrite}) {
    options_.wal_sink = sink;
    open();
    put("a", "1");
    run_out_once();
    EXPECT_THROW(static_cast<void>(database_->put("b", std::string(500, 'x'), false)),
                 std::bad_alloc);
    put("c", "short");
    EXPECT_EQ(get("b"), "<absent>");
    reopen();
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(get("b"), "<absent>");
    EXPECT_EQ(get("c"), "short");
    expect_ok(database_->clear(false));
    expect_ok(database_->close());
  }
}

}  // namespace
}  // namespace skiplith::testing
