// What verify() finds that a checksum does not tell.
#include <functional>

#include "support/table_testing.h"

namespace skiplith::testing {
namespace {

// Payloads that say something wrong under a right checksum: only verify() looks at all of it.
class TableForgeryTest : public TableTest {
 protected:
  TableForgeryTest() {
    TableModel model;
    for (int i = 0; i < 100; ++i) model.put("key" + std::to_string(100 + i), 1 + i, "v");
    bytes_ = build(model, options()).bytes;
    contents_ = directory_.read(kName);
    auto frame = Frame::open(open_files_, path(), kIdentity, bytes_);
    EXPECT_GT((*frame)->fences().blocks(), 3u);
    block_bytes_ = (*frame)->fences().bytes(0);
    const Bytes footer_bytes = Bytes(contents_).substr(bytes_ - kTableFooterBytes);
    footer_ = *decode_table_footer(footer_bytes, kIdentity, bytes_ - kTableFooterBytes, path());
  }

  // What verify() says when the payload at [begin, end) has been edited and sealed again.
  std::string message_after(uint64_t begin, uint64_t end,
                            const std::function<void(char*, size_t)>& edit) {
    std::string forged = contents_;
    const size_t size = end - begin - kTrailerSize;
    edit(forged.data() + begin, size);
    EXPECT_NE(forged, contents_);
    const Bytes payload = Bytes(forged).substr(begin, size);
    const std::string trailer = encode_trailer(kIdentity, begin, Compression::kNone, payload, {});
    forged.replace(begin + size, kTrailerSize, trailer);
    BytesFiles files(forged);
    OpenFiles open_files(files);
    Table table(open_files, path(), kTableDatabase, kTableNumber, bytes_, cache_);
    const Status status = table.verify();
    EXPECT_EQ(status.code(), StatusCode::kCorruption);
    EXPECT_EQ(status.path(), path());
    return status.message();
  }
  // The same for the first data block, at its first or second entry.
  std::string message_after_byte(size_t at, char byte) {
    return message_after(0, block_bytes_, [&](char* payload, size_t) { payload[at] = byte; });
  }

  static constexpr TableIdentity kIdentity{.database = kTableDatabase, .number = kTableNumber};
  static constexpr const char* kOutOfOrder = "the table's entries are out of order";
  static constexpr const char* kNotFindable = "an entry of the table cannot be found";
  static constexpr const char* kWrongIndex = "the table's index does not fit its blocks";
  uint64_t bytes_ = 0;
  std::string contents_;
  uint64_t block_bytes_ = 0;
  TableFooter footer_;
};

TEST_F(TableForgeryTest, VerifyFindsKeysOutOfOrder) {
  // The third entry, key102: [shared 1][rest 1][value 2][word][2]; it becomes key100.
  const size_t third = contents_.find(std::string("\x01\x01\x02\x04", 4));
  ASSERT_LT(third, block_bytes_);
  ASSERT_EQ(contents_[third + 4], '2');
  EXPECT_EQ(message_after_byte(third + 4, '0'), kOutOfOrder);
}

TEST_F(TableForgeryTest, VerifyFindsAWrongVersionFlag) {
  const size_t third = contents_.find(std::string("\x01\x01\x02\x04", 4));
  EXPECT_EQ(message_after_byte(third + 3, '\x05'), kOutOfOrder);
}

TEST_F(TableForgeryTest, VerifyFindsAWrongHead) {
  const size_t second_head = kBlockHeadBytes + 8 + kHeadBytes;
  EXPECT_EQ(message_after_byte(second_head + 7, '\x00'), kNotFindable);
}

TEST_F(TableForgeryTest, VerifyFindsAFilterThatForgets) {
  const auto forget = [](char* payload, size_t size) {
    std::memset(payload + Filter::kHeadBytes, 0, size - Filter::kHeadBytes);
  };
  EXPECT_EQ(message_after(footer_.filter_offset, footer_.index_offset, forget), kNotFindable);
}

TEST_F(TableForgeryTest, VerifyFindsAWrongSeparator) {
  for (const char step : {'\x01', '\xff'}) {
    // The last byte of the payload is that of the last separator.
    const auto edit = [&](char* payload, size_t size) {
      payload[size - 1] = static_cast<char>(payload[size - 1] + step);
    };
    const std::string message =
        message_after(footer_.index_offset, footer_.properties_offset, edit);
    EXPECT_EQ(message, kWrongIndex);
  }
}

TEST_F(TableForgeryTest, VerifyFindsWrongProperties) {
  for (size_t at = 0; at < 56; at += 8) {
    const auto edit = [&](char* payload, size_t) { payload[at] ^= 1; };
    EXPECT_EQ(message_after(footer_.properties_offset, bytes_ - kTableFooterBytes, edit),
              "the table's properties are not those of its entries");
  }
}

}  // namespace
}  // namespace skiplith::testing
