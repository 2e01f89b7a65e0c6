#include "db/range.h"

namespace skiplith {

void Range::intersect_prefix(Bytes prefix) {
  if (!start || Bytes(*start) < prefix) {
    start = std::string(prefix);
    include_start = true;
  }
  // The first key after all keys with this prefix: the prefix, its last byte raised; an all-0xff
  // prefix has none.
  std::string after(prefix);
  while (!after.empty() && after.back() == '\xff') after.pop_back();
  if (after.empty()) return;
  after.back() = static_cast<char>(static_cast<unsigned char>(after.back()) + 1);
  if (!stop || *stop >= after) {
    stop = std::move(after);
    include_stop = false;
  }
}

bool Range::before_start(Bytes key) const {
  if (!start) return false;
  const int order = key.compare(*start);
  return order < 0 || (order == 0 && !include_start);
}

bool Range::after_stop(Bytes key) const {
  if (!stop) return false;
  const int order = key.compare(*stop);
  return order > 0 || (order == 0 && !include_stop);
}

}  // namespace skiplith
