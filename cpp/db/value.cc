#include "db/value.h"

#include "db/view.h"

namespace skiplith {

void Value::keep(PinnedBytes&& found, const View& view) {
  refer_to(found.bytes());
  if (found.in_block()) {
    found.keep();
    block_ = std::move(found);
  } else {
    view_ = view.shared_from_this();
  }
}

}  // namespace skiplith
