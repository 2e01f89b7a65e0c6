#include "lab/snapshot_consistency.h"

#include <algorithm>
#include <queue>

namespace skiplith::lab {
namespace {

struct Version {
  Sequence from;
  MaybeValue value;
};

// Of something that began or ended at that moment.
struct Bound {
  uint64_t ns;
  Sequence sequence;
};

class Checker {
 public:
  Checker(const std::vector<SequencedWrite>& writes, const Contents& initial) : initial_(initial) {
    for (const SequencedWrite& write : writes) {
      for (const Pair& pair : write.pairs) {
        written_[pair.key].push_back({write.sequence, pair.value});
      }
      ended_.push_back({write.end_ns, write.sequence});
      begun_.push_back({write.begin_ns, write.sequence});
    }
    for (auto& [key, versions] : written_) {
      std::ranges::stable_sort(versions, {}, &Version::from);
    }
    std::ranges::sort(ended_, {}, &Bound::ns);
    std::ranges::sort(begun_, {}, &Bound::ns);
    // The largest sequence up to each end, and the smallest from each beginning on.
    for (size_t i = 1; i < ended_.size(); ++i) {
      ended_[i].sequence = std::max(ended_[i].sequence, ended_[i - 1].sequence);
    }
    for (size_t i = begun_.size(); i-- > 1;) {
      begun_[i - 1].sequence = std::min(begun_[i - 1].sequence, begun_[i].sequence);
    }
  }

  Checked check(std::vector<PointRead> reads) {
    std::ranges::stable_sort(reads, {}, &PointRead::begin_ns);
    Checked checked;
    for (const PointRead& read : reads) {
      ++checked.steps;
      checked.explanation = place(read);
      if (checked.explanation.empty()) continue;
      checked.verdict = Verdict::kViolation;
      break;
    }
    return checked;
  }

 private:
  // The largest sequence of what ended before that moment; 0 for nothing.
  static Sequence largest_before(const std::vector<Bound>& ended, uint64_t ns) {
    const auto end = std::ranges::lower_bound(ended, ns, {}, &Bound::ns);
    return end == ended.begin() ? 0 : std::prev(end)->sequence;
  }
  Sequence smallest_after(uint64_t ns) const {
    const auto first = std::ranges::upper_bound(begun_, ns, {}, &Bound::ns);
    return first == begun_.end() ? kLatest : first->sequence;
  }

  // Gives the read its sequence; else why there is none.
  std::string place(const PointRead& read) {
    const Sequence after_writes = largest_before(ended_, read.begin_ns);
    const Sequence after_reads = reads_before(read.begin_ns);
    const Sequence below = smallest_after(read.end_ns);
    Sequence sequence = std::max(after_writes, after_reads);
    // Each round moves up to where one more key agrees; none is ever gone past that would do.
    for (bool moved = true; moved;) {
      moved = false;
      for (const Pair& pair : read.pairs) {
        const std::optional<Sequence> next = first_with(pair, sequence);
        if (!next) return explain(read, &pair, sequence, after_writes, after_reads, below);
        moved |= *next != sequence;
        sequence = *next;
      }
    }
    if (sequence >= below)
      return explain(read, nullptr, sequence, after_writes, after_reads, below);
    done_.push({read.end_ns, sequence});
    return "";
  }

  // Reads come by their beginnings, so those that ended are found among all before.
  Sequence reads_before(uint64_t ns) {
    for (; !done_.empty() && done_.top().ns < ns; done_.pop()) {
      largest_read_ = std::max(largest_read_, done_.top().sequence);
    }
    return largest_read_;
  }

  // The smallest sequence, from `from` on, at which the key has that value.
  std::optional<Sequence> first_with(const Pair& pair, Sequence from) const {
    if (value_at(pair.key, from) == pair.value) return from;
    const auto found = written_.find(pair.key);
    if (found == written_.end()) return std::nullopt;
    const std::vector<Version>& versions = found->second;
    auto version = std::ranges::upper_bound(versions, from, {}, &Version::from);
    for (; version != versions.end(); ++version) {
      // Of one batch the last mutation counts.
      if (std::next(version) != versions.end() && std::next(version)->from == version->from)
        continue;
      if (version->value == pair.value) return version->from;
    }
    return std::nullopt;
  }

  MaybeValue value_at(const std::string& key, Sequence sequence) const {
    if (const auto found = written_.find(key); found != written_.end()) {
      const auto after = std::ranges::upper_bound(found->second, sequence, {}, &Version::from);
      if (after != found->second.begin()) return std::prev(after)->value;
    }
    const auto before = initial_.find(key);
    return before == initial_.end() ? std::nullopt : MaybeValue(before->second);
  }

  std::string explain(const PointRead& read, const Pair* misfit, Sequence sequence,
                      Sequence after_writes, Sequence after_reads, Sequence below) const {
    std::string text = "A read by thread " + std::to_string(read.thread) + " saw no one moment:";
    for (const Pair& pair : read.pairs) {
      text += "\n  " + shown(pair.key) + " was " + shown_or_absent(pair.value);
      text += ": as from" + times_of(pair);
    }
    text += "\nWrites that ended before it go up to " + std::to_string(after_writes);
    text += ", reads before it up to " + std::to_string(after_reads);
    if (below != kLatest) text += ", and it ended before the write at " + std::to_string(below);
    text += ".\nFrom " + std::to_string(sequence) + " on, ";
    text += misfit == nullptr ? "where all keys agree, is too late."
                              : shown(misfit->key) + " is never that again.";
    return text;
  }
  std::string times_of(const Pair& pair) const {
    std::string text;
    const auto before = initial_.find(pair.key);
    if ((before == initial_.end() ? std::nullopt : MaybeValue(before->second)) == pair.value) {
      text += " the beginning";
    }
    if (const auto found = written_.find(pair.key); found != written_.end()) {
      for (const Version& version : found->second) {
        if (version.value == pair.value) text += " " + std::to_string(version.from);
      }
    }
    return text.empty() ? " never" : text;
  }

  const Contents& initial_;
  std::map<std::string, std::vector<Version>> written_;
  std::vector<Bound> ended_, begun_;
  struct EndsLater {
    bool operator()(const Bound& a, const Bound& b) const { return a.ns > b.ns; }
  };
  std::priority_queue<Bound, std::vector<Bound>, EndsLater> done_;  // not yet in largest_read_
  Sequence largest_read_ = 0;
};

}  // namespace

Checked check_snapshot_consistency(const std::vector<SequencedWrite>& writes,
                                   const std::vector<PointRead>& reads, const Contents& initial) {
  return Checker(writes, initial).check(reads);
}

}  // namespace skiplith::lab
