#include "db/lanes.h"

#include "base/threads.h"

namespace skiplith {

Lane* Lanes::try_acquire() {
  const uint32_t own = thread_index() % kLanes;
  for (uint32_t i = 0; i < kLanes; ++i) {
    Lane& lane = lanes_[(own + i) % kLanes];
    if (lane.lock.try_lock()) return &lane;
  }
  return nullptr;
}

Lane& Lanes::acquire() {
  if (Lane* lane = try_acquire()) return *lane;
  Lane& own = lanes_[thread_index() % kLanes];
  own.lock.lock();
  return own;
}

ExclusiveSection::ExclusiveSection(Lanes& lanes) : lanes_(lanes), mutex_(lanes.exclusive_mutex_) {
  for (Lane& lane : lanes_.lanes_) lane.lock.lock();
}

ExclusiveSection::~ExclusiveSection() {
  for (Lane& lane : lanes_.lanes_) lane.lock.unlock();
}

}  // namespace skiplith
