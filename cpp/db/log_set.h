// The live segments, oldest first: what a sync syncs and a close closes.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/locks.h"
#include "record/kind.h"
#include "wal/segment.h"

namespace skiplith {

class LogSet {
 public:
  struct Member {
    std::shared_ptr<Segment> segment;
    bool sealed = false;   // nobody writes to it any more; then:
    Sequence last = 0;     // nothing after this sequence is in it
    uint64_t records = 0;  // in the whole segment
    Sequence synced_through = 0;
  };

  // Before any write goes to it.
  void add(std::shared_ptr<Segment> segment) {
    MutexLock lock(mutex_);
    members_.push_back({.segment = std::move(segment)});
  }
  // The next add() needs no memory.
  void reserve_one() {
    MutexLock lock(mutex_);
    if (members_.size() == members_.capacity()) members_.reserve(2 * members_.size() + 1);
  }
  // With all lanes held: nobody writes to the newest segment any more.
  void seal_newest(Sequence last, uint64_t records) {
    MutexLock lock(mutex_);
    members_.back().sealed = true;
    members_.back().last = last;
    members_.back().records = records;
  }
  // The segments that may hold sequences up to `through` not yet synced.
  std::vector<Member> unsynced(Sequence through) const {
    MutexLock lock(mutex_);
    std::vector<Member> found;
    for (const Member& member : members_) {
      const bool whole = member.sealed && member.synced_through >= member.last;
      if (!whole && member.synced_through < through) found.push_back(member);
    }
    return found;
  }
  void note_synced(const Segment* segment, Sequence through) {
    MutexLock lock(mutex_);
    for (Member& member : members_) {
      if (member.segment.get() == segment) member.synced_through = through;
    }
  }
  // The segments that have nothing after this sequence, and nobody who writes to them.
  std::vector<Member> through(Sequence through) const {
    MutexLock lock(mutex_);
    std::vector<Member> found;
    for (const Member& member : members_) {
      if (member.sealed && member.last <= through) found.push_back(member);
    }
    return found;
  }
  // They need no sync and no close any more: what they hold is durable elsewhere.
  void remove(const std::vector<Member>& gone) {
    MutexLock lock(mutex_);
    std::erase_if(members_, [&](const Member& member) {
      return std::ranges::any_of(
          gone, [&](const Member& other) { return other.segment == member.segment; });
    });
  }
  std::vector<Member> all() const {
    MutexLock lock(mutex_);
    return members_;
  }

 private:
  mutable Mutex mutex_;  // row 10 of the wait order: short, no I/O
  std::vector<Member> members_;
};

}  // namespace skiplith
