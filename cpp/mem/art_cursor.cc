#include "mem/art_cursor.h"

namespace skiplith {

using art::Child;
using art::step_of;

void Art::ArtCursor::seek(Bytes key) {
  Link link;
  const int order = walk_towards(key, &link);
  if (!link.is_none() && order >= 0) {
    stand_below<true>(link);
  } else {
    step_from_end<true>(nullptr);
  }
}

void Art::ArtCursor::seek_for_prev(Bytes key) {
  Link link;
  const int order = walk_towards(key, &link);
  if (!link.is_none() && order <= 0) {
    stand_below<false>(link);
  } else {
    step_from_end<false>(nullptr);
  }
}

void Art::ArtCursor::first() {
  path_.assign(1, Stop{&art_.root_, {}, art::kEnds - 1});
  step_from_end<true>(nullptr);
}

void Art::ArtCursor::last() {
  path_.assign(1, Stop{&art_.root_, {}, art::kLastStep + 1});
  step_from_end<false>(nullptr);
}

int Art::ArtCursor::walk_towards(Bytes key, Link* link) {
  path_.clear();
  *link = {};
  for (const Node* node = &art_.root_;;) {
    const uint32_t depth = node->depth();
    const art::Step step = step_of(key, depth);
    path_.push_back({node, *link, step});
    *link = node->find(step);
    if (link->is_none()) return 0;
    if (link->is_entry()) return art_.entry_at(*link)->key().compare(key);
    node = art_.node_at(*link);
    const uint32_t parts = art_.parts_at(*node, key, depth + 1);
    if (parts == node->depth()) continue;
    const Bytes sample = art_.arena_.at<Entry>(node->sample())->key();
    return sample.substr(parts, 1).compare(key.substr(parts, 1));
  }
}

template <bool forward>
void Art::ArtCursor::stand_below(Link link) {
  while (!link.is_entry()) {
    const Node* node = art_.node_at(link);
    const Child child = forward ? node->first_from(art::kEnds) : node->last_to(art::kLastStep);
    path_.push_back({node, link, child.step});
    link = child.link;
  }
  entry_ = art_.entry_at(link);
}

template <bool forward>
Child Art::ArtCursor::beyond(const Stop& stop) {
  return forward ? stop.node->first_from(stop.step + 1) : stop.node->last_to(stop.step - 1);
}

template <bool forward>
bool Art::ArtCursor::step_from_end(const Link* known) {
  Link below = known == nullptr ? Link{} : *known;
  for (; !path_.empty(); path_.pop_back()) {
    Stop& stop = path_.back();
    if (known != nullptr) {
      if (stop.node->is_replaced() || stop.node->find(stop.step) != below) return false;
      below = stop.link;
    }
    const Child child = beyond<forward>(stop);
    if (child.link.is_none()) continue;
    stop.step = child.step;
    stand_below<forward>(child.link);
    return true;
  }
  entry_ = nullptr;
  return true;
}

template <bool forward>
void Art::ArtCursor::step_over() {
  const Node* node = path_.back().node;
  const Link known = Link::to(art_.arena_, entry_);
  if (!step_from_end<forward>(&known)) {
    Link link;
    walk_towards(entry_->key(), &link);
    step_from_end<forward>(nullptr);
  }
  if (path_.size() >= 2 && path_.back().node != node) fetch_ahead<forward>();
}

// A step of a walk over 450,000 random keys takes 71 ns so, 90 without the next node, and 140 with
// neither.
template <bool forward>
void Art::ArtCursor::fetch_ahead() const {
  path_.back().node->fetch_children(art_.arena_);
  const Link next = beyond<forward>(path_[path_.size() - 2]).link;
  if (!next.is_none()) __builtin_prefetch(art_.node_at(next));
}

}  // namespace skiplith
