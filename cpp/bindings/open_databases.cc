#include "bindings/open_databases.h"

#include <atomic>
#include <vector>

#include "bindings/db.h"

namespace skiplith::python {
namespace {

// Leaked, and replaced in a forked child: there, another thread of the parent may have held the
// mutex for ever.
struct Registry {
  const uint32_t born = fork_generation();
  Mutex mutex;
  std::vector<std::weak_ptr<Db>> databases;
};

Registry& registry() {
  static std::atomic<Registry*> current{nullptr};
  Registry* found = current.load();
  if (found != nullptr && found->born == fork_generation()) return *found;
  auto fresh = std::make_unique<Registry>();
  if (current.compare_exchange_strong(found, fresh.get())) return *fresh.release();
  return *current.load();
}

}  // namespace

void OpenDatabases::add(const std::shared_ptr<Db>& db) {
  Registry& all = registry();
  const MutexLock lock(all.mutex);
  std::erase_if(all.databases, [](const std::weak_ptr<Db>& other) { return other.expired(); });
  all.databases.push_back(db);
}

void OpenDatabases::close_all() {
  std::vector<std::weak_ptr<Db>> databases;
  {
    Registry& all = registry();
    const MutexLock lock(all.mutex);
    databases = all.databases;
  }
  for (const std::weak_ptr<Db>& weak : databases) {
    const std::shared_ptr<Db> db = weak.lock();
    if (db == nullptr) continue;
    const int result = guarded([&] {
      db->close();
      return 0;
    });
    if (result < 0) PyErr_WriteUnraisable(nullptr);
  }
}

}  // namespace skiplith::python
