#include "lab/model.h"

#include <algorithm>

#include "base/coding.h"
#include "lab/random.h"

namespace skiplith::lab {

ValueId Values::id_of(Bytes value) {
  if (const auto found = ids_.find(value); found != ids_.end()) return found->second;
  values_.emplace_back(value);
  const auto id = static_cast<ValueId>(values_.size());
  ids_.emplace(values_.back(), id);
  return id;
}

ValueId Values::id_of_number(int64_t number) {
  char encoded[sizeof number];
  store_u64(encoded, static_cast<uint64_t>(number));
  return id_of(Bytes(encoded, sizeof encoded));
}

MaybeValue Values::value(ValueId id) const {
  if (id == kAbsent) return std::nullopt;
  return values_[id - 1];
}

std::optional<int64_t> Values::number(ValueId id) const {
  if (id == kAbsent) return 0;
  const std::string& value = values_[id - 1];
  if (value.size() != sizeof(int64_t)) return std::nullopt;
  return static_cast<int64_t>(load_u64(value.data()));
}

void Digest::toggle(uint64_t what, uint64_t with) {
  constexpr uint64_t kHighSeed = 0x243f6a8885a308d3, kLowSeed = 0x13198a2e03707344;
  high ^= mixed(mixed(what ^ kHighSeed) + with);
  low ^= mixed(mixed(what ^ kLowSeed) + with);
}

void Model::replace(uint32_t key, ValueId value) {
  digest_.toggle(key, state_[key]);
  state_[key] = value;
  digest_.toggle(key, value);
}

void Model::set(uint32_t key, ValueId value) {
  if (state_[key] == value) return;
  changes_.push_back({key, state_[key]});
  replace(key, value);
}

void Model::undo_to(size_t mark) {
  for (; changes_.size() > mark; changes_.pop_back()) {
    replace(changes_.back().key, changes_.back().before);
  }
}

bool Model::step(const Step& step) {
  const Operation& operation = *step.operation;
  const bool answered = !operation.pending;
  switch (operation.kind) {
    case OperationKind::kGet:
    case OperationKind::kRead:
      return std::ranges::all_of(step.places,
                                 [&](const auto& place) { return at(place.key) == place.value; });
    case OperationKind::kPut:
    case OperationKind::kDelete:
    case OperationKind::kUpdate:
      for (const auto& [key, value] : step.places) set(key, value);
      return true;
    case OperationKind::kErase: {
      const uint32_t key = step.places[0].key;
      if (answered && (at(key) != kAbsent) != operation.succeeded) return false;
      set(key, kAbsent);
      return true;
    }
    case OperationKind::kCompareAndSet: {
      const auto [key, desired] = step.places[0];
      const bool matches = at(key) == step.expected;
      if (answered && matches != operation.succeeded) return false;
      if (matches) set(key, desired);
      return true;
    }
    case OperationKind::kIncrement: return increment(step);
    case OperationKind::kSetDefault: {
      const auto [key, otherwise] = step.places[0];
      const ValueId after = at(key) == kAbsent ? otherwise : at(key);
      if (answered && after != step.answer) return false;
      set(key, after);
      return true;
    }
    case OperationKind::kPop: {
      const auto [key, popped] = step.places[0];
      if (answered && at(key) != popped) return false;
      set(key, kAbsent);
      return true;
    }
    case OperationKind::kPopItem: return pop_item(step);
    case OperationKind::kClear:
      for (uint32_t key = 0; key < keys(); ++key) set(key, kAbsent);
      return true;
  }
  return false;
}

bool Model::increment(const Step& step) {
  const Operation& operation = *step.operation;
  const uint32_t key = step.places[0].key;
  const std::optional<int64_t> before = values_.number(at(key));
  int64_t sum = 0;
  const bool succeeds = before && !__builtin_add_overflow(*before, operation.amount, &sum);
  if (!operation.pending) {
    if (succeeds != operation.succeeded) return false;
    if (succeeds && sum != operation.sum) return false;
  }
  if (succeeds) set(key, values_.id_of_number(sum));
  return true;
}

bool Model::pop_item(const Step& step) {
  const auto is_present = [](ValueId value) { return value != kAbsent; };
  std::optional<uint32_t> edge;
  if (step.operation->last) {
    const auto found = std::find_if(state_.rbegin(), state_.rend(), is_present);
    if (found != state_.rend()) edge = static_cast<uint32_t>(state_.rend() - found - 1);
  } else {
    const auto found = std::find_if(state_.begin(), state_.end(), is_present);
    if (found != state_.end()) edge = static_cast<uint32_t>(found - state_.begin());
  }
  if (!step.operation->pending) {
    if (edge.has_value() == step.places.empty()) return false;
    if (edge && (*edge != step.places[0].key || at(*edge) != step.places[0].value)) return false;
  }
  if (edge) set(*edge, kAbsent);
  return true;
}

}  // namespace skiplith::lab
