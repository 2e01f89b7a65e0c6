// DB: the type slots, what makes it a mapping.

#include "bindings/db_class.h"
#include "bindings/ranges.h"

namespace skiplith::python {
namespace {

PyObject* slice(Db& db, PyObject* object) {
  const auto* slice = reinterpret_cast<PySliceObject*>(object);
  if (slice->step != Py_None) {
    throw_error(PyExc_TypeError, "a slice of keys has no step: db[start:stop]");
  }
  return make_range({db.shared_from_this(), bounds_from(slice->start, slice->stop, nullptr), false,
                     ScanParts::kBoth});
}

PyObject* get_item(Db& db, PyObject* key_object) {
  if (PySlice_Check(key_object)) [[unlikely]]
    return slice(db, key_object);
  const BytesArgument key = key_argument(key_object);
  Value value;
  db.get(key.bytes(), &value);
  return value.found() ? make_bytes(db.gil(), value.bytes()) : missing_key(key_object);
}

// Both `db[key] = value` and `del db[key]`, as the interpreter has it.
int assign_item(Db& db, PyObject* key_object, PyObject* value_object) {
  if (PySlice_Check(key_object)) [[unlikely]] {
    throw_error(PyExc_TypeError, "slices can be read, and neither assigned nor deleted");
  }
  const BytesArgument key = key_argument(key_object);
  if (value_object != nullptr) {
    const BytesArgument value = value_argument(value_object);
    db.put(key.bytes(), value.bytes(), db.sync_by_default());
    return 0;
  }
  EraseExisting modification(false);
  db.modify(key.bytes(), modification, db.sync_by_default());
  if (modification.erased()) return 0;
  missing_key(key_object);
  return -1;
}

int contains(Db& db, PyObject* key_object) {
  const BytesArgument key = key_argument(key_object);
  Value value;
  db.get(key.bytes(), &value);
  return value.found() ? 1 : 0;
}

Py_ssize_t length(Db& db) {
  Scan scan(db.cursor(), {}, false);
  return static_cast<Py_ssize_t>(count_pairs(db, scan));
}

int is_not_empty(Db& db) {
  const auto cursor = db.cursor();
  ensure(db.reading(cursor->point(), false, [&] { return cursor->first(); }));
  return cursor->valid() ? 1 : 0;
}

PyObject* iterate(Db& db) {
  return make_iterator({db.shared_from_this(), {}, false, ScanParts::kKeys}, false);
}

}  // namespace

void set_db_slots(PyHeapTypeObject* type) {
  type->as_mapping.mp_subscript = slot<&get_item>;
  type->as_mapping.mp_ass_subscript = slot<&assign_item>;
  type->as_mapping.mp_length = slot<&length>;
  type->as_sequence.sq_contains = slot<&contains>;
  type->as_number.nb_bool = slot<&is_not_empty>;
  type->as_number.nb_inplace_or = slot<&merge_in_place>;
  type->ht_type.tp_iter = slot<&iterate>;
  type->ht_type.tp_repr = slot<&represent>;
}

}  // namespace skiplith::python
