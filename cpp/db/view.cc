#include "db/view.h"

namespace skiplith {

Lookup View::get_frozen(Bytes key, Sequence at, Bytes* value) const {
  for (const auto& memtable : frozen_) {
    const Lookup found = memtable->table.get(key, at, value);
    if (found != Lookup::kAbsent) return found;
  }
  return Lookup::kAbsent;
}

void CurrentView::install(std::shared_ptr<const View> view) {
  MutexLock lock(mutex_);
  retired_.reserve(retired_.size() + 1);
  current_.store(view.get());
  std::swap(owner_, view);
  if (view != nullptr) retired_.push_back({epoch_advance(), std::move(view)});
}

bool CurrentView::reclaim() {
  std::vector<Retired> passed;  // destroyed after the mutex is let go
  MutexLock lock(mutex_);
  std::erase_if(retired_, [&](Retired& retired) {
    if (!epoch_passed(retired.epoch_tag)) return false;
    passed.push_back(std::move(retired));
    return true;
  });
  const bool some_left = !retired_.empty();
  lock.unlock();
  return some_left;
}

}  // namespace skiplith
