#include "table/block.h"

#include <new>

namespace skiplith {

BlockRef Block::make(size_t payload_bytes) {
  const auto piece = BlockMemory::allocate(sizeof(Block) + payload_bytes + kSlackBytes);
  auto* block = new (piece.memory) Block(payload_bytes, piece);
  std::memset(block->data() + payload_bytes, 0, kSlackBytes);
  return BlockRef::adopt(block);
}

void Block::free(Block* block) {
  const BlockMemory::Piece piece{
      .memory = block, .bytes = block->memory_bytes_, .span = block->span_};
  block->~Block();
  BlockMemory::free(piece);
}

}  // namespace skiplith
