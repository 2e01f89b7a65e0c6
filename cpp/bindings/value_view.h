// get_view(): for a database, a snapshot and a transaction.
#pragma once

#include "bindings/arguments.h"
#include "bindings/method.h"
#include "bindings/reader.h"

namespace skiplith::python {

// A read-only memoryview of a value, or None; good for as long as anything refers to it.
PyObject* get_view(Reader& reader, Arguments arguments);

}  // namespace skiplith::python
