#include "lsm/merging_cursor.h"

namespace skiplith {
namespace {

int compare(const Cursor& a, const Cursor& b) {
  if (a.prefix() != b.prefix()) return a.prefix() < b.prefix() ? -1 : 1;
  return a.key().compare(b.key());
}

}  // namespace

MergingCursor::MergingCursor(std::vector<std::unique_ptr<Cursor>> newest_first)
    : sources_(std::move(newest_first)) {}

void MergingCursor::seek(Bytes key) {
  for (auto& source : sources_) source->seek(key);
  choose(Direction::kForward);
}

void MergingCursor::seek_for_prev(Bytes key) {
  for (auto& source : sources_) source->seek_for_prev(key);
  choose(Direction::kBackward);
}

void MergingCursor::first() {
  for (auto& source : sources_) source->first();
  choose(Direction::kForward);
}

void MergingCursor::last() {
  for (auto& source : sources_) source->last();
  choose(Direction::kBackward);
}

void MergingCursor::next() {
  if (direction_ != Direction::kForward) turn(Direction::kForward);
  leave_current_key();
  choose(Direction::kForward);
}

void MergingCursor::prev() {
  if (direction_ != Direction::kBackward) turn(Direction::kBackward);
  leave_current_key();
  choose(Direction::kBackward);
}

void MergingCursor::leave_current_key() {
  const bool forward = direction_ == Direction::kForward;
  for (auto& source : sources_) {
    if (source.get() == current_ || !source->valid() || compare(*source, *current_) != 0) continue;
    forward ? source->next() : source->prev();
  }
  forward ? current_->next() : current_->prev();
}

void MergingCursor::turn(Direction direction) {
  key_.assign(current_->key());
  for (auto& source : sources_) {
    if (source.get() == current_) continue;
    direction == Direction::kForward ? source->seek(key_) : source->seek_for_prev(key_);
  }
  direction_ = direction;
}

void MergingCursor::choose(Direction direction) {
  direction_ = direction;
  current_ = nullptr;
  status_ = Status::ok();
  for (auto& source : sources_) {
    if (!source->status().is_ok()) {
      status_ = source->status();
      current_ = nullptr;
      return;
    }
    if (!source->valid()) continue;
    if (current_ == nullptr) {
      current_ = source.get();
      continue;
    }
    // On a tie the earlier, newer source stays.
    const int order = compare(*source, *current_);
    if (direction == Direction::kForward ? order < 0 : order > 0) current_ = source.get();
  }
}

}  // namespace skiplith
