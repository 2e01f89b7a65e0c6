#include "table/block.h"

#include <new>

namespace skiplith {

BlockRef Block::make(size_t payload_bytes) {
  const uint64_t memory_bytes = sizeof(Block) + payload_bytes + kSlackBytes;
  void* memory = ::operator new(memory_bytes, std::align_val_t{alignof(Block)});
  auto* block = new (memory) Block(payload_bytes, memory_bytes);
  std::memset(block->data() + payload_bytes, 0, kSlackBytes);
  return BlockRef::adopt(block);
}

void Block::free(Block* block) {
  block->~Block();
  ::operator delete(block, std::align_val_t{alignof(Block)});
}

}  // namespace skiplith
