#include "mem/memtable.h"

#include <algorithm>

namespace skiplith {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kMinChunkBytes = kPageBytes;
constexpr uint64_t kMaxChunkBytes = uint64_t{1} << 20;

class MemtableCursor : public Cursor {
 public:
  MemtableCursor(const Memtable& memtable, std::unique_ptr<EntryCursor> entries, Sequence at)
      : memtable_(memtable), entries_(std::move(entries)), at_(at) {}

  void seek(Bytes key) override {
    entries_->seek(key);
    settle_forward();
  }
  void seek_for_prev(Bytes key) override {
    entries_->seek_for_prev(key);
    settle_backward();
  }
  void first() override {
    entries_->first();
    settle_forward();
  }
  void last() override {
    entries_->last();
    settle_backward();
  }
  void next() override {
    entries_->next();
    settle_forward();
  }
  void prev() override {
    entries_->prev();
    settle_backward();
  }

  bool valid() const override { return version_ != nullptr; }
  Bytes key() const override { return entries_->entry()->key(); }
  Bytes value() const override { return version_->value(); }
  Kind kind() const override { return version_->kind; }
  uint64_t prefix() const override { return entries_->entry()->prefix; }
  const Status& status() const override { return status_; }

 private:
  // Both: from where the entries stand to the nearest one that has something to show.
  void settle_forward() {
    while (!resolve()) entries_->next();
  }
  void settle_backward() {
    while (!resolve()) entries_->prev();
  }
  // True when there is nowhere further to go: a visible version, or the end.
  bool resolve() {
    version_ = entries_->valid() ? memtable_.visible(*entries_->entry(), at_) : nullptr;
    return version_ != nullptr || !entries_->valid();
  }

  const Memtable& memtable_;
  const std::unique_ptr<EntryCursor> entries_;
  const Sequence at_;
  const Version* version_ = nullptr;
  const Status status_;
};

}  // namespace

Memtable::Memtable(IndexKind kind, uint64_t reserved_bytes, uint64_t memtable_bytes,
                   std::shared_ptr<ArenaPool> pool)
    : memtable_bytes_(memtable_bytes),
      chunk_bytes_(
          round_up(std::clamp(memtable_bytes / 256, kMinChunkBytes, kMaxChunkBytes), kPageBytes)),
      arena_(reserved_bytes, std::move(pool)),
      index_(make_index(kind, arena_)) {}

ArenaOffset Memtable::make_version(ArenaWriter& writer, Stamp stamp, Kind kind, Bytes value,
                                   ArenaOffset older) {
  char* memory = writer.allocate(version_bytes(value.size()));
  auto* version = new (memory) Version{.stamp = stamp,
                                       .older = older,
                                       .value_size = static_cast<uint32_t>(value.size()),
                                       .kind = kind};
  if (!value.empty()) std::memcpy(version->value_bytes(), value.data(), value.size());
  return arena_.offset_of(version);
}

ArenaOffset Memtable::make_commit_word(ArenaWriter& writer) {
  return arena_.offset_of(new (writer.allocate(kCommitWordBytes)) CommitWord{0});
}

void Memtable::commit(ArenaOffset word, Sequence first) {
  // order: release, so that who finds the batch decided finds all that its writer did before
  arena_.at<CommitWord>(word)->store(first, std::memory_order_release);
}

Sequence Memtable::sequence_of(const Version& version) const {
  if ((version.stamp & kBatchStamp) == 0) [[likely]]
    return version.stamp;
  const auto* word = arena_.at<CommitWord>(stamp_commit_word(version.stamp));
  // order: acquire, pairs with commit(): a reader that sees one of a batch's versions sees, in
  // whatever it loads next, all of them
  const Sequence first = word->load(std::memory_order_acquire);
  return first == 0 ? 0 : first + stamp_index(version.stamp);
}

const Version* Memtable::visible(const Entry& entry, Sequence at, Sequence* sequence) const {
  for (ArenaOffset place = entry.head(); place != 0;) {
    const auto* version = arena_.at<Version>(place);
    const Sequence decided = sequence_of(*version);
    if (decided != 0 && decided <= at) {
      if (sequence != nullptr) *sequence = decided;
      return version;
    }
    place = version->older;
  }
  return nullptr;
}

Lookup Memtable::get(Bytes key, Sequence at, Bytes* value) const {
  const Entry* entry = index_->find(key);
  const Version* version = entry == nullptr ? nullptr : visible(*entry, at);
  if (version == nullptr) return Lookup::kAbsent;
  if (version->kind == Kind::kDelete) return Lookup::kDeleted;
  *value = version->value();
  return Lookup::kFound;
}

std::unique_ptr<Cursor> Memtable::cursor(Sequence at) const {
  return std::make_unique<MemtableCursor>(*this, index_->cursor(), at);
}

}  // namespace skiplith
