#include "lsm/compaction.h"

#include "lsm/level_cursor.h"

namespace skiplith {

class Compaction::Run {
 public:
  explicit Run(Levels::Tables tables) : tables_(std::move(tables)) {}

  void first() { open(0); }
  void next() {
    cursor_->next();
    if (!cursor_->valid() && cursor_->status().is_ok()) open(place_ + 1);
  }
  bool valid() const { return cursor_ != nullptr && cursor_->valid(); }
  TableEntry entry() const { return cursor_->entry(); }
  const Status& status() const { return cursor_ == nullptr ? ok_ : cursor_->status(); }

 private:
  void open(size_t place) {
    place_ = place;
    cursor_.reset();
    if (place == tables_.size()) return;
    cursor_ = tables_[place].table().versions();
    cursor_->first();
  }

  const Levels::Tables tables_;
  size_t place_ = 0;
  std::unique_ptr<VersionCursor> cursor_;
  const Status ok_;
};

Compaction::Compaction(CompactionPlan plan, std::shared_ptr<const Levels> levels,
                       std::vector<Sequence> snapshots, CompactionOutput output)
    : plan_(std::move(plan)),
      levels_(std::move(levels)),
      output_(std::move(output)),
      filter_(std::move(snapshots)) {
  std::array<Levels::Tables, kLevels> inputs;
  for (const TableMeta& input : plan_.inputs) {
    for (const LevelTable& table : levels_->level(input.level)) {
      if (table.meta.number == input.number) inputs[input.level].push_back(table);
    }
  }
  for (const LevelTable& table : inputs[0]) {
    runs_.push_back(std::make_unique<Run>(Levels::Tables{table}));
  }
  for (uint32_t level = 1; level < kLevels; ++level) {
    if (inputs[level].empty()) continue;
    runs_.push_back(std::make_unique<Run>(std::move(inputs[level])));
  }
}

Compaction::~Compaction() {
  if (builder_ != nullptr) {
    builder_.reset();
    (void)output_.home.files.remove(output_.home.path_of(builder_number_));
  }
  for (const TableMeta& table : outputs_) {
    (void)output_.home.files.remove(output_.home.path_of(table.number));
  }
}

std::vector<TableMeta> Compaction::take_outputs() { return std::exchange(outputs_, {}); }

// The run whose next entry comes first in internal order; nullptr at the end.
Compaction::Run* Compaction::newest_of_least_key() {
  Run* best = nullptr;
  TableEntry least;
  for (const auto& run : runs_) {
    if (!run->valid()) continue;
    const TableEntry entry = run->entry();
    const int order = best == nullptr ? -1 : entry.key.compare(least.key);
    if (order < 0 || (order == 0 && entry.sequence > least.sequence)) {
      best = run.get();
      least = entry;
    }
  }
  return best;
}

Status Compaction::step(uint64_t bytes, bool* done) {
  *done = false;
  if (!begun_) {
    for (const auto& run : runs_) run->first();
    begun_ = true;
  }
  for (uint64_t read = 0; read < bytes;) {
    for (const auto& run : runs_) SKIPLITH_RETURN_IF_ERROR(run->status());
    Run* const run = newest_of_least_key();
    if (run == nullptr) {
      *done = true;
      break;
    }
    const TableEntry entry = run->entry();
    ++read_entries_;
    read += entry.key.size() + entry.value.size() + 1;
    if (filter_.keep(entry, [this](Bytes key) { return may_lie_deeper(key); })) {
      SKIPLITH_RETURN_IF_ERROR(add(entry));
    }
    run->next();
  }
  if (!*done) return Status::ok();
  SKIPLITH_RETURN_IF_ERROR(finish_table());
  uint64_t expected = 0;
  for (const TableMeta& input : plan_.inputs) expected += input.entries;
  if (read_entries_ == expected) return Status::ok();
  return Status::corruption(output_.home.path_of(plan_.inputs.front().number), 0,
                            "the tables of a compaction hold " + std::to_string(read_entries_) +
                                " entries, and the manifest says " + std::to_string(expected));
}

// The tables of the output level that overlap are inputs; of those below, none is.
bool Compaction::may_lie_deeper(Bytes key) const {
  for (uint32_t level = plan_.output_level + 1; level < kLevels; ++level) {
    const Levels::Tables& tables = levels_->level(level);
    const size_t place = table_for(tables, key);
    if (place < tables.size() && Bytes(tables[place].meta.smallest_key) <= key) return true;
  }
  return false;
}

Status Compaction::add(const TableEntry& entry) {
  // Versions of one key stay together: tables of a level are disjoint.
  if (builder_ != nullptr && builder_->bytes() >= output_.table_bytes &&
      Bytes(last_key_) != entry.key) {
    SKIPLITH_RETURN_IF_ERROR(finish_table());
  }
  if (builder_ == nullptr) {
    builder_number_ = output_.take_file_number();
    auto builder = TableBuilder::create(output_.home.files, output_.home.path_of(builder_number_),
                                        output_.home.database, builder_number_, output_.options);
    if (!builder.is_ok()) return builder.take_status();
    builder_ = std::move(*builder);
  }
  last_key_.assign(entry.key);
  return builder_->add(entry);
}

Status Compaction::finish_table() {
  if (builder_ == nullptr) return Status::ok();
  auto properties = builder_->finish();
  if (!properties.is_ok()) return properties.take_status();
  outputs_.push_back(meta_of(*properties, plan_.output_level));
  bytes_written_ += properties->bytes;
  builder_.reset();
  return Status::ok();
}

}  // namespace skiplith
