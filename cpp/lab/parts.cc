#include "lab/parts.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace skiplith::lab {
namespace {

// Which keys belong together: union-find.
class Groups {
 public:
  explicit Groups(size_t keys) : parents_(keys) { std::iota(parents_.begin(), parents_.end(), 0); }
  void join(uint32_t a, uint32_t b) { parents_[of(a)] = of(b); }
  uint32_t of(uint32_t key) {
    while (parents_[key] != key) key = parents_[key] = parents_[parents_[key]];
    return key;
  }

 private:
  std::vector<uint32_t> parents_;
};

bool names_all_keys(const Operation& operation) {
  return operation.kind == OperationKind::kPopItem || operation.kind == OperationKind::kClear;
}

// All keys that matter, each with its number in their order.
std::map<Bytes, uint32_t> number_keys(const std::vector<Operation>& operations,
                                      const Contents& initial) {
  std::map<Bytes, uint32_t> keys;
  for (const Operation& operation : operations) {
    for (const Pair& pair : operation.pairs) keys.emplace(pair.key, 0);
  }
  if (std::ranges::any_of(operations, names_all_keys)) {
    for (const auto& [key, value] : initial) keys.emplace(key, 0);
  }
  uint32_t next = 0;
  for (auto& [key, number] : keys) number = next++;
  return keys;
}

Groups group_keys(const std::vector<Operation>& operations,
                  const std::map<Bytes, uint32_t>& numbers) {
  Groups groups(numbers.size());
  for (const Operation& operation : operations) {
    if (names_all_keys(operation)) {
      for (uint32_t key = 1; key < numbers.size(); ++key) groups.join(key, 0);
    }
    for (const Pair& pair : operation.pairs) {
      groups.join(numbers.at(pair.key), numbers.at(operation.pairs[0].key));
    }
  }
  return groups;
}

}  // namespace

std::vector<Part> split(const std::vector<Operation>& operations, const Contents& initial,
                        Values* values) {
  const std::map<Bytes, uint32_t> numbers = number_keys(operations, initial);
  Groups groups = group_keys(operations, numbers);
  std::vector<Part> parts;
  std::map<uint32_t, size_t> part_of_group;
  std::vector<uint32_t> place(numbers.size());  // of a key within its part
  for (const auto& [key, number] : numbers) {
    const auto [found, is_new] = part_of_group.emplace(groups.of(number), parts.size());
    if (is_new) parts.emplace_back();
    Part& part = parts[found->second];
    place[number] = static_cast<uint32_t>(part.keys.size());
    part.keys.emplace_back(key);
    const auto before = initial.find(part.keys.back());
    part.initial.push_back(before == initial.end() ? kAbsent : values->id_of(before->second));
  }
  for (const Operation& operation : operations) {
    // Without a key it is a clear, or a popitem that found none, or an update of nothing: where no
    // key was ever named, all of them say what is so.
    if (numbers.empty() || (operation.pairs.empty() && !names_all_keys(operation))) continue;
    if (operation.pending && operation.only_reads()) continue;
    Step step{.operation = &operation, .places = {}};
    for (const Pair& pair : operation.pairs) {
      step.places.push_back({place[numbers.at(pair.key)], values->id_of_maybe(pair.value)});
    }
    step.expected = values->id_of_maybe(operation.expected);
    step.answer = values->id_of_maybe(operation.answer);
    const uint32_t key = operation.pairs.empty() ? 0 : numbers.at(operation.pairs[0].key);
    parts[part_of_group.at(groups.of(key))].steps.push_back(std::move(step));
  }
  return parts;
}

}  // namespace skiplith::lab
