#include "db/recovery.h"

#include "base/clock.h"
#include "base/sync_points.h"
#include "db/open.h"
#include "db/replay_apply.h"
#include "wal/replay.h"

namespace skiplith {
namespace {

constexpr int kNoSuchFile = 2;      // ENOENT
constexpr int kNotADirectory = 20;  // ENOTDIR

class Recovery {
 public:
  Recovery(Files& files, const std::string& directory, OpenMode mode, const Options& options)
      : files_(files), directory_(directory), mode_(mode), options_(options) {
    result_.directory = directory;
  }

  Result<Recovered> run() {
    const uint64_t begun = monotonic_ns();
    SKIPLITH_RETURN_IF_ERROR(look());
    SKIPLITH_RETURN_IF_ERROR(take_lock());
    SKIPLITH_RETURN_IF_ERROR(choose_form());
    if (opening_ == Opening::kCreate) {
      SKIPLITH_RETURN_IF_ERROR(create());
    } else {
      SKIPLITH_RETURN_IF_ERROR(load());
    }
    if (mode_ != OpenMode::kRead) SKIPLITH_RETURN_IF_ERROR(remove_orphans());
    result_.seconds = static_cast<double>(monotonic_ns() - begun) / 1e9;
    return std::move(result_);
  }

 private:
  // Step 1, before the lock.
  Status look() {
    auto kind = files_.kind_of(directory_);
    if (!kind.is_ok()) return kind.take_status();
    if (*kind == PathKind::kOther) {
      return Status::storage(kNotADirectory, directory_, "not a directory");
    }
    if (*kind == PathKind::kMissing) {
      if (mode_ == OpenMode::kRead || mode_ == OpenMode::kWrite) {
        return Status::at_path(StatusCode::kNotFound, directory_, "no such directory");
      }
      SKIPLITH_RETURN_IF_ERROR(files_.make_directories(directory_));
    }
    return list();
  }

  Status list() {
    auto listing = list_directory(files_, directory_);
    if (!listing.is_ok()) return listing.take_status();
    listing_ = std::move(*listing);
    auto opening = decide_opening(directory_, mode_, listing_);
    if (!opening.is_ok()) return opening.take_status();
    opening_ = *opening;
    return mode_ == OpenMode::kNew ? refuse_others_database() : Status::ok();
  }

  // Other engines have a CURRENT too, and files with names like ours: `n` must not take theirs.
  Status refuse_others_database() {
    if (!listing_.has_current || !listing_.has_foreign) return Status::ok();
    const std::string path = file_path(directory_, {FileType::kCurrent});
    auto file = files_.open_readable(path);
    if (!file.is_ok()) return file.take_status();
    char text[256];
    auto size = (*file)->read(0, text, sizeof text);
    if (!size.is_ok()) return size.take_status();
    const auto number = decode_current(Bytes(text, *size), path);
    const bool foreign = !number.is_ok() && number.status().code() == StatusCode::kFormat;
    return foreign ? number.status() : Status::ok();
  }

  Status take_lock() {
    auto lock = files_.lock(directory_, mode_ == OpenMode::kRead);
    if (!lock.is_ok()) return lock.take_status();
    result_.lock = std::move(*lock);
    return list();  // whoever had the lock may have changed all of it
  }

  Status choose_form() {
    result_.identity.boot = files_.boot_id();
    if (options_.wal_sink != SinkChoice::kAuto) {
      result_.form =
          options_.wal_sink == SinkChoice::kMapped ? SinkForm::kMapped : SinkForm::kWrite;
      return Status::ok();
    }
    auto form = files_.best_form(directory_);
    if (!form.is_ok()) return form.take_status();
    result_.form = *form;
    return Status::ok();
  }

  // A new identity makes all older files another database's; they go as orphans.
  Status create() {
    result_.identity.database = {{files_.random64(), files_.random64()}};
    auto manifest = Manifest::create(files_, directory_, result_.identity.database, {});
    if (!manifest.is_ok()) return manifest.take_status();
    result_.manifest = std::move(*manifest);
    manifest_is_ours_ = true;
    make_store();
    return Status::ok();
  }

  void make_store() {
    result_.store = std::make_unique<TableStore>(files_, directory_, options_, *result_.manifest);
  }

  Status load() {
    auto manifest = Manifest::load(files_, directory_);
    if (!manifest.is_ok()) return manifest.take_status();
    result_.manifest = std::move(*manifest);
    result_.identity.database = result_.manifest->database();
    const ManifestState state = result_.manifest->state();
    SKIPLITH_SYNC_POINT(recovery_begin);
    std::vector<SegmentContents> segments;
    SKIPLITH_RETURN_IF_ERROR(read_live(state, &segments));
    SKIPLITH_RETURN_IF_ERROR(refuse_unknown(state));
    SKIPLITH_RETURN_IF_ERROR(find_tables(state));
    auto plan = plan_replay(segments, state.base_sequence, result_.identity.boot);
    if (!plan.is_ok()) return plan.take_status();
    Replayed replayed;
    SKIPLITH_RETURN_IF_ERROR(apply_plan(*plan, segments, options_, &replayed));
    result_.last_sequence = plan->last_sequence;
    result_.records = plan->records.size();
    segments.clear();
    SKIPLITH_SYNC_POINT(recovery_replayed);
    make_store();
    if (mode_ == OpenMode::kRead) {
      result_.memtables = std::move(replayed.newest_first);
      if (!replayed.cleared) open_tables(state);
      return measure_log(state.live_segments);
    }
    if (!state.live_segments.empty()) SKIPLITH_RETURN_IF_ERROR(flush(state, replayed));
    open_tables(result_.manifest->state());
    return Status::ok();
  }

  // They are opened late: so much can be said at once.
  Status find_tables(const ManifestState& state) {
    const std::set<uint64_t> present = listing_.numbers(FileType::kTable);
    for (const auto& [number, table] : state.tables) {
      if (present.contains(number)) continue;
      return Status::corruption(file_path(directory_, {FileType::kTable, number}), 0,
                                "named by the manifest, but missing");
    }
    return Status::ok();
  }

  void open_tables(const ManifestState& state) {
    Levels::Tables tables;
    for (const auto& [number, table] : state.tables) tables.push_back(result_.store->open(table));
    result_.levels = std::make_shared<const Levels>(std::move(tables));
  }

  Status flush(const ManifestState& state, const Replayed& replayed) {
    ManifestEdit edit{.base_sequence = result_.last_sequence};
    edit.removed_segments.assign(state.live_segments.begin(), state.live_segments.end());
    if (replayed.cleared) {
      for (const auto& [number, table] : state.tables) edit.removed_tables.push_back(number);
    }
    Status written = write_tables(replayed.newest_first, &edit.added_tables);
    if (!written.is_ok()) {
      for (const TableMeta& table : edit.added_tables) result_.store->remove(table);
      return written;
    }
    SKIPLITH_SYNC_POINT(recovery_written);
    manifest_is_ours_ = true;
    SKIPLITH_RETURN_IF_ERROR(result_.manifest->append(edit));
    SKIPLITH_SYNC_POINT(recovery_installed);
    return Status::ok();
  }

  Status write_tables(const MemtableList& newest_first, std::vector<TableMeta>* tables) {
    for (auto memtable = newest_first.rbegin(); memtable != newest_first.rend(); ++memtable) {
      auto written = result_.store->write((*memtable)->table, {}, [] { return Status::ok(); });
      if (!written.is_ok()) return written.take_status();
      tables->insert(tables->end(), written->begin(), written->end());
    }
    return tables->empty() ? Status::ok() : result_.store->sync_directory();
  }

  Status read_live(const ManifestState& state, std::vector<SegmentContents>* segments) {
    for (const uint64_t number : state.live_segments) {
      const std::string path = segment_path(number);
      auto contents = read_segment(files_, path, result_.identity.database, number);
      if (!contents.is_ok()) {
        const Status& failed = contents.status();
        const bool missing =
            failed.code() == StatusCode::kStorage && failed.error_number() == kNoSuchFile;
        if (missing) return Status::corruption(path, 0, "named by the manifest, but missing");
        return failed;
      }
      segments->push_back(std::move(*contents));
    }
    return Status::ok();
  }

  // A segment gets its number into the manifest before its first record. One with records whose
  // number the manifest has not given away contradicts the manifest: removing it could lose
  // what was acknowledged.
  Status refuse_unknown(const ManifestState& state) {
    for (const uint64_t number : listing_.numbers(FileType::kSegment)) {
      if (number < state.next_file_number || state.live_segments.contains(number)) continue;
      auto contents = read_segment(files_, segment_path(number), result_.identity.database, number);
      if (contents.is_ok() && !contents->records.empty()) {
        return Status::corruption(segment_path(number), 0,
                                  "holds records, but the manifest does not know it");
      }
    }
    return Status::ok();
  }

  // What the manifest says may be no more than in the page cache, if a kill came between its write
  // and its sync: without a file of our own, a power cut could bring back a manifest that names the
  // files we remove. Failing to remove one is harmless: the next open tries again.
  Status remove_orphans() {
    auto orphans = result_.manifest->orphans();
    if (!orphans.is_ok()) return orphans.take_status();
    if (!orphans->empty() && !manifest_is_ours_) {
      SKIPLITH_RETURN_IF_ERROR(result_.manifest->append({}));
    }
    for (const std::string& path : *orphans) static_cast<void>(files_.remove(path));
    return orphans->empty() ? Status::ok() : files_.sync_directory(directory_);
  }

  Status measure_log(const std::set<uint64_t>& live) {
    for (const uint64_t number : live) {
      auto file = files_.open_readable(segment_path(number));
      if (!file.is_ok()) return file.take_status();
      auto size = (*file)->size();
      if (!size.is_ok()) return size.take_status();
      result_.log_bytes += *size;
    }
    return Status::ok();
  }

  std::string segment_path(uint64_t number) const {
    return file_path(directory_, {FileType::kSegment, number});
  }

  Files& files_;
  const std::string directory_;
  const OpenMode mode_;
  const Options& options_;
  DirectoryListing listing_;
  Opening opening_ = Opening::kLoad;
  bool manifest_is_ours_ = false;  // its file was written, and synced, by this recovery
  Recovered result_;
};

}  // namespace

Result<Recovered> recover(Files& files, const std::string& directory, OpenMode mode,
                          const Options& options) {
  return Recovery(files, directory, mode, options).run();
}

}  // namespace skiplith
