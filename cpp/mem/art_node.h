// How the radix tree's nodes lie in the arena, and every memory order of theirs.
#pragma once

#include <atomic>
#include <bit>
#include <new>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"
#include "base/check.h"
#include "base/locks.h"
#include "mem/arena.h"
#include "mem/entry.h"

namespace skiplith::art {

// How a key goes on from a node: by its byte at the node's depth, or not at all, since it ends
// there. In the order of keys: who ends comes before who goes on.
using Step = int;
inline constexpr Step kEnds = -1;
inline constexpr Step kLastStep = 255;

inline Step step_of(Bytes key, uint32_t depth) {
  return key.size() == depth ? kEnds : static_cast<unsigned char>(key[depth]);
}

// What a step leads to: an entry, a node, or nothing. Entries lie at odd places of the arena and
// nodes at even ones, so the place itself says which.
struct Link {
  ArenaOffset place = 0;

  static Link to(const Arena& arena, const void* what) { return Link{arena.offset_of(what)}; }
  bool is_none() const { return place == 0; }
  bool is_entry() const { return (place & 1) != 0; }
  bool operator==(const Link&) const = default;
};
inline constexpr uint64_t kEntryAlignment = 2 * Arena::kUnit;  // plus one unit
static_assert(std::atomic<Link>::is_always_lock_free);

struct Child {
  Step step = kEnds;
  Link link;
};

// The last bytes of key[0, depth), up to eight, the very last one on top.
inline uint64_t tail_of(Bytes key, uint32_t depth) {
  uint64_t tail = 0;
  if (depth == 0) return tail;  // of an empty key, whose bytes may be nowhere
  const uint32_t size = depth < 8 ? depth : 8;
  std::memcpy(reinterpret_cast<char*>(&tail) + 8 - size, key.data() + depth - size, size);
  return tail;
}

// The place of a word's lowest byte that is zero; its size if none is. In `zeros` such a byte has
// its top bit set; a byte above it may have it too, by the borrow.
template <typename Word>
int first_zero_byte(Word word) {
  constexpr Word kOnes = static_cast<Word>(~Word{0}) / 255;
  const Word zeros = (word - kOnes) & ~word & (kOnes << 7);
  return zeros == 0 ? static_cast<int>(sizeof(Word)) : std::countr_zero(zeros) / 8;
}

// A node stands for a path: the first `depth` bytes that all keys below it begin with. Depth and
// path never change; `sample`, an entry below it, spells the path out, and `tail` has its end at
// hand. So a node that is put between two others changes neither.
//
//   0      4       8      16       20        24     25      26         28
//   | lock | depth | tail | sample | of kEnds | kind | count | replaced | bytes and links ...
//
// Readers take no lock. Whoever changes a node holds its lock: it has room for one more child, or
// a child makes way for another, or the node itself is replaced by a larger copy. Then it says so
// and is never changed again; who has its lock and finds it replaced begins again from the root.
class Node {
 public:
  enum class Kind : uint8_t { k4, k16, k48, k256 };
  static constexpr uint64_t kMaxBytes = 1056;

  // An empty node, not seen by others until a link to it is published.
  static Node* make(Kind kind, char* memory, uint32_t depth, uint64_t tail, ArenaOffset sample);
  static uint64_t bytes_for(Kind kind);
  // Nodes of more than one cache line begin on one.
  static uint64_t alignment_of(Kind kind) { return kind == Kind::k4 ? kEntryAlignment : 64; }

  Kind kind() const { return kind_; }
  Kind larger_kind() const { return static_cast<Kind>(static_cast<int>(kind_) + 1); }
  uint32_t depth() const { return depth_; }
  uint64_t tail() const { return tail_; }
  ArenaOffset sample() const { return sample_; }

  // Everything behind the link was written before it was published.
  Link find(Step step) const {
    const std::atomic<Link>* slot = slot_of(step);
    return slot == nullptr ? Link{} : load(*slot);
  }
  // The first child at `from` or after it, the last at `from` or before it. Their links are none
  // when there is no such child.
  Child first_from(Step from) const;
  Child last_to(Step from) const;
  // For whoever is going to look at all children: asks for those of a small node at once.
  void fetch_children(const Arena& arena) const;

  // True from before a larger copy can be reached. Who inserts into the copy has followed a link
  // to it, so whoever learns of that insert sees this, too.
  bool is_replaced() const {
    return replaced_.load(std::memory_order_relaxed);  // order: needs none, see above
  }

  // All below: the caller holds `lock`, or nobody else has seen the node.
  bool has_room(Step step) const {
    return step == kEnds || kind_ == Kind::k256 || count() < room();
  }
  // Needs has_room(), and no child at this step yet.
  void add(Step step, Link link);
  // Needs a child at this step.
  void replace(Step step, Link link) { publish(*slot_of(step), link); }
  void copy_children(const Node& from);
  void mark_replaced() {
    replaced_.store(true, std::memory_order_relaxed);  // order: replace() in the parent publishes
  }

  WordLock lock;

 protected:
  Node(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample)
      : depth_(depth), tail_(tail), sample_(sample), kind_(kind) {}

  static Link load(const std::atomic<Link>& slot) {
    return slot.load(std::memory_order_acquire);  // order: sees what lies behind the link
  }
  static void publish(std::atomic<Link>& slot, Link link) {
    slot.store(link, std::memory_order_release);  // order: publishes what lies behind the link
  }
  // Children whose bytes and links a reader may trust.
  int count() const {
    return count_.load(std::memory_order_acquire);  // order: sees that many bytes and links
  }
  void publish_count(int count) {
    // order: publishes the bytes and links up to it
    count_.store(static_cast<uint8_t>(count), std::memory_order_release);
  }

 private:
  int room() const { return kind_ == Kind::k4 ? 4 : kind_ == Kind::k16 ? 16 : 48; }
  // Where the step's link is, if it is anywhere.
  const std::atomic<Link>* slot_of(Step step) const;
  std::atomic<Link>* slot_of(Step step) {
    return const_cast<std::atomic<Link>*>(std::as_const(*this).slot_of(step));
  }

  const uint32_t depth_;
  const uint64_t tail_;
  const ArenaOffset sample_;
  std::atomic<Link> ends_{};  // the entry whose key is the path itself
  const Kind kind_;
  std::atomic<uint8_t> count_{0};  // of children by a byte; not kept by Node256
  std::atomic<bool> replaced_{false};
};

// Up to 4, up to 16 children: bytes in the order of their coming, links in the same order. The
// bytes are whole words, so that a reader compares many at once; only those below count() count.
template <typename Word, int kWords>
class FewNode : public Node {
 public:
  static constexpr int kRoom = kWords * static_cast<int>(sizeof(Word));

  FewNode(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample)
      : Node(kind, depth, tail, sample) {}

  const std::atomic<Link>* slot_of_byte(uint8_t byte) const {
    const int count = this->count();
    const int i = position_of(byte);
    return i < count ? &links_[i] : nullptr;
  }
  // Calls visit(byte, link) for each child.
  template <typename Visit>
  void for_each(Visit visit) const {
    const int count = this->count();
    for (int i = 0; i < count; ++i) {
      const Word word = word_at(i / kWordBytes);
      visit(static_cast<uint8_t>(word >> (i % kWordBytes * 8)), i);
    }
  }
  Link link_at(int i) const { return load(links_[i]); }
  void add_byte(uint8_t byte, Link link) {
    const int i = count();
    const Word word = word_at(i / kWordBytes);
    set_word(i / kWordBytes, word | static_cast<Word>(Word{byte} << (i % kWordBytes * 8)));
    publish(links_[i], link);
    publish_count(i + 1);
  }

 private:
  static constexpr int kWordBytes = sizeof(Word);

  Word word_at(int i) const {
    return bytes_[i].load(std::memory_order_relaxed);  // order: after count(), which has acquired
  }
  void set_word(int i, Word word) {
    bytes_[i].store(word, std::memory_order_relaxed);  // order: publish_count() publishes it
  }
  // The first place of the byte; kRoom or more if it has none. Places beyond count() hold zeros.
  int position_of(uint8_t byte) const {
#ifdef __SSE2__
    if constexpr (kRoom == 16) {
      const __m128i all =
          _mm_set_epi64x(static_cast<int64_t>(word_at(1)), static_cast<int64_t>(word_at(0)));
      const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(byte)));
      return std::countr_zero(static_cast<uint32_t>(_mm_movemask_epi8(equal)) | 1u << kRoom);
    }
#endif
    constexpr Word kOnes = static_cast<Word>(~Word{0}) / 255;
    for (int i = 0; i < kWords; ++i) {
      const int at = first_zero_byte<Word>(word_at(i) ^ (kOnes * byte));
      if (at < kWordBytes) return i * kWordBytes + at;
    }
    return kRoom;
  }

  std::atomic<Word> bytes_[kWords] = {};
  std::atomic<Link> links_[kRoom] = {};
};
using Node4 = FewNode<uint32_t, 1>;
using Node16 = FewNode<uint64_t, 2>;

// Up to 48 children: for each byte the number of its link, from 1; 0 is nothing.
class Node48 : public Node {
 public:
  static constexpr int kRoom = 48;

  Node48(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample)
      : Node(kind, depth, tail, sample) {}

  const std::atomic<Link>* slot_of_byte(uint8_t byte) const {
    // order: sees the link that was stored before its number
    const int number = numbers_[byte].load(std::memory_order_acquire);
    return number == 0 ? nullptr : &links_[number - 1];
  }
  void add_byte(uint8_t byte, Link link) {
    const int i = count();
    publish(links_[i], link);
    // order: publishes the link
    numbers_[byte].store(static_cast<uint8_t>(i + 1), std::memory_order_release);
    publish_count(i + 1);
  }

 private:
  std::atomic<uint8_t> numbers_[256] = {};
  std::atomic<Link> links_[kRoom] = {};
};

class Node256 : public Node {
 public:
  Node256(Kind kind, uint32_t depth, uint64_t tail, ArenaOffset sample)
      : Node(kind, depth, tail, sample) {}

  const std::atomic<Link>* slot_of_byte(uint8_t byte) const { return &links_[byte]; }
  void add_byte(uint8_t byte, Link link) { publish(links_[byte], link); }
  // How far from the node's beginning the byte's link lies.
  static constexpr size_t slot_bytes(uint8_t byte) { return sizeof(Node) + byte * sizeof(Link); }

 private:
  std::atomic<Link> links_[256] = {};
};

static_assert(sizeof(Node4) == 48);
static_assert(sizeof(Node16) == 112);
static_assert(sizeof(Node48) == 480);
static_assert(sizeof(Node256) <= Node::kMaxBytes);

inline const std::atomic<Link>* Node::slot_of(Step step) const {
  if (step == kEnds) return &ends_;
  const auto byte = static_cast<uint8_t>(step);
  switch (kind_) {
    case Kind::k4: return static_cast<const Node4*>(this)->slot_of_byte(byte);
    case Kind::k16: return static_cast<const Node16*>(this)->slot_of_byte(byte);
    case Kind::k48: return static_cast<const Node48*>(this)->slot_of_byte(byte);
    case Kind::k256: break;
  }
  return static_cast<const Node256*>(this)->slot_of_byte(byte);
}

}  // namespace skiplith::art
