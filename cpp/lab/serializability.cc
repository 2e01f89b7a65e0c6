#include "lab/serializability.h"

#include <algorithm>
#include <unordered_map>

#include "lab/graph.h"

namespace skiplith::lab {
namespace {

using Node = Graph::Node;
constexpr uint32_t kNobody = UINT32_MAX;  // wrote the state before the first transaction

enum EdgeKind : uint32_t { kWw, kWr, kRw, kRt };
constexpr const char* kEdgeNames[] = {"ww", "wr", "rw", "rt"};

struct Version {
  uint32_t writer;
  Sequence sequence;
  MaybeValue value;
};

// What a transaction has left of its writes.
std::map<std::string, MaybeValue> last_writes(const Transaction& transaction) {
  std::map<std::string, MaybeValue> last;
  for (const Pair& pair : transaction.writes) last[pair.key] = pair.value;
  return last;
}

class Checker {
 public:
  Checker(const std::vector<Transaction>& transactions, const SerializabilityOptions& options)
      : transactions_(transactions), options_(options), graph_(transactions.size()) {}

  Checked check() {
    for (uint32_t t = 0; t < transactions_.size(); ++t) note_writes(t);
    order_versions();
    find_who_counts();
    for (uint32_t t = 0; t < transactions_.size() && problem_.empty(); ++t) {
      if (counts_[t]) add_reads(t);
    }
    if (options_.real_time) add_real_time();
    if (problem_.empty()) look_for_cycle();
    Checked checked{.steps = graph_.size()};
    if (problem_.empty()) return checked;
    checked.verdict = Verdict::kViolation;
    checked.explanation = problem_;
    return checked;
  }

 private:
  using KeyAndValue = std::pair<std::string, std::string>;
  struct KeyHash {
    size_t operator()(const KeyAndValue& pair) const {
      return std::hash<std::string>()(pair.first) * 31 + std::hash<std::string>()(pair.second);
    }
  };

  void note_writes(uint32_t t) {
    const Transaction& transaction = transactions_[t];
    for (const Pair& pair : transaction.writes) {
      if (pair.value) writers_.emplace(KeyAndValue(pair.key, *pair.value), t);
    }
    if (transaction.outcome != Outcome::kCommitted) return;
    for (auto& [key, value] : last_writes(transaction)) {
      versions_of(key).push_back({t, transaction.sequence, std::move(value)});
    }
  }

  std::vector<Version>& versions_of(const std::string& key) {
    const auto [found, is_new] = versions_.try_emplace(key);
    if (is_new) {
      const auto before = options_.initial.find(key);
      const bool is_there = before != options_.initial.end();
      found->second.push_back({kNobody, 0, is_there ? MaybeValue(before->second) : std::nullopt});
    }
    return found->second;
  }

  void order_versions() {
    for (const Transaction& transaction : transactions_) {
      for (const Pair& pair : transaction.reads) versions_of(pair.key);
    }
    for (auto& [key, versions] : versions_) {
      std::ranges::stable_sort(versions.begin() + 1, versions.end(), {}, &Version::sequence);
      for (size_t i = 0; i < versions.size(); ++i) {
        if (versions[i].value) {
          places_.emplace(KeyAndValue(key, *versions[i].value), i);
        } else {
          absent_places_[key].push_back(i);
        }
        if (i < 2) continue;
        if (versions[i].sequence == versions[i - 1].sequence) {
          problem_ = "Two transactions wrote " + shown(key) + " at one sequence:\n  " +
                     name(versions[i - 1].writer) + "\n  " + name(versions[i].writer);
        }
        add_edge(versions[i - 1].writer, versions[i].writer, kWw, key);
      }
    }
  }

  // Those that committed, and those without an answer that one of these has read from.
  void find_who_counts() {
    counts_.resize(transactions_.size());
    std::vector<uint32_t> to_look_at;
    for (uint32_t t = 0; t < transactions_.size(); ++t) {
      if (transactions_[t].outcome == Outcome::kCommitted) to_look_at.push_back(t);
    }
    while (!to_look_at.empty()) {
      const uint32_t t = to_look_at.back();
      to_look_at.pop_back();
      counts_[t] = true;
      for (const Pair& pair : transactions_[t].reads) {
        const auto writer = unanswered_writer(pair);
        if (writer && !counts_[*writer]) to_look_at.push_back(*writer);
      }
    }
  }

  std::optional<uint32_t> unanswered_writer(const Pair& read) const {
    if (!read.value) return std::nullopt;
    const auto found = writers_.find({read.key, *read.value});
    if (found == writers_.end()) return std::nullopt;
    const Transaction& writer = transactions_[found->second];
    if (writer.outcome != Outcome::kUnknown) return std::nullopt;
    return last_writes(writer).at(read.key) == read.value ? std::optional(found->second)
                                                          : std::nullopt;
  }

  void add_reads(uint32_t reader) {
    for (const Pair& pair : transactions_[reader].reads) {
      if (const auto writer = unanswered_writer(pair)) {
        add_edge(*writer, reader, kWr, pair.key);
        continue;
      }
      const std::optional<size_t> place = version_read(reader, pair);
      if (!place) {
        problem_ = unreadable(reader, pair);
        return;
      }
      const std::vector<Version>& versions = versions_.at(pair.key);
      add_edge(versions[*place].writer, reader, kWr, pair.key);
      if (*place + 1 < versions.size()) {
        add_edge(reader, versions[*place + 1].writer, kRw, pair.key);
      }
    }
  }

  // The place of what was read among the versions of its key; none where it was never there.
  std::optional<size_t> version_read(uint32_t reader, const Pair& read) const {
    if (read.value) {
      const auto found = places_.find({read.key, *read.value});
      return found == places_.end() ? std::nullopt : std::optional(found->second);
    }
    const auto absent = absent_places_.find(read.key);
    if (absent == absent_places_.end()) return std::nullopt;
    const std::vector<Version>& versions = versions_.at(read.key);
    const Transaction& transaction = transactions_[reader];
    // One that writes reads below its own sequence, one that only reads at its own.
    const Sequence below = transaction.sequence + (transaction.writes.empty() ? 1 : 0);
    auto place = std::ranges::partition_point(
        absent->second, [&](size_t i) { return i == 0 || versions[i].sequence < below; });
    if (place != absent->second.begin()) return *std::prev(place);
    if (versions[*place].writer == reader) ++place;
    return place == absent->second.end() ? std::nullopt : std::optional(*place);
  }

  std::string unreadable(uint32_t reader, const Pair& read) const {
    std::string text = name(reader) + "\nhas read " + shown(read.key) + " as ";
    text += shown_or_absent(read.value) + ", ";
    if (!read.value) return text + "and it never was";
    const auto written = writers_.find({read.key, *read.value});
    if (written == writers_.end()) return text + "which nobody wrote";
    const bool aborted = transactions_[written->second].outcome == Outcome::kAborted;
    text += aborted ? "which was written by one that aborted:\n"
                    : "which its writer wrote over before it committed:\n";
    return text + name(written->second);
  }

  // Not an edge for each two: a transaction leads to the moment of its end, each moment to the
  // next, and the last one before its beginning to a transaction.
  void add_real_time() {
    std::vector<uint32_t> by_end;
    for (uint32_t t = 0; t < transactions_.size(); ++t) {
      if (transactions_[t].outcome == Outcome::kCommitted) by_end.push_back(t);
    }
    std::ranges::sort(by_end, {}, [this](uint32_t t) { return transactions_[t].end_ns; });
    std::vector<uint64_t> ends;
    std::vector<Node> moments;
    for (const uint32_t t : by_end) {
      const Node moment = graph_.add_node();
      if (!moments.empty()) graph_.add_edge(moments.back(), moment, kRt);
      graph_.add_edge(t, moment, kRt);
      moments.push_back(moment);
      ends.push_back(transactions_[t].end_ns);
    }
    for (uint32_t t = 0; t < transactions_.size(); ++t) {
      const auto ended = std::ranges::lower_bound(ends, transactions_[t].begin_ns) - ends.begin();
      if (ended > 0) graph_.add_edge(moments[static_cast<size_t>(ended) - 1], t, kRt);
    }
  }

  void add_edge(uint32_t from, uint32_t to, EdgeKind kind, const std::string& key) {
    if (from == to || from == kNobody) return;
    const auto [found, is_new] = key_numbers_.try_emplace(key, keys_.size());
    if (is_new) keys_.push_back(key);
    graph_.add_edge(from, to, static_cast<uint32_t>(found->second) * 4 + kind);
  }

  void look_for_cycle() {
    const std::vector<Graph::Link> cycle = graph_.find_cycle();
    if (cycle.empty()) return;
    // It begins with a transaction: moments alone are no cycle.
    size_t first = 0;
    while (cycle[first].from >= transactions_.size()) ++first;
    problem_ = "These transactions form a cycle, so they fit into no order:";
    bool on_time = false;  // between two transactions that only time connects
    for (size_t i = 0; i < cycle.size(); ++i) {
      const auto& [from, label] = cycle[(first + i) % cycle.size()];
      if (from < transactions_.size()) {
        problem_ += "\n  " + name(from);
        on_time = false;
      }
      if (on_time) continue;
      on_time = label % 4 == kRt;
      problem_ += std::string("\n    ") + kEdgeNames[label % 4];
      problem_ += on_time ? ": it ended before the next began" : " on " + shown(keys_[label / 4]);
    }
    problem_ += "\n  and that is the first again";
  }

  std::string name(uint32_t t) const {
    const Transaction& transaction = transactions_[t];
    std::string text = "transaction " + std::to_string(t) + " (thread " +
                       std::to_string(transaction.thread) + ", sequence " +
                       std::to_string(transaction.sequence) + "): reads";
    for (const Pair& pair : transaction.reads) {
      text += " " + shown(pair.key) + "=" + shown_or_absent(pair.value);
    }
    text += "; writes";
    for (const Pair& pair : transaction.writes) {
      text += " " + shown(pair.key) + "=" + shown_or_absent(pair.value);
    }
    return text;
  }

  const std::vector<Transaction>& transactions_;
  const SerializabilityOptions& options_;
  Graph graph_;                                                 // transactions, then moments
  std::map<std::string, std::vector<Version>> versions_;        // of each key, in their order
  std::map<std::string, std::vector<size_t>> absent_places_;    // of those that are absent
  std::unordered_map<KeyAndValue, size_t, KeyHash> places_;     // of those that are there
  std::unordered_map<KeyAndValue, uint32_t, KeyHash> writers_;  // of all values ever written
  std::vector<bool> counts_;
  std::vector<std::string> keys_;  // as labels number them
  std::unordered_map<std::string, size_t> key_numbers_;
  std::string problem_;
};

}  // namespace

Checked check_serializability(const std::vector<Transaction>& transactions,
                              const SerializabilityOptions& options) {
  return Checker(transactions, options).check();
}

}  // namespace skiplith::lab
