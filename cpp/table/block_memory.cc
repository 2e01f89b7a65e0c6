#include "table/block_memory.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <new>
#include <utility>

#include "base/bytes.h"
#include "base/threads.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace skiplith {
namespace {

constexpr size_t kSpans = 16;  // of a region: two huge pages, the least that an address range makes

// AddressSanitizer knows nothing of pieces but what it is told here.
void forbid([[maybe_unused]] const void* begin, [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(begin, bytes);
#endif
}
void allow([[maybe_unused]] const void* begin, [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(begin, bytes);
#endif
}

}  // namespace

struct BlockMemory::Span {
  Region* region = nullptr;
  char* begin = nullptr;
  size_t pieces = 0;  // 0: not cut
  size_t taken = 0;
  std::array<uint64_t, kMostPieces / 64> free_pieces = {};  // a bit for each
  Span* before = nullptr;                                   // in the list of those with room
  Span* behind = nullptr;

  size_t piece_bytes() const { return kSpanBytes / pieces / kAlignment * kAlignment; }
  void cut(size_t into) {
    pieces = into;
    for (size_t i = 0; i < pieces; ++i) free_pieces[i / 64] |= uint64_t{1} << i % 64;
  }
  char* take() {
    const auto word = std::ranges::find_if(free_pieces, [](uint64_t bits) { return bits != 0; });
    const auto bit = static_cast<size_t>(std::countr_zero(*word));
    *word &= *word - 1;
    ++taken;
    return begin + (static_cast<size_t>(word - free_pieces.begin()) * 64 + bit) * piece_bytes();
  }
  void give_back(const char* memory) {
    const size_t piece = static_cast<size_t>(memory - begin) / piece_bytes();
    free_pieces[piece / 64] |= uint64_t{1} << piece % 64;
    --taken;
  }
};

struct BlockMemory::Region {
  explicit Region(BlockMemory& its_owner) : owner(its_owner) {
    for (size_t i = 0; i < kSpans; ++i) {
      spans[i].region = this;
      spans[i].begin = memory.base() + i * kSpanBytes;
    }
    forbid(memory.base(), memory.bytes());
  }
  ~Region() { allow(memory.base(), memory.bytes()); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  BlockMemory& owner;
  const AddressRange memory{kSpans * kSpanBytes};
  std::array<Span, kSpans> spans;
  size_t cut_spans = 0;
};

BlockMemory::BlockMemory() : born_(fork_generation()) {}

BlockMemory& BlockMemory::of_process() {
  static std::atomic<BlockMemory*> current{nullptr};
  BlockMemory* found = current.load();
  if (found != nullptr && found->born_ == fork_generation()) [[likely]]
    return *found;
  std::unique_ptr<BlockMemory> fresh(new BlockMemory);
  if (current.compare_exchange_strong(found, fresh.get())) return *fresh.release();
  return *found;  // another thread's, which was faster
}

BlockMemory::Piece BlockMemory::allocate(size_t bytes) {
  if (bytes <= kMostPieceBytes) return of_process().take(bytes);
  return {.memory = ::operator new(bytes, std::align_val_t{kAlignment}), .bytes = bytes};
}

void BlockMemory::free(const Piece& piece) {
  if (piece.span == nullptr) {
    ::operator delete(piece.memory, std::align_val_t{kAlignment});
    return;
  }
  BlockMemory& owner = piece.span->region->owner;
  // A child leaves what is its parent's.
  if (owner.born_ == fork_generation()) owner.give_back(piece);
}

uint64_t BlockMemory::region_bytes() {
  BlockMemory& memory = of_process();
  const MutexLock lock(memory.mutex_);
  return memory.regions_.size() * kSpans * kSpanBytes;
}

BlockMemory::Piece BlockMemory::take(size_t bytes) {
  const size_t pieces = std::min(kSpanBytes / round_up(bytes, kAlignment), kMostPieces);
  const MutexLock lock(mutex_);
  Span& span = span_with_room_locked(pieces);
  char* const memory = span.take();
  if (span.taken == pieces) has_no_room_locked(span);
  allow(memory, span.piece_bytes());
  return {.memory = memory, .bytes = span.piece_bytes(), .span = &span};
}

BlockMemory::Span& BlockMemory::span_with_room_locked(size_t pieces) {
  if (roomy_[pieces] != nullptr) return *roomy_[pieces];
  Region& region = region_with_room_locked();
  Span& span = *std::ranges::find(region.spans, 0U, &Span::pieces);
  span.cut(pieces);
  ++region.cut_spans;
  has_room_locked(span);
  return span;
}

void BlockMemory::has_room_locked(Span& span) {
  span.before = nullptr;
  span.behind = std::exchange(roomy_[span.pieces], &span);
  if (span.behind != nullptr) span.behind->before = &span;
}

void BlockMemory::has_no_room_locked(Span& span) {
  if (span.behind != nullptr) span.behind->before = span.before;
  (span.before == nullptr ? roomy_[span.pieces] : span.before->behind) = span.behind;
}

BlockMemory::Region& BlockMemory::region_with_room_locked() {
  for (Region& region : regions_) {
    if (region.cut_spans < kSpans) return region;
  }
  return regions_.emplace_back(*this);
}

void BlockMemory::give_back(const Piece& piece) {
  std::list<Region> unused;
  const MutexLock lock(mutex_);
  Span& span = *piece.span;
  forbid(piece.memory, piece.bytes);
  if (span.taken == span.pieces) has_room_locked(span);
  span.give_back(static_cast<const char*>(piece.memory));
  if (span.taken == 0) unused = end_span_locked(span);
}

std::list<BlockMemory::Region> BlockMemory::end_span_locked(Span& span) {
  has_no_room_locked(span);
  span.pieces = 0;
  span.free_pieces = {};
  std::list<Region> unused;
  Region& region = *span.region;
  if (--region.cut_spans > 0) return unused;
  const auto is_empty = [](const Region& other) { return other.cut_spans == 0; };
  if (std::ranges::count_if(regions_, is_empty) > 1) {
    unused.splice(unused.end(), regions_,
                  std::ranges::find(regions_, &region, [](Region& other) { return &other; }));
  }
  return unused;
}

}  // namespace skiplith
