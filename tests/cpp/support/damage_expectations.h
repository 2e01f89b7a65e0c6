// What a database may answer when one of its files is damaged at a certain place.
//
// The rule: exactly what was written, or a failure that names the file. Where something else is
// right, that is said here, with the reason.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "lsm/manifest.h"
#include "support/damage_judge.h"
#include "wal/segment_contents.h"

namespace skiplith::testing {

class DamageExpectations {
 public:
  DamageExpectations(const DamageSample& sample, Stop stop);

  // One bit of that byte.
  Expectation flipped(const std::string& name, uint64_t byte) const;
  // `file`: what is left of it.
  Expectation truncated(const std::string& name, const std::string& file) const;
  Expectation lengthened(const std::string& name) const;
  // A file that is another, or none.
  Expectation replaced(const std::string& name) const;
  Expectation undamaged() const { return right(); }

  const std::map<std::string, SegmentContents>& segments() const { return segments_; }
  const ManifestState& manifest() const { return manifest_; }
  const DatabaseId& database() const { return database_; }

 private:
  Expectation right() const;
  Expectation noticed(const std::string& name) const;
  Expectation either(const std::string& name) const;
  Expectation flipped_segment(const std::string& name, uint64_t byte) const;
  Expectation truncated_manifest(const std::string& name, const std::string& file) const;
  // The records from this sequence on are not what they were.
  Expectation lost_from(const std::string& name, Sequence sequence) const;
  // Of a segment that was not closed, after a power cut, what is damaged is taken for what the
  // power cut took: replay keeps the prefix before it (wal/replay.h, rule 3).
  bool may_lose_tail() const { return !is_clean(stop_) && !is_of_this_boot(stop_); }

  const DamageSample& sample_;
  const Stop stop_;
  DatabaseId database_;
  ManifestState manifest_;
  std::map<std::string, SegmentContents> segments_;  // undamaged, by name
  std::map<std::string, uint64_t> whole_blocks_;     // of each segment
  Sequence synced_through_ = 0;                      // according to either
};

}  // namespace skiplith::testing
