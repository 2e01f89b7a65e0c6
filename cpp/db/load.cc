// The write path for what is in tables already: load. cpp/DESIGN.md, Loading, has the reasons.

#include "base/sync_points.h"
#include "db/write_path.h"

namespace skiplith {

// In its turn, with all lanes held and all older writes in the active memtable, so that nothing is
// written, named or shown by anybody else meanwhile.
Status WritePath::load(TableSeries& loaded) {
  for (;;) {
    auto next = supply_.next({});
    if (!next.is_ok()) return next.take_status();
    Status status;
    bool is_over = false;
    {
      const Maintenance::Turn turn(maintenance_);
      status = maintenance_.flush_frozen(turn);
      SKIPLITH_SYNC_POINT(load_turn);
      Maintenance::PreparedLoad load;
      if (status.is_ok()) {
        const ExclusiveSection section(lanes_);
        // Else a freeze, or a clear, came between: its segment is newer, and it is flushed first.
        const bool settled = maintenance_.is_settled(*views_.pin());
        if (settled && freezer_.may_follow(section, **next)) {
          is_over = true;
          status = load_alone(section, turn, *next, loaded, &load);
        }
      }
      if (is_over && status.is_ok()) maintenance_.finish_load(turn, load);
    }
    if (is_over && status.is_ok()) return status;
    supply_.give_back(std::move(*next));
    if (!status.is_ok()) return status;
  }
}

// The manifest is written while nobody may write: its edit says that all older writes are in
// tables, and the next write has a sequence behind the load's. A failed edit may be on disk or
// not; either way what was written until then is whole, and nothing more may be written.
//
// The memtable that was active leaves the view in the same moment in which the load becomes
// visible, and has no successor: so a transaction that has read before the load conflicts.
Status WritePath::load_alone(const ExclusiveSection& section, const Maintenance::Turn& turn,
                             const std::shared_ptr<LoggedMemtable>& next, TableSeries& loaded,
                             Maintenance::PreparedLoad* load) {
  SKIPLITH_RETURN_IF_ERROR(poison_.check());
  Lane& lane = section.first_lane();
  const Sequence sequence = clock_.last() + 1;
  SKIPLITH_RETURN_IF_ERROR(
      maintenance_.prepare_load(turn, freezer_.active(lane)->table, loaded, sequence, load));
  ViewParts parts = views_.pin()->parts();
  parts.active = next;
  parts.levels = load->levels;
  std::shared_ptr<const View> view = views_.make(std::move(parts));
  views_.reserve();
  Status named = maintenance_.name_load(turn, loaded, *load);
  if (!named.is_ok()) {
    poison_.set(named);
    return named;
  }
  freezer_.activate(section, next);
  SKIPLITH_CHECK(clock_.take(lane, 1) == sequence);
  views_.install(std::move(view));
  SKIPLITH_SYNC_POINT(load_installed);
  clock_.finish(lane);
  counters_.add(Counter::kFreezes);
  return Status::ok();
}

}  // namespace skiplith
