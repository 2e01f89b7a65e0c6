// The DB class, put together from one file per group of methods.
#pragma once

#include "bindings/db.h"
#include "bindings/reads.h"

namespace skiplith::python {

// Each appends its methods' entries.
void add_reading_methods(Methods& methods);       // get, get_many, keys, values, items, count, ...
void add_one_key_methods(Methods& methods);       // put, delete
void add_modifying_methods(Methods& methods);     // setdefault, pop, compare_and_set, increment
void add_many_keys_methods(Methods& methods);     // put_many, update, popitem, clear, ...
void add_moment_methods(Methods& methods);        // snapshot, transaction, run_transaction
void add_lifecycle_methods(Methods& methods);     // batch, sync, close, stats, with
std::vector<PyGetSetDef> lifecycle_attributes();  // path, closed, options

// db[key], key in db, len(db), iter(db), ...
void set_db_slots(PyHeapTypeObject* type);
// `db |= pairs` and `repr(db)`.
PyObject* merge_in_place(Self<Db> db, PyObject* other);
PyObject* represent(Self<Db> db);

}  // namespace skiplith::python
