#include "db/view.h"

namespace skiplith {

Lookup View::get_frozen(Bytes key, Sequence at, Bytes* value) const {
  for (const auto& memtable : frozen()) {
    const Lookup found = memtable->table.get(key, at, value);
    if (found != Lookup::kAbsent) return found;
  }
  return Lookup::kAbsent;
}

std::shared_ptr<const View> Graveyard::keep(const std::shared_ptr<Graveyard>& graveyard,
                                            std::unique_ptr<View> view) {
  return std::shared_ptr<View>(view.release(), [graveyard](View* dead) { graveyard->bury(dead); });
}

void Graveyard::bury(View* view) {
  // In the child of a fork: the files are the parent's, and another thread may have held the mutex.
  if (born_ != fork_generation()) return;
  MutexLock lock(mutex_);
  if (!open_) {
    lock.unlock();
    delete view;
    return;
  }
  view->next_buried_ = buried_;
  buried_ = view;
  wake_();
}

void Graveyard::destroy_buried() {
  MutexLock lock(mutex_);
  View* next = std::exchange(buried_, nullptr);
  lock.unlock();
  while (next != nullptr) delete std::exchange(next, next->next_buried_);
}

void Graveyard::close() {
  MutexLock lock(mutex_);
  open_ = false;
  lock.unlock();
  destroy_buried();
}

std::shared_ptr<const View> CurrentView::make(ViewParts parts) const {
  return Graveyard::keep(graveyard_, std::make_unique<View>(std::move(parts)));
}

void CurrentView::install(std::shared_ptr<const View> view) {
  MutexLock lock(mutex_);
  retired_.reserve(retired_.size() + 1);
  replace_locked(std::move(view));
}

bool CurrentView::install_if(const std::shared_ptr<const View>& expected,
                             std::shared_ptr<const View> next) {
  MutexLock lock(mutex_);
  if (owner_ != expected) return false;
  retired_.reserve(retired_.size() + 1);
  replace_locked(std::move(next));
  return true;
}

void CurrentView::replace_locked(std::shared_ptr<const View> view) {
  current_.store(view.get());
  std::swap(owner_, view);
  if (view != nullptr) retired_.push_back({epoch_advance(), std::move(view)});
}

bool CurrentView::reclaim() {
  std::vector<Retired> passed;  // let go after the mutex
  MutexLock lock(mutex_);
  std::erase_if(retired_, [&](Retired& retired) {
    if (!epoch_passed(retired.epoch_tag)) return false;
    passed.push_back(std::move(retired));
    return true;
  });
  const bool some_left = !retired_.empty();
  lock.unlock();
  passed.clear();
  graveyard_->destroy_buried();
  return some_left;
}

void CurrentView::close() {
  install(nullptr);
  reclaim();
  graveyard_->close();
}

}  // namespace skiplith
