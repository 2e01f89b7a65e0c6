#include "lab/search.h"

#include <algorithm>
#include <set>

#include "base/clock.h"

namespace skiplith::lab {
namespace {

constexpr size_t kShownBefore = 12;  // operations of the order that came furthest
constexpr size_t kShownKeys = 16;

// Calls are told from keys in digests.
constexpr uint64_t kNoKey = uint64_t{1} << 32;

}  // namespace

Allowance::Allowance(const Budget& budget)
    : steps_(budget.steps),
      until_ns_(budget.milliseconds == 0 ? UINT64_MAX
                                         : monotonic_ns() + budget.milliseconds * 1'000'000) {}

bool Allowance::take() {
  constexpr uint64_t kBetweenLooks = 256;
  if (until_ns_ != UINT64_MAX && taken_ % kBetweenLooks == 0) late_ |= monotonic_ns() > until_ns_;
  if (late_ || taken_ == steps_) return false;
  ++taken_;
  return true;
}

Search::Search(const Part& part, Values& values, Allowance& allowance)
    : part_(part), values_(values), allowance_(allowance), model_(values, part.initial) {
  make_events();
}

void Search::make_events() {
  struct Moment {
    uint64_t ns;
    bool is_return;  // at equal moments calls come first: those operations are concurrent
    uint32_t step;
  };
  std::vector<Moment> moments;
  for (uint32_t i = 0; i < part_.steps.size(); ++i) {
    const Operation& operation = *part_.steps[i].operation;
    moments.push_back({operation.begin_ns, false, i});
    if (operation.pending) continue;
    moments.push_back({std::max(operation.begin_ns, operation.end_ns), true, i});
    ++returns_left_;
  }
  std::ranges::stable_sort(
      moments, {}, [](const Moment& moment) { return std::pair(moment.ns, moment.is_return); });
  const auto count = static_cast<Index>(moments.size());
  events_.push_back({.next = count == 0 ? 0 : 1u, .previous = count, .step = 0, .is_call = false});
  std::vector<Index> calls(part_.steps.size());
  for (Index i = 1; i <= count; ++i) {
    const Moment& moment = moments[i - 1];
    events_.push_back({.next = i == count ? 0 : i + 1,
                       .previous = i - 1,
                       .step = moment.step,
                       .is_call = !moment.is_return});
    if (moment.is_return) {
      events_[i].other = calls[moment.step];
      events_[calls[moment.step]].other = i;
    } else {
      calls[moment.step] = i;
    }
  }
}

void Search::unlink(Index event) {
  events_[events_[event].previous].next = events_[event].next;
  events_[events_[event].next].previous = events_[event].previous;
}

void Search::relink(Index event) {
  events_[events_[event].previous].next = event;
  events_[events_[event].next].previous = event;
}

bool Search::take(Index call) {
  const Step& step = part_.steps[events_[call].step];
  const size_t mark = model_.mark();
  if (!model_.step(step)) return false;
  if (step.operation->pending && model_.mark() == mark) return false;
  taken_.push_back({.call = call, .mark = mark, .alone = step.operation->left_all_as_it_was()});
  taken_digest_.toggle(kNoKey + call, 0);
  unlink(call);
  if (events_[call].other != 0) {
    unlink(events_[call].other);
    --returns_left_;
  }
  return true;
}

void Search::put_back() {
  const Taken last = taken_.back();
  taken_.pop_back();
  if (events_[last.call].other != 0) {
    relink(events_[last.call].other);
    ++returns_left_;
  }
  relink(last.call);
  taken_digest_.toggle(kNoKey + last.call, 0);
  model_.undo_to(last.mark);
}

bool Search::is_new() {
  const Digest& state = model_.digest();
  return seen_.insert({state.high ^ taken_digest_.high, state.low ^ taken_digest_.low}).second;
}

bool Search::take_reader() {
  for (Index event = events_[0].next; events_[event].is_call; event = events_[event].next) {
    const Operation& operation = *part_.steps[events_[event].step].operation;
    if (operation.left_all_as_it_was() && take(event)) return true;
  }
  return false;
}

Search::Index Search::go_back() {
  while (!taken_.empty()) {
    const Taken last = taken_.back();
    put_back();
    if (!last.alone) return events_[last.call].next;
  }
  return 0;
}

Verdict Search::run() {
  bool has_moved = true;
  Index event = events_[0].next;
  while (returns_left_ != 0) {
    if (has_moved) {
      if (!allowance_.take()) return Verdict::kUnknown;
      has_moved = take_reader();
      if (!has_moved) {
        event = events_[0].next;
      } else if (!is_new()) {
        has_moved = false;
        event = go_back();
        if (event == 0) return Verdict::kViolation;
      }
    } else if (!events_[event].is_call) {
      note_stuck(event);
      event = go_back();
      if (event == 0) return Verdict::kViolation;
    } else if (!take(event)) {
      event = events_[event].next;
    } else if (is_new()) {
      has_moved = true;
    } else {
      put_back();
      event = events_[event].next;
    }
  }
  return Verdict::kHolds;
}

void Search::note_stuck(Index at) {
  if (at <= stuck_.at) return;
  stuck_ = {.at = at, .taken = taken_.size()};
  for (size_t i = taken_.size() - std::min(taken_.size(), kShownBefore); i < taken_.size(); ++i) {
    stuck_.last_taken.push_back(events_[taken_[i].call].step);
  }
  for (Index event = events_[0].next; event != at; event = events_[event].next) {
    stuck_.could_be_next.push_back(events_[event].step);
  }
  stuck_.state = state_seen_by(stuck_.could_be_next);
}

std::vector<Step::Place> Search::state_seen_by(const std::vector<uint32_t>& steps) const {
  std::set<uint32_t> keys;
  for (const uint32_t step : steps) {
    for (const Step::Place& place : part_.steps[step].places) keys.insert(place.key);
  }
  // What popitem has to do with goes by all of them.
  for (uint32_t key = 0; key < model_.keys() && keys.size() < kShownKeys; ++key) keys.insert(key);
  std::vector<Step::Place> state;
  for (const uint32_t key : keys) state.push_back({key, model_.at(key)});
  return state;
}

std::string Search::explanation() const {
  const uint64_t origin = part_.steps[0].operation->begin_ns;
  const auto listed = [&](const std::vector<uint32_t>& steps) {
    std::string text;
    for (const uint32_t step : steps) {
      text += "\n  " + described(*part_.steps[step].operation, origin);
    }
    return text;
  };
  std::string text =
      "No order of these operations gives the answers that were given by the time of";
  text += listed({events_[stuck_.at].step});
  text += "\nOf " + std::to_string(part_.steps.size()) + " operations on " +
          std::to_string(part_.keys.size()) + " keys the order that came furthest has " +
          std::to_string(stuck_.taken) + ", the last of them";
  text += stuck_.last_taken.empty() ? " none" : listed(stuck_.last_taken);
  text += "\nThen the keys are";
  for (const auto& [key, value] : stuck_.state) {
    text += "\n  " + shown(part_.keys[key]) + ": " + shown_or_absent(values_.value(value));
  }
  text += "\nand what would have to come next does not fit, or leads nowhere:";
  text += listed(stuck_.could_be_next);
  return text;
}

}  // namespace skiplith::lab
