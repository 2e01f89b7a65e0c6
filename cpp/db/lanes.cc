#include "db/lanes.h"

#include "base/threads.h"

namespace skiplith {

uint32_t Lanes::own() { return thread_index() % kLanes; }

Lane* Lanes::try_acquire_from(uint32_t first) {
  for (uint32_t i = 0; i < kLanes; ++i) {
    Lane& lane = lanes_[(first + i) % kLanes];
    if (lane.lock.try_lock()) return &lane;
  }
  return nullptr;
}

Lane& Lanes::acquire_from(uint32_t first) {
  if (Lane* lane = try_acquire_from(first)) return *lane;
  lanes_[first].lock.lock();
  return lanes_[first];
}

ExclusiveSection::ExclusiveSection(Lanes& lanes) : lanes_(lanes), mutex_(lanes.exclusive_mutex_) {
  for (Lane& lane : lanes_.lanes_) lane.lock.lock();
}

ExclusiveSection::~ExclusiveSection() {
  for (Lane& lane : lanes_.lanes_) lane.lock.unlock();
}

}  // namespace skiplith
