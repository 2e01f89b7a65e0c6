#include "db/table_store.h"

namespace skiplith {
namespace {

constexpr uint64_t kBytesBetween = 1 << 20;

// The newest version of every key. Who needs an older one has the memtable itself in its view.
Status add_newest(const Memtable& memtable, TableBuilder& builder,
                  const std::function<Status()>& between) {
  uint64_t next_between = kBytesBetween;
  const auto entries = memtable.index().cursor();
  for (entries->first(); entries->valid(); entries->next()) {
    Sequence sequence = 0;
    const Version* version = memtable.visible(*entries->entry(), kLatest, &sequence);
    if (version == nullptr) continue;
    SKIPLITH_RETURN_IF_ERROR(builder.add({.key = entries->entry()->key(),
                                          .sequence = sequence,
                                          .kind = version->kind,
                                          .value = version->value()}));
    if (builder.bytes() < next_between) continue;
    next_between = builder.bytes() + kBytesBetween;
    SKIPLITH_RETURN_IF_ERROR(between());
  }
  return Status::ok();
}

}  // namespace

TableStore::TableStore(Files& files, std::string directory, const Options& options,
                       Manifest& manifest)
    : options_(options),
      manifest_(manifest),
      home_(std::make_shared<TableHome>(files, std::move(directory), manifest.database(),
                                        options.cache_bytes)) {}

TableOptions TableStore::options_for(uint32_t level) const {
  return {.compression = options_.compression[level], .filter_bits = options_.filter_bits};
}

Result<std::vector<TableMeta>> TableStore::write(const Memtable& memtable,
                                                 const std::function<Status()>& between) const {
  std::vector<TableMeta> written;
  const auto cursor = memtable.cursor(kLatest);
  cursor->first();
  if (!cursor->valid()) return written;

  const uint64_t number = manifest_.take_file_number();
  const std::string path = home_->path_of(number);
  auto builder = TableBuilder::create(home_->files, path, home_->database, number, options_for(0));
  if (!builder.is_ok()) return builder.take_status();
  Status added = add_newest(memtable, **builder, between);
  Result<TableProperties> properties = added.is_ok() ? (*builder)->finish() : std::move(added);
  if (!properties.is_ok()) {
    builder->reset();
    (void)home_->files.remove(path);
    return properties.take_status();
  }
  written.push_back(meta_of(*properties, 0));
  return written;
}

}  // namespace skiplith
