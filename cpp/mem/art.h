// An adaptive radix tree (Leis, Kemper, Neumann 2013): readers without locks, writers that lock
// the one or two nodes they change (as in "The ART of Practical Synchronization", 2016).
#pragma once

#include "mem/art_node.h"
#include "mem/index.h"

namespace skiplith {

// A search goes from the root to an entry, at each node by one byte of the key, and skips the
// bytes in which all keys below agree. A key that is the beginning of others ends at a node.
//
// Invariants:
//  * A node that is not replaced is the one place of the keys that begin with its path: from it
//    links lead to all of them and to no others. (The root's path is empty.)
//  * Depth and path of a node never change, and along links depth ascends: every search ends.
//  * A link, once there, leads to the same entry, or to a node below which that entry is, for
//    good. Entries and nodes are never freed: a reader that came to a node before it was replaced
//    finds there what the tree held at that moment, which is while its search ran.
//
// A key comes in, its place once found, in one of three ways, each under locks, and only if the
// place has not changed meanwhile; else the insert begins again:
//  * The node has room: its lock; one more child.
//  * A node or an entry on the way parts from the key within bytes that were skipped: the lock of
//    the node before it, whose child a new Node4 becomes, with both below.
//  * The node is full: the locks of the node before it, then its own; a larger copy of it takes
//    its place, and it says that it is replaced before the copy can be reached.
// Locks are taken downwards, so in one order by all.
//
// What publishes what: storing a link (release) publishes the entry or node behind it, and that a
// node was replaced by it; following one (acquire) sees them.
class Art : public Index {
 public:
  explicit Art(Arena& arena) : arena_(arena) {}

  Entry* find(Bytes key) const override;
  Entry* find_or_insert(Bytes key, ArenaWriter& writer) override;
  uint64_t insert_bytes(size_t key_size) const override;
  uint64_t bytes_of_many(size_t key_size) const override;
  void fetch_ahead(Bytes key, int step) const override;
  std::unique_ptr<SortedInserter> sorted_inserter() override;
  std::unique_ptr<EntryCursor> cursor() const override;

  // Every key is where its bytes lead, every node says of its path what is so, none is replaced or
  // of no use: a failed check if not. While nobody inserts.
  void check_nodes() const;

 private:
  class Inserter;
  class ArtCursor;
  using Kind = art::Node::Kind;
  using Link = art::Link;
  using Node = art::Node;

  // Where a search for a key ends: at a link of `node`, below which the key is not.
  struct Spot {
    Node* parent;    // whose link led to `node`; nullptr if that is the root
    Node* node;      // the key begins with its path
    Link link;       // at the key's step from there: nothing, or what parts from the key
    uint32_t parts;  // at which byte it does
    Entry* entry;    // the key's, if it is there
  };

  Entry* entry_at(Link link) const { return arena_.at<Entry>(link.place); }
  // Most nodes are two cache lines: which link is wanted is known when the first has come, and the
  // second comes along with it.
  Node* node_at(Link link) const {
    Node* node = arena_.at<Node>(link.place);
    __builtin_prefetch(reinterpret_cast<const char*>(node) + 64);
    return node;
  }

  // At which byte a key parts from a node's path, at `from` or after it; the node's depth if it
  // begins with the path. Up to `from` they are known to agree.
  uint32_t parts_at(const Node& node, Bytes key, uint32_t from) const;
  Spot search(Bytes key);
  // The three ways to insert. nullptr: the place has changed, nothing is taken.
  Entry* add(const Spot& spot, Bytes key, ArenaWriter& writer);
  Entry* grow(const Spot& spot, Bytes key, ArenaWriter& writer);
  Entry* split(const Spot& spot, Bytes key, ArenaWriter& writer);

  Entry* make_entry(Bytes key, ArenaWriter& writer) const;
  Node* make_node(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample,
                  ArenaWriter& writer) const;

  Arena& arena_;
  alignas(64) art::Node256 root_{Kind::k256, 0, 0, 0};
};

}  // namespace skiplith
