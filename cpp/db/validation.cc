#include "db/validation.h"

#include <algorithm>

namespace skiplith {
namespace {

Status changed() {
  return Status::error(StatusCode::kConflict, "what the transaction has read has changed");
}

bool is_newer(const Memtable& table, const Entry& entry, Sequence than) {
  Sequence newest = 0;
  return table.visible(entry, kLatest, &newest) != nullptr && newest > than;
}

}  // namespace

bool Validation::is_covered_by(const Batch& batch) const {
  if (!intervals_.empty() || keys_.size() > batch.count()) return false;
  std::vector<Bytes> written;
  written.reserve(batch.count());
  MutationReader reader(batch.payload());
  Mutation mutation;
  while (reader.next(&mutation)) written.push_back(mutation.key);
  std::ranges::sort(written);
  return std::ranges::includes(written, keys_, {}, {},
                               [](const std::string& key) { return Bytes(key); });
}

Status Validation::check(const LoggedMemtable& active) const {
  if (is_empty()) return Status::ok();
  uint64_t entries = 0;
  const LoggedMemtable* memtable = since_.view->active().get();
  for (;;) {
    SKIPLITH_RETURN_IF_ERROR(check_keys(memtable->table));
    SKIPLITH_RETURN_IF_ERROR(check_intervals(memtable->table, &entries));
    if (memtable == &active) return Status::ok();
    memtable = memtable->successor.get();
    if (memtable == nullptr) {
      return Status::error(StatusCode::kConflict,
                           "the transaction began too many memtables ago, or before a clear");
    }
  }
}

Status Validation::check_keys(const Memtable& table) const {
  for (const std::string& key : keys_) {
    const Entry* entry = table.index().find(key);
    if (entry != nullptr && is_newer(table, *entry, since_.sequence)) return changed();
  }
  return Status::ok();
}

Status Validation::check_intervals(const Memtable& table, uint64_t* entries) const {
  if (intervals_.empty()) return Status::ok();
  const std::unique_ptr<EntryCursor> cursor = table.index().cursor();
  for (const Interval& interval : intervals_) {
    for (cursor->seek(interval.low); cursor->valid(); cursor->next()) {
      const Entry& entry = *cursor->entry();
      if (interval.ends_before(entry.key())) break;
      if (is_newer(table, entry, since_.sequence)) return changed();
      if (++*entries > max_entries_) {
        return Status::error(StatusCode::kConflict,
                             "the transaction has read a range of more keys in memory than are "
                             "looked at again");
      }
    }
  }
  return Status::ok();
}

}  // namespace skiplith
