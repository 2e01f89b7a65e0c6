// Memory for blocks, on huge pages.
#pragma once

#include <array>
#include <list>

#include "base/address_range.h"
#include "base/locks.h"

namespace skiplith {

// A lookup reads a block in two or three of its pages. Where these are small, a virtual machine's
// processor needs longer to find one than to fetch what lies there (cpp/DESIGN.md, Tables).
//
// Regions of huge pages are cut into spans, a span into pieces of one size: as many as fit, so that
// of a piece for a block of 8 KiB 3% are unused, and of none more than a fifth. An empty span is
// cut anew for whatever comes; of empty regions one is kept, the others go back to the system. What
// is too large for this comes from operator new.
//
// One for the whole process: kept blocks outlive their database. Any thread.
class BlockMemory {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kSpanBytes = size_t{256} << 10;
  static constexpr size_t kMostPieceBytes = kSpanBytes / 4;

  struct Span;
  struct Piece {
    void* memory = nullptr;
    size_t bytes = 0;      // at least what was asked for
    Span* span = nullptr;  // it is a part of; null: operator new's
  };

  // Throws std::bad_alloc.
  static Piece allocate(size_t bytes);
  static void free(const Piece& piece);
  // What the process has in regions now.
  static uint64_t region_bytes();

 private:
  struct Region;
  static constexpr size_t kMostPieces = 1024;  // of a span

  BlockMemory();
  // A forked child has one of its own: there another thread may have held the mutex.
  static BlockMemory& of_process();

  Piece take(size_t bytes);
  void give_back(const Piece& piece);
  // With mutex_ held, as all that follow. Only the first two may throw.
  Span& span_with_room_locked(size_t pieces);
  Region& region_with_room_locked();
  void has_room_locked(Span& span);
  void has_no_room_locked(Span& span);
  // Its region, where that has to go back to the system; that is done without the mutex.
  std::list<Region> end_span_locked(Span& span);

  const uint32_t born_;  // the fork generation
  Mutex mutex_;          // row 10 of the wait order: short, no I/O
  std::list<Region> regions_;
  // By the number of pieces that they are cut into: the first of a list of spans with room.
  std::array<Span*, kMostPieces + 1> roomy_ = {};
};

}  // namespace skiplith
