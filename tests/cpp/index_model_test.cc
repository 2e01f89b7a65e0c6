// Every engine against a std::map: seeded random operations on keys of many shapes, with cursors
// that stay where they are while keys come in around them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>

#include "mem/art.h"
#include "support/index_testing.h"

namespace skiplith {
namespace {

using Random = std::mt19937_64;

std::string random_bytes(Random& random, size_t size, Bytes alphabet = {}) {
  std::string bytes(size, ' ');
  for (char& byte : bytes) {
    byte = alphabet.empty() ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
  }
  return bytes;
}

std::string big_endian(uint64_t number) {
  number = __builtin_bswap64(number);
  return std::string(reinterpret_cast<const char*>(&number), 8);
}

struct Family {
  const char* name;
  std::function<std::string(Random&)> key;
  int operations = 6'000;
};

// Long enough that no node has it at hand.
const std::string kLong(300, 'p');

const Family kFamilies[] = {
    {"Random", [](Random& r) { return random_bytes(r, 16); }},
    {"Sequential", [](Random& r) { return big_endian(r() % 100'000); }},
    // Nodes of all sizes, and keys that end in them.
    {"Dense", [](Random& r) { return random_bytes(r, r() % 3); }},
    {"ZerosAndOnes", [](Random& r) { return random_bytes(r, r() % 12, Bytes("\0\1", 2)); }},
    {"Extremes", [](Random& r) { return random_bytes(r, r() % 6, Bytes("\0\x7f\x80\xff", 4)); }},
    {"BeginningsOfEachOther", [](Random& r) { return std::string(r() % 400, 'k'); }},
    {"BeginningsWithBranches",
     [](Random& r) { return std::string(r() % 100, 'k') + random_bytes(r, r() % 3, "jkl"); }},
    // Part at every byte of what a node skips: within eight bytes, and further.
    {"LongBeginningsInCommon",
     [](Random& r) { return kLong.substr(0, r() % 300) + random_bytes(r, r() % 3, "opq"); }},
    {"ShortBeginningsInCommon",
     [](Random& r) {
       std::string key = "customer/0000/order/";
       if (r() % 4 == 0) key.resize(r() % key.size());
       return key + random_bytes(r, r() % 4, "0123456789");
     }},
    {"Huge",
     [](Random& r) { return std::string(65'530 + r() % 5, 'h') + random_bytes(r, 1, "gh"); }, 500},
};

// SKIPLITH_INDEX_SEEDS=1000 for more.
int seeds() {
  const char* more = std::getenv("SKIPLITH_INDEX_SEEDS");
  return more == nullptr ? 1 : std::atoi(more);
}

using Param = std::tuple<IndexKind, Family>;

class IndexModelTest : public ::testing::TestWithParam<Param> {
 protected:
  static constexpr size_t kCursors = 3;
  static constexpr uint64_t kArenaBytes = uint64_t{1} << 30;

  using Model = std::map<std::string, Entry*>;

  void start(uint64_t seed) {
    random_.seed(seed);
    model_.clear();
    most_bytes_ = 0;
    arena_ = std::make_unique<Arena>(kArenaBytes);
    index_ = make_index(std::get<IndexKind>(GetParam()), *arena_);
    writer_ = std::make_unique<testing::IndexWriter>(*index_, *arena_);
    for (auto& cursor : cursors_) cursor = index_->cursor();
  }
  std::string random_key() { return std::get<Family>(GetParam()).key(random_); }
  Entry* entry_at(Model::const_iterator place) const {
    return place == model_.end() ? nullptr : place->second;
  }
  Entry* entry_before(Model::const_iterator place) const {
    return place == model_.begin() ? nullptr : std::prev(place)->second;
  }

  void insert() {
    const std::string key = random_key();
    learn(key, writer_->insert(key));
  }
  void insert_sorted() {
    std::vector<std::string> keys(1 + random_() % 20);
    for (std::string& key : keys) key = random_key();
    if (random_() % 8 != 0) std::sort(keys.begin(), keys.end());
    const auto inserter = index_->sorted_inserter();
    for (const std::string& key : keys) {
      writer_->reserve(key);
      learn(key, inserter->find_or_insert(key, writer_->arena_writer()));
    }
  }
  void learn(const std::string& key, Entry* entry) {
    ASSERT_EQ(entry->key(), key);
    const auto [place, is_new] = model_.emplace(key, entry);
    ASSERT_EQ(place->second, entry);
    if (is_new) most_bytes_ += index_->bytes_of_many(key.size());
  }
  void find() {
    const std::string key = random_key();
    for (int step = 0; step < Index::kAheadSteps; ++step) index_->fetch_ahead(key, step);
    ASSERT_EQ(index_->find(key), entry_at(model_.find(key)));
  }
  void move(EntryCursor& cursor) {
    const std::string key = random_key();
    Entry* expected = nullptr;
    switch (random_() % 10) {
      case 0:
        cursor.first();
        expected = entry_at(model_.begin());
        break;
      case 1:
        cursor.last();
        expected = entry_before(model_.end());
        break;
      case 2:
        cursor.seek(key);
        expected = entry_at(model_.lower_bound(key));
        break;
      case 3:
        cursor.seek_for_prev(key);
        expected = entry_before(model_.upper_bound(key));
        break;
      default:
        if (!cursor.valid()) return;
        const auto place = model_.find(std::string(cursor.entry()->key()));
        const bool forward = random_() % 2 == 0;
        forward ? cursor.next() : cursor.prev();
        expected = forward ? entry_at(std::next(place)) : entry_before(place);
    }
    ASSERT_EQ(cursor.entry(), expected);
  }
  void do_anything() {
    const uint64_t choice = random_() % 16;
    if (choice < 4) {
      insert();
    } else if (choice < 5) {
      insert_sorted();
    } else if (choice < 7) {
      find();
    } else {
      move(*cursors_[random_() % kCursors]);
    }
  }
  void expect_whole() {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : model_) keys.push_back(key);
    EXPECT_EQ(testing::keys_forward(*index_), keys);
    std::reverse(keys.begin(), keys.end());
    EXPECT_EQ(testing::keys_backward(*index_), keys);
    EXPECT_LE(arena_->used() - Arena::kFirstByte - writer_->arena_writer().left(), most_bytes_);
    if (const auto* art = dynamic_cast<const Art*>(index_.get())) art->check_nodes();
  }

  Random random_;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<testing::IndexWriter> writer_;
  std::unique_ptr<EntryCursor> cursors_[kCursors];
  Model model_;
  uint64_t most_bytes_ = 0;  // that the index says its keys may take
};

INSTANTIATE_TEST_SUITE_P(Engines, IndexModelTest,
                         ::testing::Combine(::testing::ValuesIn(testing::kAllIndexKinds),
                                            ::testing::ValuesIn(kFamilies)),
                         [](const auto& info) {
                           return index_kind_name(std::get<IndexKind>(info.param)) +
                                  std::string(std::get<Family>(info.param).name);
                         });

TEST_P(IndexModelTest, AgreesWithAMapAfterEveryOperation) {
  for (int seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    start(seed);
    for (int i = 0; i < std::get<Family>(GetParam()).operations; ++i) {
      do_anything();
      if (HasFatalFailure()) return;
    }
    expect_whole();
  }
}

}  // namespace
}  // namespace skiplith
