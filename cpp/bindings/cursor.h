// The Cursor class, made by cursor() of whatever can be read.
#pragma once

#include "bindings/method.h"
#include "bindings/reader.h"

namespace skiplith::python {

PyObject* make_cursor(Reader& reader);

}  // namespace skiplith::python
