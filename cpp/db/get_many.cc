#include "db/get_many.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "db/engine.h"
#include "table/heads.h"

namespace skiplith {
namespace {

// How much of a value is asked for: what lies behind, the processor foresees.
constexpr size_t kVersionBytesAhead = 192;

// Step by step for all of them, so that what each waits for comes together.
void look_up(const Memtable& table, Sequence at, std::span<WantedKey> wanted) {
  const Index& index = table.index();
  for (int step = 0; step < Index::kAheadSteps; ++step) {
    for (const WantedKey& key : wanted) {
      if (key.is_open()) index.fetch_ahead(key.bytes, step);
    }
  }
  std::array<const Entry*, kWantedTogether> entries{};
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].is_open()) continue;
    entries[i] = index.find(wanted[i].bytes);
    if (entries[i] == nullptr) continue;
    const char* version = table.arena().at<char>(entries[i]->head());
    for (size_t ahead = 0; ahead < kVersionBytesAhead; ahead += 64) {
      __builtin_prefetch(version + ahead);
    }
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Version* version = entries[i] == nullptr ? nullptr : table.visible(*entries[i], at);
    if (version == nullptr) continue;
    wanted[i].found = version->kind == Kind::kDelete ? Lookup::kDeleted : Lookup::kFound;
    if (version->kind != Kind::kDelete) wanted[i].value.borrow(version->value(), nullptr);
  }
}

}  // namespace

std::vector<uint32_t> in_key_order(std::span<const Bytes> keys) {
  struct Rank {
    uint64_t head;
    uint32_t place;
  };
  size_t common = keys.empty() ? 0 : keys.front().size();
  for (const Bytes key : keys) common = std::min(common, common_bytes(key, keys.front()));
  std::vector<Rank> ranks(keys.size());
  for (uint32_t place = 0; place < keys.size(); ++place) {
    ranks[place] = {head_of(keys[place].substr(common)), place};
  }
  std::ranges::stable_sort(ranks, {}, &Rank::head);
  std::vector<uint32_t> order(keys.size());
  std::ranges::transform(ranks, order.begin(), &Rank::place);
  return order;
}

// As View::get, in what is resident.
void View::look_up(std::span<WantedKey> wanted, Sequence at) const {
  skiplith::look_up(parts_.active->table, at, wanted);
  for (const auto& memtable : parts_.frozen) skiplith::look_up(memtable->table, at, wanted);
  if (!parts_.levels->empty()) parts_.levels->look_up(wanted, at);
}

// First what is resident, a few keys at a time, so that guards are short; then what has to be read,
// one by one.
Status Engine::get_many(Waiting waiting, const ReadPoint& point, std::span<WantedKey> wanted) {
  for (size_t begin = 0; begin < wanted.size(); begin += kWantedTogether) {
    const auto group = wanted.subspan(begin, std::min(kWantedTogether, wanted.size() - begin));
    const EpochGuard guard;
    point.view->look_up(group, point.sequence);
    for (WantedKey& key : group) key.value.keep();
  }
  uint64_t bytes_read = 0;
  for (WantedKey& key : wanted) {
    if (key.found == Lookup::kNeedsIo) {
      if (waiting == Waiting::kNever) return Status::would_block();
      Status failure;
      key.found =
          point.view->get(key.bytes, point.sequence, Table::Io::kMayRead, &key.value, &failure);
      if (key.found == Lookup::kFailed) return failure;
    }
    if (key.found == Lookup::kFound) bytes_read += key.value.bytes().size();
  }
  counters_.add(Counter::kGets, wanted.size());
  counters_.add(Counter::kBytesRead, bytes_read);
  return Status::ok();
}

}  // namespace skiplith
