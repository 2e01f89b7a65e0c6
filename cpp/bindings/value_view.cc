// get_view: a value as memory that can be read where it lies.

#include "bindings/value_view.h"

#include "bindings/register.h"

namespace skiplith::python {
namespace {

// What a memoryview refers to, and all its slices: the last of them lets the value go.
struct PinnedValue {
  PyObject_HEAD Value* value;
};

PyTypeObject* pinned_value_type = nullptr;  // made at import

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  const Bytes bytes = reinterpret_cast<PinnedValue*>(self)->value->bytes();
  return PyBuffer_FillInfo(view, self, const_cast<char*>(bytes.data()),
                           static_cast<Py_ssize_t>(bytes.size()), 1, flags);
}

void let_go(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete reinterpret_cast<PinnedValue*>(self)->value;
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(&get_buffer)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&let_go)},
    {0, nullptr},
};
PyType_Spec spec = {"skiplith._core.PinnedValue", sizeof(PinnedValue), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

}  // namespace

PyObject* get_view(Reader& reader, Arguments arguments) {
  const BytesArgument key = key_argument(arguments[0]);
  auto value = std::make_unique<Value>();
  reader.get(key.bytes(), value.get());
  if (!value->found()) return none();
  auto* pinned = PyObject_New(PinnedValue, pinned_value_type);
  const auto owner =
      py::reinterpret_steal<py::object>(ensure_made(reinterpret_cast<PyObject*>(pinned)));
  pinned->value = value.release();
  return ensure_made(PyMemoryView_FromObject(owner.ptr()));
}

void register_value_view() {
  pinned_value_type = reinterpret_cast<PyTypeObject*>(ensure_made(PyType_FromSpec(&spec)));
}

}  // namespace skiplith::python
