// The Batch class, made by db.batch().
#pragma once

#include "bindings/db.h"
#include "bindings/method.h"

namespace skiplith::python {

PyObject* make_batch(const std::shared_ptr<Db>& db, bool sync);

}  // namespace skiplith::python
