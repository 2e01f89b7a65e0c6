#include "table/verify.h"

#include <algorithm>

#include "table/data_block_cursor.h"
#include "table/searched_key.h"
#include "table/version_cursor.h"

namespace skiplith {
namespace {

constexpr uint64_t kWindowBytes = 512 * 1024;

class Verifier {
 public:
  explicit Verifier(const Frame& frame) : frame_(frame), read_ahead_(frame) {}

  Status run() {
    for (uint32_t block = 0; block < frame_.fences().blocks(); ++block) {
      SKIPLITH_RETURN_IF_ERROR(check_block(block));
    }
    found_.number = frame_.properties().number;
    found_.bytes = frame_.properties().bytes;
    found_.largest_key = last_key_;
    if (found_ == frame_.properties()) return Status::ok();
    return Status::corruption(frame_.reader().path(), found_.bytes,
                              "the table's properties are not those of its entries");
  }

 private:
  Status check_block(uint32_t block) {
    Result<BlockRef> read = read_ahead_.block(block, kWindowBytes);
    if (!read.is_ok()) return read.take_status();
    DataBlockCursor entries;
    entries.open((*read)->payload());
    entries.first();
    if (!fence_is_right(block, entries)) {
      return wrong(block, "the table's index does not fit its blocks");
    }
    for (; entries.valid(); entries.next()) {
      if (!is_in_order(entries)) return wrong(block, "the table's entries are out of order");
      if (!is_findable(entries, (*read)->payload())) {
        return wrong(block, "an entry of the table cannot be found");
      }
      count(entries);
    }
    return Status::ok();
  }

  Status wrong(uint32_t block, const char* message) const {
    return Status::corruption(frame_.reader().path(), frame_.fences().offset(block), message);
  }

  bool fence_is_right(uint32_t block, const DataBlockCursor& first) const {
    if (block == 0) return !first.is_older_version();
    const Bytes separator = frame_.fences().separator(block);
    if (first.is_older_version()) {
      return separator == first.key() &&
             frame_.fences().continued_sequence(block) == first.sequence() + 1;
    }
    return frame_.fences().continued_sequence(block) == 0 && last_key_ < separator &&
           separator <= first.key();
  }

  bool is_in_order(const DataBlockCursor& entries) const {
    if (found_.entries == 0) return true;
    const int order = entries.key().compare(last_key_);
    if (entries.is_older_version()) return order == 0 && entries.sequence() < last_sequence_;
    return order > 0;
  }

  // A lookup comes to it: through the filter, and through the heads of its block.
  bool is_findable(const DataBlockCursor& entries, Bytes payload) const {
    if (!frame_.filter().may_contain(filter_hash(entries.key()))) return false;
    Kind kind = Kind::kPut;
    Bytes value;
    const auto found = DataBlock(payload).find(entries.key(), entries.sequence(), &kind, &value);
    return found == DataBlock::Found::kEntry && kind == entries.kind() &&
           value.data() == entries.value().data() && value.size() == entries.value().size();
  }

  void count(const DataBlockCursor& entries) {
    if (found_.entries == 0) {
      found_.smallest_key = entries.key();
      found_.smallest_sequence = found_.largest_sequence = entries.sequence();
    }
    ++found_.entries;
    if (entries.kind() == Kind::kDelete) ++found_.tombstones;
    if (entries.is_older_version()) ++found_.old_versions;
    found_.raw_key_bytes += entries.key().size();
    found_.raw_value_bytes += entries.value().size();
    found_.smallest_sequence = std::min(found_.smallest_sequence, entries.sequence());
    found_.largest_sequence = std::max(found_.largest_sequence, entries.sequence());
    last_key_ = entries.key();
    last_sequence_ = entries.sequence();
  }

  const Frame& frame_;
  ReadAhead read_ahead_;
  TableProperties found_;
  std::string last_key_;
  Sequence last_sequence_ = 0;
};

}  // namespace

Status verify_table(const Frame& frame) { return Verifier(frame).run(); }

}  // namespace skiplith
