// The DB class, put together from one file per group of methods.
#pragma once

#include <vector>

#include "bindings/db.h"
#include "bindings/method.h"

namespace skiplith::python {

using Methods = std::vector<PyMethodDef>;

// Each appends its methods' entries.
void add_one_key_methods(Methods& methods);       // get, put, delete
void add_modifying_methods(Methods& methods);     // setdefault, pop, compare_and_set, increment
void add_many_keys_methods(Methods& methods);     // get_many, put_many, update, popitem, clear, ...
void add_range_methods(Methods& methods);         // keys, values, items, count, first, last, cursor
void add_lifecycle_methods(Methods& methods);     // batch, sync, close, stats, with
std::vector<PyGetSetDef> lifecycle_attributes();  // path, closed, options

// db[key], key in db, len(db), iter(db), ...
void set_db_slots(PyHeapTypeObject* type);
// `db |= pairs` and `repr(db)`.
PyObject* merge_in_place(Self<Db> db, PyObject* other);
PyObject* represent(Self<Db> db);

}  // namespace skiplith::python
