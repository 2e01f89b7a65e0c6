#include "base/sync_points.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <mutex>

namespace skiplith::sync_points {
namespace {

constexpr size_t kPoints = static_cast<size_t>(SyncPoint::kCount);

constexpr const char* kNames[] = {
#define SKIPLITH_NAME(name, meaning) #name,
    SKIPLITH_SYNC_POINTS(SKIPLITH_NAME)
#undef SKIPLITH_NAME
};

struct Point {
  std::atomic<uint64_t> hits{0};
  std::shared_ptr<const std::function<void()>> action;  // under Registry::mutex
};

struct Registry {
  std::mutex mutex;
  std::array<Point, kPoints> points;
  std::vector<Pause*> pauses;
};

Registry& registry() {
  static auto* instance = new Registry;  // leaked: engine threads may outlive static destructors
  return *instance;
}

Point& at(SyncPoint point) { return registry().points[static_cast<size_t>(point)]; }

}  // namespace

std::atomic<bool> armed{false};

void reached(SyncPoint point) {
  at(point).hits.fetch_add(1);
  std::shared_ptr<const std::function<void()>> action;
  {
    std::lock_guard lock(registry().mutex);
    action = at(point).action;
  }
  if (action) (*action)();
}

std::vector<std::string> names() { return {std::begin(kNames), std::end(kNames)}; }

bool find(const std::string& name, SyncPoint* point) {
  for (size_t i = 0; i < kPoints; ++i) {
    if (name == kNames[i]) {
      *point = static_cast<SyncPoint>(i);
      return true;
    }
  }
  return false;
}

void arm() {
  for (Point& point : registry().points) point.hits.store(0);
  armed.store(true);
}

void reset() {
  std::vector<Pause*> pauses;
  {
    std::lock_guard lock(registry().mutex);
    armed.store(false);
    for (Point& point : registry().points) point.action = nullptr;
    pauses = registry().pauses;
  }
  for (Pause* pause : pauses) pause->release();
}

uint64_t hits(SyncPoint point) { return at(point).hits.load(); }

void on(SyncPoint point, std::function<void()> action) {
  std::lock_guard lock(registry().mutex);
  at(point).action = std::make_shared<const std::function<void()>>(std::move(action));
  armed.store(true);
}

struct Pause::State {
  Mutex mutex;
  CondVar changed;
  uint32_t limit = 0;
  uint32_t reached = 0;
  bool released = false;
};

Pause::Pause(SyncPoint point, uint32_t limit) : state_(std::make_shared<State>()) {
  state_->limit = limit;
  on(point, [state = state_] {
    MutexLock lock(state->mutex);
    if (state->released || state->reached == state->limit) return;
    ++state->reached;
    state->changed.notify_all();
    state->changed.wait(lock, [&] { return state->released; });
  });
  std::lock_guard lock(registry().mutex);
  registry().pauses.push_back(this);
}

Pause::~Pause() {
  {
    std::lock_guard lock(registry().mutex);
    std::erase(registry().pauses, this);
  }
  release();
}

bool Pause::wait_reached(uint32_t count, uint64_t limit_ms) {
  MutexLock lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::milliseconds(limit_ms),
                                  [&] { return state_->reached >= count; });
}

uint32_t Pause::reached() {
  MutexLock lock(state_->mutex);
  return state_->reached;
}

void Pause::release() {
  MutexLock lock(state_->mutex);
  state_->released = true;
  state_->changed.notify_all();
}

void kill_at(SyncPoint point, uint64_t nth) {
  on(point, [left = std::make_shared<std::atomic<uint64_t>>(nth)] {
    if (left->fetch_sub(1) == 1) kill(getpid(), SIGKILL);
  });
}

}  // namespace skiplith::sync_points
