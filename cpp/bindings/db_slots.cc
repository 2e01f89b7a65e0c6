// DB: the type slots, what makes it a mapping.

#include "bindings/db_class.h"
#include "bindings/reads.h"

namespace skiplith::python {
namespace {

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

}  // namespace

void set_db_slots(PyHeapTypeObject* type) {
  set_read_slots<Db>(type);
  type->as_mapping.mp_ass_subscript = slot<&assign_item>;
  type->as_number.nb_inplace_or = slot<&merge_in_place>;
  type->ht_type.tp_repr = slot<&represent>;
}

}  // namespace skiplith::python
