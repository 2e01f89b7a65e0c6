#include "mem/index.h"

#include "mem/art.h"
#include "mem/locked_map.h"
#include "mem/skiplist.h"

namespace skiplith {

std::unique_ptr<Index> make_index(IndexKind kind, Arena& arena) {
  switch (kind) {
    case IndexKind::kSkiplist: return std::make_unique<Skiplist>(arena);
    case IndexKind::kArt: return std::make_unique<Art>(arena);
    case IndexKind::kMutexMap: return std::make_unique<MutexMap>();
    case IndexKind::kRwlockMap: return std::make_unique<RwlockMap>();
  }
  SKIPLITH_CHECK(!"an index kind without an engine");
  return nullptr;
}

const char* index_kind_name(IndexKind kind) {
  switch (kind) {
    case IndexKind::kSkiplist: return "skiplist";
    case IndexKind::kArt: return "art";
    case IndexKind::kMutexMap: return "mutex_map";
    case IndexKind::kRwlockMap: return "rwlock_map";
  }
  return "unknown";
}

}  // namespace skiplith
