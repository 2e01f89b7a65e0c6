// One ordered cursor over several sources, newest first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record/cursor.h"

namespace skiplith {

// Where sources hold the same key the newest one counts (the first given): all its versions are
// newer than those of the others. Tombstones are passed on. An error of any source ends the
// iteration and stays in status(): it is never an end of data.
//
// Few sources are usual (memtables, level 0, one per deeper level), so the next one is found by
// looking at all of them: cached prefixes decide almost always.
class MergingCursor final : public Cursor {
 public:
  explicit MergingCursor(std::vector<std::unique_ptr<Cursor>> newest_first);

  void seek(Bytes key) override;
  void seek_for_prev(Bytes key) override;
  void first() override;
  void last() override;
  void next() override;
  void prev() override;

  bool valid() const override { return current_ != nullptr; }
  Bytes key() const override { return current_->key(); }
  Bytes value() const override { return current_->value(); }
  Kind kind() const override { return current_->kind(); }
  uint64_t prefix() const override { return current_->prefix(); }
  const Status& status() const override { return status_; }

 private:
  // kForward: every source stands at or after the current key; kBackward: at or before it.
  enum class Direction : uint8_t { kForward, kBackward };
  // Steps every source off the current key, in the present direction.
  void leave_current_key();
  // Makes the sources stand as the direction demands, around the current key.
  void turn(Direction direction);
  void choose(Direction direction);

  std::vector<std::unique_ptr<Cursor>> sources_;
  Cursor* current_ = nullptr;
  Direction direction_ = Direction::kForward;
  Status status_;
  std::string key_;  // the current key, while sources move
};

}  // namespace skiplith
