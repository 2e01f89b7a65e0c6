#include "db/validation.h"

#include <algorithm>

namespace skiplith {

// Looks through memtables, up to so many entries.
class Validation::Looking {
 public:
  Looking(const Validation& validation, uint64_t max_entries)
      : validation_(validation), left_(max_entries) {}

  Status through(const Memtable& table) {
    for (const std::string& key : validation_.keys_) {
      SKIPLITH_RETURN_IF_ERROR(spend_one());
      const Entry* entry = table.index().find(key);
      if (entry != nullptr) SKIPLITH_RETURN_IF_ERROR(at(table, *entry));
    }
    if (validation_.intervals_.empty()) return Status::ok();
    const std::unique_ptr<EntryCursor> cursor = table.index().cursor();
    for (const Interval& interval : validation_.intervals_) {
      SKIPLITH_RETURN_IF_ERROR(spend_one());
      for (cursor->seek(interval.low); cursor->valid(); cursor->next()) {
        const Entry& entry = *cursor->entry();
        if (interval.ends_before(entry.key())) break;
        SKIPLITH_RETURN_IF_ERROR(spend_one());
        SKIPLITH_RETURN_IF_ERROR(at(table, entry));
      }
    }
    return Status::ok();
  }

 private:
  Status at(const Memtable& table, const Entry& entry) const {
    Sequence newest = 0;
    table.visible(entry, kLatest, &newest);
    if (newest <= validation_.since()) return Status::ok();
    return Status::error(StatusCode::kConflict, "what the transaction has read has changed");
  }
  Status spend_one() {
    if (left_-- > 0) return Status::ok();
    return Status::error(StatusCode::kConflict,
                         "the transaction has read more keys than are looked at while nobody may "
                         "write");
  }

  const Validation& validation_;
  uint64_t left_;
};

Validation::Validation(ReadPoint since, const ReadSet& reads, uint64_t max_entries)
    : since_(std::move(since)),
      keys_(reads.keys().begin(), reads.keys().end()),
      intervals_(reads.intervals()),
      max_entries_(max_entries) {}

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

void Validation::gather_frozen(const LoggedMemtable& active) {
  if (is_empty()) return;
  std::shared_ptr<const LoggedMemtable> memtable = since_.view->active();
  for (; memtable != nullptr && memtable.get() != &active; memtable = memtable->successor) {
    frozen_.push_back(memtable);
  }
}

Status Validation::check_frozen() {
  Looking looking(*this, UINT64_MAX);
  for (const auto& memtable : frozen_) SKIPLITH_RETURN_IF_ERROR(looking.through(memtable->table));
  return Status::ok();
}

Status Validation::check_with_bits(const LoggedMemtable& active) const {
  return check(active, UINT64_MAX);
}
Status Validation::check_with_all_lanes(const LoggedMemtable& active) const {
  return check(active, max_entries_);
}

Status Validation::check(const LoggedMemtable& active, uint64_t max_entries) const {
  if (is_empty()) return Status::ok();
  Looking looking(*this, max_entries);
  const LoggedMemtable* memtable =
      frozen_.empty() ? since_.view->active().get() : frozen_.back()->successor.get();
  for (; memtable != nullptr; memtable = memtable->successor.get()) {
    SKIPLITH_RETURN_IF_ERROR(looking.through(memtable->table));
    if (memtable == &active) return Status::ok();
  }
  return Status::error(StatusCode::kConflict,
                       "the transaction began too many memtables ago, or before a clear");
}

}  // namespace skiplith
