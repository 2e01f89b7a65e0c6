// Walks the radix tree in key order.
#pragma once

#include <vector>

#include "mem/art.h"

namespace skiplith {

// Keeps the path from the root to the entry stood on, so that most steps look at one node.
//
// Between two calls the path may go out of date. What has come in next to it shows: in a node of
// the path as a child, or by the node being replaced, or by its link no longer leading to the
// next node of the path. A step looks for the second and third in each node that it passes; if it
// finds one, it takes the path to its entry anew. A node of the path that it does not come to
// does not matter: what is new there lies beyond the step's goal.
//
// A path taken within a call needs no such look: whatever its nodes lack has come in since. So a
// step waits for nobody, not even for a writer that is about to link a larger node.
class Art::ArtCursor : public EntryCursor {
 public:
  explicit ArtCursor(const Art& art) : art_(art) { path_.reserve(kUsualDepth); }

  void seek(Bytes key) override;
  void seek_for_prev(Bytes key) override;
  void first() override;
  void last() override;
  void next() override { step_over<true>(); }
  void prev() override { step_over<false>(); }

 private:
  // One node of the path, and how the path goes on from there.
  struct Stop {
    const Node* node;
    Link link;  // that leads to the node; none for the root
    art::Step step;
  };

  // Takes the path towards a key, as far as it goes. How what lies at its end compares with the
  // key: *link is an entry or a node, and all below it is before the key (< 0), the key itself
  // (0), or after it; or *link is none.
  int walk_towards(Bytes key, Link* link);
  // To the first entry below a link of the path's last stop, or to the last one.
  template <bool forward>
  void stand_below(Link link);
  // To the entry next to all that lies below the path's end, in order; off either end if there is
  // none. With `known`, what the path's end is known to lead to: false if the path is out of date.
  template <bool forward>
  bool step_from_end(const Link* known);
  // What comes after a stop's step, or before it.
  template <bool forward>
  static art::Child beyond(const Stop& stop);
  template <bool forward>
  void step_over();
  // Having come to another node, asks for all that its steps and the next node's will look at.
  template <bool forward>
  void fetch_ahead() const;

  static constexpr size_t kUsualDepth = 16;

  const Art& art_;
  std::vector<Stop> path_;  // empty while there is no entry
};

}  // namespace skiplith
