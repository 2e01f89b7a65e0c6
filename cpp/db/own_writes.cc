#include "db/own_writes.h"

#include "record/limits.h"

namespace skiplith {
namespace {

class OwnWritesCursor final : public Cursor {
 public:
  explicit OwnWritesCursor(std::shared_ptr<const OwnWrites::Map> map)
      : map_(std::move(map)), at_(map_->end()) {}

  void seek(Bytes key) override { at_ = map_->lower_bound(key); }
  void seek_for_prev(Bytes key) override {
    at_ = map_->upper_bound(key);
    step_back();
  }
  void first() override { at_ = map_->begin(); }
  void last() override {
    at_ = map_->end();
    step_back();
  }
  void next() override { ++at_; }
  void prev() override { step_back(); }

  bool valid() const override { return at_ != map_->end(); }
  Bytes key() const override { return at_->first; }
  Bytes value() const override { return at_->second ? Bytes(*at_->second) : Bytes(); }
  Kind kind() const override { return at_->second ? Kind::kPut : Kind::kDelete; }
  uint64_t prefix() const override { return key_prefix(at_->first); }
  const Status& status() const override { return status_; }

 private:
  // Before the first one there is the end.
  void step_back() { at_ = at_ == map_->begin() ? map_->end() : std::prev(at_); }

  const std::shared_ptr<const OwnWrites::Map> map_;
  OwnWrites::Map::const_iterator at_;
  const Status status_;
};

}  // namespace

OwnWrites::Map& OwnWrites::writable() {
  if (map_ == nullptr) {
    map_ = std::make_shared<Map>();
  } else if (map_.use_count() > 1) {
    map_ = std::make_shared<Map>(*map_);
  }
  return *map_;
}

Status OwnWrites::put(Bytes key, Bytes value) {
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  SKIPLITH_RETURN_IF_ERROR(check_value_size(value.size()));
  writable()[std::string(key)] = std::string(value);
  return Status::ok();
}

Status OwnWrites::erase(Bytes key) {
  SKIPLITH_RETURN_IF_ERROR(check_key_size(key.size()));
  writable()[std::string(key)] = std::nullopt;
  return Status::ok();
}

const std::optional<std::string>* OwnWrites::find(Bytes key) const {
  if (map_ == nullptr) return nullptr;
  const auto found = map_->find(key);
  return found == map_->end() ? nullptr : &found->second;
}

bool OwnWrites::is_small(size_t most, size_t most_bytes) const {
  if (map_ == nullptr) return true;
  if (map_->size() > most) return false;
  size_t bytes = 0;
  for (const auto& [key, value] : *map_) bytes += key.size() + (value ? value->size() : 0);
  return bytes <= most_bytes;
}

Status OwnWrites::append_to(Batch* batch) const {
  if (map_ == nullptr) return Status::ok();
  for (const auto& [key, value] : *map_) {
    SKIPLITH_RETURN_IF_ERROR(value ? batch->put(key, *value) : batch->erase(key));
  }
  return Status::ok();
}

std::unique_ptr<Cursor> OwnWrites::cursor() const {
  return map_ == nullptr ? nullptr : std::make_unique<OwnWritesCursor>(map_);
}

}  // namespace skiplith
