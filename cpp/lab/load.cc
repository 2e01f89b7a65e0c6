#include "lab/load.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

#include "base/clock.h"
#include "base/threads.h"

namespace skiplith::lab {
namespace {

constexpr size_t kTogether = 4;  // keys of an update, and of a read
constexpr uint64_t kMostThreads = 256;
constexpr double kMostReserved = 1 << 20;  // latencies; who measures longer measures a copy or two
constexpr uint64_t kBetweenQuestionsNs = 50'000'000;

Status check_load(const Load& load) {
  const auto wrong = [](const char* what) {
    return Status::error(StatusCode::kInvalidArgument, what);
  };
  if (load.keys == 0) return wrong("a load needs at least one key");
  if (load.threads == 0 || load.threads > kMostThreads) return wrong("from 1 to 256 threads");
  const auto is_weight = [](double weight) { return std::isfinite(weight) && weight >= 0; };
  if (!std::ranges::all_of(load.mix, is_weight)) return wrong("weights are numbers from 0 on");
  if (!(std::accumulate(load.mix.begin(), load.mix.end(), 0.0) > 0)) {
    return wrong("a mix needs a kind with a weight");
  }
  return check_value_size(load.value_bytes);
}

// The kinds' weights, added up: a random number below the last falls to the first above it.
using Thresholds = std::array<double, kOperationKinds>;

// What the threads share: the start, the end, and the first failure.
class Course {
 public:
  explicit Course(uint32_t runners) : waiting_for_(runners), running_(runners) {}

  // Waits for all others.
  void start() {
    MutexLock lock(mutex_);
    if (--waiting_for_ == 0) {
      begun_ns_ = monotonic_ns();
      changed_.notify_all();
    }
    changed_.wait(lock, [this] { return waiting_for_ == 0; });
  }
  bool stopped() const { return stopped_.load(); }
  void finish(Status status) {
    const MutexLock lock(mutex_);
    if (!status.is_ok()) fail_locked(std::move(status));
    ended_ns_ = monotonic_ns();
    --running_;
    changed_.notify_all();
  }
  // Returns when all have finished: the first failure, if any.
  Status watch(const std::function<bool()>& go_on) {
    MutexLock lock(mutex_);
    while (running_ != 0) {
      wait_for(changed_, lock, kBetweenQuestionsNs);
      if (running_ == 0 || stopped()) continue;
      lock.unlock();
      const bool goes_on = go_on();
      lock.lock();
      if (!goes_on) fail_locked(Status::closed());
    }
    return failure_;
  }
  double seconds() const { return static_cast<double>(ended_ns_ - begun_ns_) * 1e-9; }

 private:
  void fail_locked(Status status) {  // needs mutex_
    if (failure_.is_ok()) failure_ = std::move(status);
    stopped_.store(true);
  }

  Mutex mutex_;
  CondVar changed_;
  uint32_t waiting_for_, running_;
  uint64_t begun_ns_ = 0, ended_ns_ = 0;
  Status failure_;
  std::atomic<bool> stopped_{false};
};

class Runner {
 public:
  Runner(const Load& load, const KeyChoice& choice, const Thresholds& thresholds, uint32_t thread,
         RecordedDatabase& target)
      : choice_(choice),
        thresholds_(thresholds),
        thread_(thread),
        left_(load.operations / load.threads + (thread < load.operations % load.threads ? 1 : 0)),
        keys_(choice.state(load.seed, thread)),
        kinds_(mixed(load.seed + 1) + thread),
        last_kind_(std::ranges::lower_bound(thresholds, thresholds.back()) - thresholds.begin()),
        value_(load.value_bytes, 'v'),
        target_(target) {
    for (size_t i = 0; i < kOperationKinds; ++i) {
      const double expected = weight(i) / thresholds.back() * static_cast<double>(left_);
      latencies[i].reserve(static_cast<size_t>(std::min(expected * 1.1, kMostReserved)));
    }
  }

  Status run(const Course& course) {
    for (; left_ > 0 && !course.stopped(); --left_) {
      const OperationKind kind = next_kind();
      key_ = load_key(choice_.choose(keys_));
      make_value();
      prepare(kind);
      const uint64_t begin = monotonic_ns();
      Status status = call(kind);
      const uint64_t end = monotonic_ns();
      const bool refused =
          kind == OperationKind::kIncrement && status.code() == StatusCode::kInvalidArgument;
      if (!status.is_ok() && !refused) return status;
      latencies[static_cast<size_t>(kind)].push_back(end - begin);
    }
    return Status::ok();
  }

  std::array<std::vector<uint64_t>, kOperationKinds> latencies;

 private:
  double weight(size_t kind) const {
    return thresholds_[kind] - (kind == 0 ? 0 : thresholds_[kind - 1]);
  }
  OperationKind next_kind() {
    const double drawn = kinds_.fraction() * thresholds_.back();
    // Not found only where the product was rounded up to the last.
    const auto found = std::ranges::upper_bound(thresholds_, drawn);
    const bool is_last = found == thresholds_.end();
    return static_cast<OperationKind>(is_last ? last_kind_ : found - thresholds_.begin());
  }
  void make_value() {
    const uint64_t words[] = {++written_, uint64_t{thread_}};
    std::memcpy(value_.data(), words, std::min(value_.size(), sizeof words));
  }
  // What of an operation is not the database's work.
  void prepare(OperationKind kind) {
    if (kind != OperationKind::kUpdate && kind != OperationKind::kRead) return;
    more_keys_ = {key_};
    while (more_keys_.size() < kTogether) more_keys_.push_back(load_key(choice_.choose(keys_)));
    several_.assign(more_keys_.begin(), more_keys_.end());
    batch_.reset();
    if (kind == OperationKind::kRead) return;
    for (const Bytes key : several_) static_cast<void>(batch_.put(key, value_));
  }
  Status call(OperationKind kind) {
    constexpr CallForm kForm;
    bool done;
    int64_t sum;
    switch (kind) {
      case OperationKind::kGet: return target_.get(kForm, key_, &answers_[0]);
      case OperationKind::kPut: return target_.put(kForm, key_, value_);
      case OperationKind::kDelete: return target_.erase(kForm, key_);
      case OperationKind::kErase: return target_.erase_existing(kForm, key_, &done);
      case OperationKind::kCompareAndSet:
        return target_.compare_and_set(kForm, key_, std::nullopt, value_, &done);
      case OperationKind::kIncrement: return target_.increment(kForm, key_, 1, &sum);
      case OperationKind::kSetDefault: return target_.setdefault(kForm, key_, value_, &answers_[0]);
      case OperationKind::kPop: return target_.pop(kForm, key_, &answers_[0]);
      case OperationKind::kPopItem:
        return target_.pop_edge(written_ % 2 == 0, &answers_[0], &answers_[1], false);
      case OperationKind::kUpdate: return target_.write(batch_, false);
      case OperationKind::kRead: return target_.read(kForm, several_, answers_);
      case OperationKind::kClear: return target_.clear(false);
    }
    return Status::ok();
  }

  const KeyChoice& choice_;
  const Thresholds& thresholds_;
  const uint32_t thread_;
  uint64_t left_;
  KeyChoice::State keys_;
  Random kinds_;
  const std::ptrdiff_t last_kind_;  // that has a weight
  uint64_t written_ = 0;
  std::string key_, value_;
  std::vector<std::string> more_keys_;
  std::vector<Bytes> several_;
  Batch batch_;
  Value answers_[kTogether];
  RecordedDatabase& target_;
};

}  // namespace

std::string load_key(uint64_t number) {
  std::string key = "key000000000000";
  for (size_t i = key.size(); number > 0 && i > 3; number /= 10) {
    key[--i] = static_cast<char>('0' + number % 10);
  }
  return key;
}

Result<LoadResult> run_load(const Load& load, RecordedDatabase& target,
                            const std::function<bool()>& go_on) {
  SKIPLITH_RETURN_IF_ERROR(check_load(load));
  const KeyChoice choice(load.distribution, load.keys, load.threads);
  Thresholds thresholds;
  std::partial_sum(load.mix.begin(), load.mix.end(), thresholds.begin());
  std::vector<std::unique_ptr<Runner>> runners;
  for (uint32_t thread = 0; thread < load.threads; ++thread) {
    runners.push_back(std::make_unique<Runner>(load, choice, thresholds, thread, target));
  }
  Course course(load.threads);
  std::vector<std::thread> threads;
  for (const auto& runner : runners) {
    threads.emplace_back([&course, &runner = *runner] {
      course.start();
      course.finish(runner.run(course));
    });
  }
  Status failure = course.watch(go_on);
  for (std::thread& thread : threads) thread.join();
  SKIPLITH_RETURN_IF_ERROR(std::move(failure));
  LoadResult result;
  result.seconds = course.seconds();
  for (const auto& runner : runners) {
    for (size_t kind = 0; kind < kOperationKinds; ++kind) {
      const std::vector<uint64_t>& own = runner->latencies[kind];
      result.latencies[kind].insert(result.latencies[kind].end(), own.begin(), own.end());
    }
  }
  return result;
}

}  // namespace skiplith::lab
