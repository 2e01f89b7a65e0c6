#include "lsm/merging_versions.h"

namespace skiplith {

MergingVersions::MergingVersions(std::vector<std::unique_ptr<VersionStream>> streams) {
  sources_.reserve(streams.size());
  for (auto& stream : streams) sources_.push_back({.stream = std::move(stream)});
}

bool MergingVersions::before(const Source& a, const Source& b) {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const int order = a.entry->key.compare(b.entry->key);
  return order != 0 ? order < 0 : a.entry->sequence > b.entry->sequence;
}

void MergingVersions::first() {
  status_ = Status::ok();
  for (Source& source : sources_) {
    source.stream->first();
    read_entry(source);
  }
  choose();
}

void MergingVersions::next() {
  Source& source = sources_[current_ - sources_.data()];
  source.stream->next();
  read_entry(source);
  choose();
}

void MergingVersions::read_entry(Source& source) {
  source.entry = nullptr;
  if (source.stream->valid()) {
    source.entry = &source.stream->entry();
    source.prefix = key_prefix(source.entry->key);
  } else if (status_.is_ok()) {
    status_ = source.stream->status();
  }
}

void MergingVersions::choose() {
  current_ = nullptr;
  if (!status_.is_ok()) return;
  for (const Source& source : sources_) {
    if (source.entry == nullptr) continue;
    if (current_ == nullptr || before(source, *current_)) current_ = &source;
  }
}

}  // namespace skiplith
