#include "mem/art_node.h"

namespace skiplith::art {
namespace {

// Of the children of a small node, the first from a step on (or the last up to it).
template <bool first, typename Few>
Child nearest(const Few& node, Step from) {
  Child found;
  int at = -1;
  node.for_each([&](uint8_t byte, int i) {
    if (first ? byte < from || (at >= 0 && byte > found.step)
              : byte > from || (at >= 0 && byte < found.step)) {
      return;
    }
    found.step = byte;
    at = i;
  });
  if (at >= 0) found.link = node.link_at(at);
  return found;
}

}  // namespace

Node* Node::make(Kind kind, char* memory, uint32_t depth, uint64_t tail, ArenaOffset sample) {
  switch (kind) {
    case Kind::k4: return new (memory) Node4(kind, depth, tail, sample);
    case Kind::k16: return new (memory) Node16(kind, depth, tail, sample);
    case Kind::k48: return new (memory) Node48(kind, depth, tail, sample);
    case Kind::k256: break;
  }
  return new (memory) Node256(kind, depth, tail, sample);
}

uint64_t Node::bytes_for(Kind kind) {
  switch (kind) {
    case Kind::k4: return sizeof(Node4);
    case Kind::k16: return sizeof(Node16);
    case Kind::k48: return sizeof(Node48);
    case Kind::k256: break;
  }
  return sizeof(Node256);
}

Child Node::first_from(Step from) const {
  if (from == kEnds) {
    const Link link = load(ends_);
    if (!link.is_none()) return {kEnds, link};
    from = 0;
  }
  if (kind_ == Kind::k4) return nearest<true>(static_cast<const Node4&>(*this), from);
  if (kind_ == Kind::k16) return nearest<true>(static_cast<const Node16&>(*this), from);
  for (Step step = from; step <= kLastStep; ++step) {
    const Link link = find(step);
    if (!link.is_none()) return {step, link};
  }
  return {};
}

Child Node::last_to(Step from) const {
  if (from < kEnds) return {};
  if (kind_ == Kind::k4 || kind_ == Kind::k16) {
    const Child child = kind_ == Kind::k4 ? nearest<false>(static_cast<const Node4&>(*this), from)
                                          : nearest<false>(static_cast<const Node16&>(*this), from);
    if (!child.link.is_none()) return child;
  } else {
    for (Step step = from; step > kEnds; --step) {
      const Link link = find(step);
      if (!link.is_none()) return {step, link};
    }
  }
  return {kEnds, load(ends_)};
}

void Node::fetch_children(const Arena& arena) const {
  const auto fetch = [&](const auto& node) {
    node.for_each([&](uint8_t, int i) {
      const char* place = arena.at<char>(node.link_at(i).place);
      __builtin_prefetch(place);
      __builtin_prefetch(place + 64);  // an entry's version mostly follows it
    });
  };
  if (kind_ == Kind::k4) fetch(static_cast<const Node4&>(*this));
  if (kind_ == Kind::k16) fetch(static_cast<const Node16&>(*this));
}

void Node::add(Step step, Link link) {
  if (step == kEnds) {
    publish(ends_, link);
    return;
  }
  SKIPLITH_CHECK(has_room(step));
  const auto byte = static_cast<uint8_t>(step);
  switch (kind_) {
    case Kind::k4: static_cast<Node4*>(this)->add_byte(byte, link); break;
    case Kind::k16: static_cast<Node16*>(this)->add_byte(byte, link); break;
    case Kind::k48: static_cast<Node48*>(this)->add_byte(byte, link); break;
    case Kind::k256: static_cast<Node256*>(this)->add_byte(byte, link); break;
  }
}

void Node::copy_children(const Node& from) {
  for (Child child = from.first_from(kEnds); !child.link.is_none();
       child = from.first_from(child.step + 1)) {
    add(child.step, child.link);
  }
}

}  // namespace skiplith::art
