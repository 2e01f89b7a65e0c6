// The Cursor class, made by db.cursor().
#pragma once

#include "bindings/db.h"
#include "bindings/method.h"

namespace skiplith::python {

// A new cursor at a new point in time.
PyObject* make_cursor(const std::shared_ptr<Db>& db);

}  // namespace skiplith::python
