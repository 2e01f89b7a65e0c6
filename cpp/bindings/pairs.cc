#include "bindings/pairs.h"

#include "bindings/snapshot.h"
#include "bindings/transaction.h"

namespace skiplith::python {

bool is_reader(PyObject* object) {
  return py::isinstance<Db>(object) || py::isinstance<OpenSnapshot>(object) ||
         py::isinstance<OpenTransaction>(object);
}

void append_put(Gil& gil, Batch& batch, PyObject* key_object, PyObject* value_object) {
  const BytesArgument key = key_argument(key_object);
  const BytesArgument value = value_argument(value_object);
  if (value.size() < kReleaseCopyBytes || !gil.lets_go(true)) {
    ensure(batch.put(key.bytes(), value.bytes()));
    return;
  }
  ensure([&] {
    const GilReleased released(gil);
    return batch.put(key.bytes(), value.bytes());
  }());
}

Batch puts_of(Gil& gil, PyObject* pairs) {
  Batch batch;
  for_each_pair(pairs, [&](PyObject* key, PyObject* value) { append_put(gil, batch, key, value); });
  return batch;
}

Batch deletes_of(PyObject* keys) {
  Batch batch;
  for_each(keys, [&](PyObject* key) { ensure(batch.erase(key_argument(key).bytes())); });
  return batch;
}

}  // namespace skiplith::python
