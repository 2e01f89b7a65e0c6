#include "db/loader.h"

#include "base/check.h"
#include "db/engine.h"

namespace skiplith {

Result<std::unique_ptr<Loader>> Database::loader() {
  const CountedCall call(calls_);
  SKIPLITH_RETURN_IF_ERROR(admit_write(call, false));
  return std::unique_ptr<Loader>(new Loader(shared_from_this(), engine_->begin_load()));
}

Loader::~Loader() {
  const CountedCall call(database_->calls_);
  if (database_->admit(call).is_ok()) {
    series_->remove_files();
  } else {
    series_->leave_files();
  }
}

Status Loader::check_order(Bytes key) const {
  if (pairs_ == 0 || Bytes(last_key_) < key) return Status::ok();
  const char* const wrong = key == Bytes(last_key_) ? " has the key of the pair before it"
                                                    : " has a smaller key than the pair before it";
  return Status::error(StatusCode::kInvalidArgument,
                       "pair " + std::to_string(pairs_ + 1) + wrong +
                           ": load takes pairs in ascending order, each key once");
}

Status Loader::add(const Batch& pairs) {
  const CountedCall call(database_->calls_);
  SKIPLITH_RETURN_IF_ERROR(database_->admit_write(call, false));
  MutationReader reader(pairs.payload());
  for (Mutation mutation; reader.next(&mutation); ++pairs_) {
    SKIPLITH_CHECK(mutation.kind == Kind::kPut);
    SKIPLITH_RETURN_IF_ERROR(check_order(mutation.key));
    last_key_ = mutation.key;
    SKIPLITH_RETURN_IF_ERROR(series_->add({.key = mutation.key, .value = mutation.value}));
  }
  SKIPLITH_CHECK(reader.ok());
  return Status::ok();
}

Status Loader::finish() {
  const CountedCall call(database_->calls_);
  SKIPLITH_RETURN_IF_ERROR(database_->admit_write(call, false));
  SKIPLITH_RETURN_IF_ERROR(series_->finish());
  return series_->tables().empty() ? Status::ok() : database_->engine_->load(*series_);
}

}  // namespace skiplith
