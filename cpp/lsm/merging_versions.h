// One stream of versions out of several.
#pragma once

#include <memory>
#include <vector>

#include "lsm/version_stream.h"

namespace skiplith {

// Versions of one key come in the order of their sequences, whichever source has them. An error of
// any source ends the stream and stays in status(): it is never an end of data.
//
// Few sources are usual (the tables of level 0, one for a deeper level): the next one is found by
// looking at all of them, and cached prefixes decide almost always.
class MergingVersions final : public VersionStream {
 public:
  explicit MergingVersions(std::vector<std::unique_ptr<VersionStream>> streams);

  void first() override;
  void next() override;
  bool valid() const override { return current_ != nullptr; }
  const TableEntry& entry() const override { return *current_->entry; }
  const std::string& path() const override { return current_->stream->path(); }
  const Status& status() const override { return status_; }

 private:
  struct Source {
    std::unique_ptr<VersionStream> stream;
    const TableEntry* entry = nullptr;  // null: this one has ended
    uint64_t prefix = 0;                // of the entry's key
  };
  static bool before(const Source& a, const Source& b);
  void read_entry(Source& source);
  void choose();

  std::vector<Source> sources_;
  const Source* current_ = nullptr;
  Status status_;
};

}  // namespace skiplith
