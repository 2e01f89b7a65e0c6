// The search for an order of one part of a history.
#pragma once

#include <unordered_set>

#include "lab/parts.h"
#include "lab/verdict.h"

namespace skiplith::lab {

// What is left of a budget. All searches of one history take from it.
class Allowance {
 public:
  explicit Allowance(const Budget& budget);
  // One state more; false when there is none left.
  bool take();
  uint64_t taken() const { return taken_; }

 private:
  const uint64_t steps_;
  const uint64_t until_ns_;
  uint64_t taken_ = 0;
  bool late_ = false;
};

// Depth first, over the list of what is not yet in the order: calls and returns as they happened.
// Every call before the first return may come next. At that return, if all of them were tried, the
// search goes back.
//
// An operation that may come next, and by its answer changed nothing, is taken at once, and never
// anything else in its place: in any order that has it later it can be moved here. (Not so one that
// would change nothing just now, like a put of the value that is there: later it might.) A pending
// one that changes nothing now is of no use now.
class Search {
 public:
  Search(const Part& part, Values& values, Allowance& allowance);
  Verdict run();
  // Why there is no order; after a violation.
  std::string explanation() const;

 private:
  using Index = uint32_t;  // into events_, which are in the order of time; 0 is the list's head
  struct Event {
    Index next, previous;
    uint32_t step;
    bool is_call;
    Index other = 0;  // a call's return, 0 while pending; a return's call
  };
  struct Taken {
    Index call;
    size_t mark;  // of the model, before
    bool alone;   // nothing else need be tried in its place
  };
  struct DigestHash {
    size_t operator()(const Digest& digest) const { return digest.low; }
  };
  // The furthest return that the search got stuck at, and how it stood there. Numbers of steps.
  struct Stuck {
    Index at = 0;
    size_t taken = 0;
    std::vector<uint32_t> last_taken = {};
    std::vector<uint32_t> could_be_next = {};
    std::vector<Step::Place> state = {};
  };

  void make_events();
  // Appends the call to the order if it may come next, and there is any use in it.
  bool take(Index call);
  void put_back();  // what was taken last
  // Whether the search is here for the first time.
  bool is_new();
  // Takes one call that changed nothing; false when none fits.
  bool take_reader();
  // Back to the last choice. The event from which to look for another; 0: all were tried.
  Index go_back();
  void unlink(Index event);
  void relink(Index event);
  void note_stuck(Index at);
  std::vector<Step::Place> state_seen_by(const std::vector<uint32_t>& steps) const;

  const Part& part_;
  Values& values_;
  Allowance& allowance_;
  Model model_;
  std::vector<Event> events_;
  std::vector<Taken> taken_;
  Digest taken_digest_;
  std::unordered_set<Digest, DigestHash> seen_;
  size_t returns_left_ = 0;
  Stuck stuck_;
};

}  // namespace skiplith::lab
