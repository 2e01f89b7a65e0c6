// The radix tree's nodes by themselves: each kind against a std::map of its children.
#include "mem/art_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace skiplith::art {
namespace {

using Kind = Node::Kind;

constexpr Step kNone = -2;

std::string name_of(Kind kind) {
  constexpr const char* kNames[] = {"Node4", "Node16", "Node48", "Node256"};
  return kNames[static_cast<int>(kind)];
}

class ArtNodeTest : public ::testing::TestWithParam<Kind> {
 protected:
  Node* make(Kind kind) { return Node::make(kind, memory_[kind == Kind::k256], 3, 0, 0); }
  Node* make() { return make(GetParam()); }
  static size_t room(Kind kind) {
    constexpr size_t kRoom[] = {4, 16, 48, 256};
    return kRoom[static_cast<int>(kind)];
  }

  static void expect_children(const Node& node, const std::map<Step, Link>& model) {
    for (Step step = kEnds; step <= kLastStep; ++step) {
      const auto equal = model.find(step);
      EXPECT_EQ(node.find(step), equal == model.end() ? Link{} : equal->second);
      const auto after = model.lower_bound(step);
      const Child first = node.first_from(step);
      EXPECT_EQ(first.link, after == model.end() ? Link{} : after->second);
      if (after != model.end()) {
        EXPECT_EQ(first.step, after->first);
      }
      const auto past = model.upper_bound(step);
      const Child last = node.last_to(step);
      EXPECT_EQ(last.link, past == model.begin() ? Link{} : std::prev(past)->second);
      if (past != model.begin()) {
        EXPECT_EQ(last.step, std::prev(past)->first);
      }
    }
    EXPECT_TRUE(node.first_from(kLastStep + 1).link.is_none());
    EXPECT_TRUE(node.last_to(kNone).link.is_none());
  }
  // Steps in random order; `with` is one of the first.
  std::vector<Step> shuffled_steps(Step with) {
    std::vector<Step> steps(256);
    std::iota(steps.begin(), steps.end(), 0);
    std::shuffle(steps.begin(), steps.end(), random_);
    std::swap(steps[random_() % 4], *std::find(steps.begin(), steps.end(), with));
    return steps;
  }

  std::mt19937_64 random_{5};
  alignas(64) char memory_[2][Node::kMaxBytes];
};

INSTANTIATE_TEST_SUITE_P(Kinds, ArtNodeTest,
                         ::testing::Values(Kind::k4, Kind::k16, Kind::k48, Kind::k256),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(ArtNodeTest, HoldsChildrenUpToItsRoomInOrder) {
  // The bytes that empty places, signed comparisons and borrows get wrong, each with and without.
  for (const Step with : {0, 1, 127, 128, 254, 255}) {
    for (const bool ends : {false, true}) {
      Node* node = make();
      std::map<Step, Link> model;
      if (ends) {
        node->add(kEnds, Link{99});
        model[kEnds] = Link{99};
      }
      expect_children(*node, model);
      for (const Step step : shuffled_steps(with)) {
        if (!node->has_room(step)) break;
        const Link link{static_cast<ArenaOffset>(1000 + step)};
        node->add(step, link);
        model[step] = link;
        if (model.size() < 20 || model.size() % 16 == 0) expect_children(*node, model);
      }
      EXPECT_EQ(model.size() - ends, room(GetParam()));
      expect_children(*node, model);
    }
  }
}

TEST_P(ArtNodeTest, KeyThatEndsThereAlwaysHasRoom) {
  Node* node = make();
  for (const Step step : shuffled_steps(0)) {
    if (node->has_room(step)) node->add(step, Link{1});
  }
  EXPECT_TRUE(node->has_room(kEnds));
  node->add(kEnds, Link{7});
  EXPECT_EQ(node->find(kEnds), Link{7});
}

TEST_P(ArtNodeTest, ReplacesAChildInItsPlace) {
  Node* node = make();
  std::map<Step, Link> model;
  for (const Step step : {200, 0, 3}) {
    node->add(step, Link{1});
    model[step] = Link{1};
  }
  node->replace(0, Link{8});
  model[0] = Link{8};
  expect_children(*node, model);
}

TEST_P(ArtNodeTest, CopyHasAllChildrenAndMoreRoom) {
  if (GetParam() == Kind::k256) return;
  Node* node = make();
  std::map<Step, Link> model{{kEnds, Link{3}}};
  node->add(kEnds, Link{3});
  for (const Step step : shuffled_steps(255)) {
    if (!node->has_room(step)) break;
    node->add(step, model[step] = Link{static_cast<ArenaOffset>(1000 + step)});
  }
  Node* larger = Node::make(node->larger_kind(), memory_[1], 3, 0, 0);
  larger->copy_children(*node);
  expect_children(*larger, model);
  EXPECT_TRUE(larger->has_room(0));
}

template <typename Word>
void expect_first_zero_byte_is_exact() {
  std::mt19937_64 random(7);
  constexpr unsigned char kBytes[] = {0, 0, 1, 0x7f, 0x80, 0x81, 0xff};
  for (int i = 0; i < 20'000; ++i) {
    unsigned char bytes[sizeof(Word)];
    for (unsigned char& byte : bytes) byte = kBytes[random() % sizeof kBytes];
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    EXPECT_EQ(first_zero_byte(word), std::find(bytes, bytes + sizeof bytes, 0) - bytes);
  }
}

TEST(ArtWord, FirstZeroByteIsExact) {
  expect_first_zero_byte_is_exact<uint32_t>();
  expect_first_zero_byte_is_exact<uint64_t>();
}

TEST(ArtTail, HasTheLastBytesOfAPathOnTop) {
  EXPECT_EQ(tail_of("abcdefghij", 9), uint64_t{0x6968676665646362});
  EXPECT_EQ(tail_of("abc", 2), uint64_t{0x6261} << 48);
  EXPECT_EQ(tail_of("abc", 0), 0u);
  EXPECT_EQ(tail_of(Bytes(), 0), 0u);
}

}  // namespace
}  // namespace skiplith::art
