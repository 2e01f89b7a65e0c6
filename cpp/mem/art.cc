#include "mem/art.h"

#include <algorithm>
#include <bit>

#include "base/sync_points.h"
#include "mem/art_cursor.h"

namespace skiplith {

using art::Child;
using art::step_of;

namespace {

using NodeLock = std::unique_lock<WordLock>;

// Moves the writer on to a place that is `remainder` above a multiple of `alignment`.
void align(ArenaWriter& writer, uint64_t alignment, uint64_t remainder) {
  const uint64_t place = reinterpret_cast<uintptr_t>(writer.position());
  const uint64_t gap = (remainder - place) % alignment;
  if (gap != 0) writer.allocate(gap);
}

bool is_key_of(const Entry& entry, Bytes key) {
  return entry.key_size == key.size() &&
         (key.empty() || std::memcmp(entry.key().data(), key.data(), key.size()) == 0);
}

// The first byte, from `from` on, in which they differ or one of them ends.
uint32_t first_difference(Bytes a, Bytes b, uint32_t from) {
  const size_t end = std::min(a.size(), b.size());
  size_t at = from;
  for (; at + 8 <= end; at += 8) {
    uint64_t words[2];
    std::memcpy(&words[0], a.data() + at, 8);
    std::memcpy(&words[1], b.data() + at, 8);
    const uint64_t differs = words[0] ^ words[1];
    if (differs != 0) return static_cast<uint32_t>(at) + std::countr_zero(differs) / 8;
  }
  while (at < end && a[at] == b[at]) ++at;
  return static_cast<uint32_t>(at);
}

}  // namespace

Entry* Art::find(Bytes key) const {
  const Node* node = &root_;
  // Skipped bytes are not compared on the way: the entry has them all.
  while (node->depth() <= key.size()) {
    const Link link = node->find(step_of(key, node->depth()));
    if (link.is_none()) return nullptr;
    if (link.is_entry()) return is_key_of(*entry_at(link), key) ? entry_at(link) : nullptr;
    node = node_at(link);
  }
  return nullptr;
}

uint32_t Art::parts_at(const Node& node, Bytes key, uint32_t from) const {
  const uint32_t depth = node.depth();
  const uint32_t skipped = depth - from;
  if (skipped == 0) return depth;
  if (skipped <= 8 && key.size() >= depth) {
    const uint64_t differs = (art::tail_of(key, depth) ^ node.tail()) >> (64 - 8 * skipped);
    return differs == 0 ? depth : from + static_cast<uint32_t>(std::countr_zero(differs)) / 8;
  }
  return first_difference(key, arena_.at<Entry>(node.sample())->key().substr(0, depth), from);
}

Art::Spot Art::search(Bytes key) {
  Spot spot{nullptr, &root_, {}, 0, nullptr};
  for (;;) {
    const uint32_t depth = spot.node->depth();
    const art::Step step = step_of(key, depth);
    spot.link = spot.node->find(step);
    if (spot.link.is_none()) return spot;
    const uint32_t agreed = step == art::kEnds ? depth : depth + 1;
    if (spot.link.is_entry()) {
      Entry* entry = entry_at(spot.link);
      spot.parts = first_difference(key, entry->key(), agreed);
      if (spot.parts == key.size() && spot.parts == entry->key_size) spot.entry = entry;
      return spot;
    }
    Node* child = node_at(spot.link);
    spot.parts = parts_at(*child, key, agreed);
    if (spot.parts < child->depth()) return spot;
    spot.parent = spot.node;
    spot.node = child;
  }
}

Entry* Art::find_or_insert(Bytes key, ArenaWriter& writer) {
  // An overwrite takes 125 ns this way and 180 to 340 without it; to an insert it makes no odds.
  if (Entry* found = Art::find(key)) return found;
  for (;;) {
    const Spot spot = search(key);
    if (spot.entry != nullptr) return spot.entry;
    SKIPLITH_SYNC_POINT(art_place_found);
    char* const start = writer.position();
    Entry* entry = spot.link.is_none() ? add(spot, key, writer) : split(spot, key, writer);
    if (entry != nullptr) return entry;
    writer.give_back(start);
    SKIPLITH_SYNC_POINT(art_retry);
  }
}

Entry* Art::add(const Spot& spot, Bytes key, ArenaWriter& writer) {
  Node& node = *spot.node;
  const art::Step step = step_of(key, node.depth());
  if (!node.has_room(step)) return grow(spot, key, writer);  // it never has room again
  Entry* entry = make_entry(key, writer);
  SKIPLITH_SYNC_POINT(art_insert_prepared);
  NodeLock lock(node.lock);
  if (node.is_replaced() || !node.find(step).is_none() || !node.has_room(step)) return nullptr;
  SKIPLITH_SYNC_POINT(art_place_checked);
  node.add(step, Link::to(arena_, entry));
  return entry;
}

Entry* Art::grow(const Spot& spot, Bytes key, ArenaWriter& writer) {
  Node& parent = *spot.parent;  // the root never needs to grow
  Node& node = *spot.node;
  const art::Step step = step_of(key, node.depth()), parent_step = step_of(key, parent.depth());
  Entry* entry = make_entry(key, writer);
  Node* larger = make_node(node.larger_kind(), node.depth(), node.tail(), node.sample(), writer);
  SKIPLITH_SYNC_POINT(art_insert_prepared);
  NodeLock parent_lock(parent.lock);
  if (parent.is_replaced() || parent.find(parent_step) != Link::to(arena_, &node)) return nullptr;
  NodeLock lock(node.lock);
  if (!node.find(step).is_none()) return nullptr;
  larger->copy_children(node);
  larger->add(step, Link::to(arena_, entry));
  SKIPLITH_SYNC_POINT(art_place_checked);
  node.mark_replaced();
  SKIPLITH_SYNC_POINT(art_node_given_up);
  parent.replace(parent_step, Link::to(arena_, larger));
  SKIPLITH_SYNC_POINT(art_node_replaced);
  return entry;
}

Entry* Art::split(const Spot& spot, Bytes key, ArenaWriter& writer) {
  Node& node = *spot.node;
  const art::Step step = step_of(key, node.depth());
  const Entry* other =
      spot.link.is_entry() ? entry_at(spot.link) : arena_.at<Entry>(node_at(spot.link)->sample());
  Entry* entry = make_entry(key, writer);
  Node* fork = make_node(Kind::k4, spot.parts, art::tail_of(key, spot.parts),
                         arena_.offset_of(entry), writer);
  fork->add(step_of(other->key(), spot.parts), spot.link);
  fork->add(step_of(key, spot.parts), Link::to(arena_, entry));
  SKIPLITH_SYNC_POINT(art_insert_prepared);
  NodeLock lock(node.lock);
  if (node.is_replaced() || node.find(step) != spot.link) return nullptr;
  SKIPLITH_SYNC_POINT(art_place_checked);
  node.replace(step, Link::to(arena_, fork));
  return entry;
}

Entry* Art::make_entry(Bytes key, ArenaWriter& writer) const {
  align(writer, art::kEntryAlignment, Arena::kUnit);
  return new (writer.allocate(Entry::bytes_for(key.size()))) Entry(key);
}

art::Node* Art::make_node(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample,
                          ArenaWriter& writer) const {
  align(writer, Node::alignment_of(kind), 0);
  return Node::make(kind, writer.allocate(Node::bytes_for(kind)), depth, tail, sample);
}

uint64_t Art::insert_bytes(size_t key_size) const {
  return Arena::kUnit + round_up(Entry::bytes_for(key_size), Arena::kUnit) + (64 - Arena::kUnit) +
         Node::kMaxBytes;
}

// Every insert makes at most one Node4 and at most two links. A node grows when it has as many
// links as there is room for, so to 16, 48 and 256 children it costs no more than this for each of
// them.
uint64_t Art::bytes_of_many(size_t key_size) const {
  constexpr uint64_t kAlign = 64 - Arena::kUnit;
  constexpr uint64_t kLinkBytes = (sizeof(art::Node16) + kAlign) / art::Node4::kRoom +
                                  (sizeof(art::Node48) + kAlign) / art::Node16::kRoom +
                                  (sizeof(art::Node256) + kAlign) / art::Node48::kRoom + 1;
  return Arena::kUnit + round_up(Entry::bytes_for(key_size), Arena::kUnit) + Arena::kUnit +
         sizeof(art::Node4) + 2 * round_up(kLinkBytes, Arena::kUnit);
}

void Art::fetch_ahead(Bytes key, int step) const {
  const Node* node = &root_;
  for (int passed = 0; node->depth() < key.size(); ++passed) {
    const Link link = node->find(step_of(key, node->depth()));
    if (link.is_none()) return;
    const char* place = arena_.at<char>(link.place);
    if (link.is_entry() || step == passed) {
      __builtin_prefetch(place);
      // Below the root lie the largest nodes, most often, and there the link for the next byte.
      const uint32_t depth = node->depth() + 1;
      if (link.is_entry() || depth == key.size()) return;
      __builtin_prefetch(place + (passed == 0 ? art::Node256::slot_bytes(key[depth]) : 64));
      return;
    }
    node = node_at(link);
  }
}

void Art::check_nodes() const {
  std::vector<const Node*> to_check{&root_};
  while (!to_check.empty()) {
    const Node& node = *to_check.back();
    to_check.pop_back();
    SKIPLITH_CHECK(!node.is_replaced() && !node.lock.is_locked());
    Bytes path;
    if (&node != &root_) path = arena_.at<Entry>(node.sample())->key().substr(0, node.depth());
    SKIPLITH_CHECK(path.size() == node.depth() && art::tail_of(path, node.depth()) == node.tail());
    int children = 0;
    for (Child child = node.first_from(art::kEnds); !child.link.is_none();
         child = node.first_from(child.step + 1)) {
      ++children;
      const Node* below = child.link.is_entry() ? nullptr : node_at(child.link);
      const Bytes key = below ? arena_.at<Entry>(below->sample())->key()  //
                              : entry_at(child.link)->key();
      SKIPLITH_CHECK(key.starts_with(path) && step_of(key, node.depth()) == child.step);
      SKIPLITH_CHECK(node.find(child.step) == child.link);
      if (below == nullptr) continue;
      SKIPLITH_CHECK(child.step != art::kEnds && below->depth() > node.depth());
      to_check.push_back(below);
    }
    SKIPLITH_CHECK(&node == &root_ || children >= 2);
  }
}

// Starting from the last place gains little: what it would skip are the few nodes near the root,
// which are in the cache. An insert of an ascending key takes 50 ns altogether, a version of 100
// bytes included.
class Art::Inserter : public Index::SortedInserter {
 public:
  explicit Inserter(Art& art) : art_(art) {}
  Entry* find_or_insert(Bytes key, ArenaWriter& writer) override {
    return art_.find_or_insert(key, writer);
  }

 private:
  Art& art_;
};

std::unique_ptr<Index::SortedInserter> Art::sorted_inserter() {
  return std::make_unique<Inserter>(*this);
}

std::unique_ptr<EntryCursor> Art::cursor() const { return std::make_unique<ArtCursor>(*this); }

}  // namespace skiplith
