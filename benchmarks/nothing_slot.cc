// What the interpreter asks of any `store[key] = value` and `store[key]`, and no store: a type
// whose slots look at their arguments and return.
//
// A part of the benchmarks alone; nothing_slot.py compiles it.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace {

// As long as the values that the benchmark puts.
constexpr char kValue[100] = {};

bool are_bytes(PyObject* object) {
  if (PyBytes_Check(object)) return true;
  PyErr_SetString(PyExc_TypeError, "bytes are needed");
  return false;
}

int assign(PyObject*, PyObject* key, PyObject* value) {
  return are_bytes(key) && value != nullptr && are_bytes(value) ? 0 : -1;
}

PyObject* get(PyObject*, PyObject* key) {
  return are_bytes(key) ? PyBytes_FromStringAndSize(kValue, sizeof(kValue)) : nullptr;
}

PyType_Slot slots[] = {{Py_mp_ass_subscript, reinterpret_cast<void*>(&assign)},
                       {Py_mp_subscript, reinterpret_cast<void*>(&get)},
                       {0, nullptr}};
PyType_Spec spec = {"nothing_slot.Nothing", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};

int add_type(PyObject* module) {
  PyObject* type = PyType_FromSpec(&spec);
  const int result = type == nullptr ? -1 : PyModule_AddObjectRef(module, "Nothing", type);
  Py_XDECREF(type);
  return result;
}

PyModuleDef_Slot module_slots[] = {{Py_mod_exec, reinterpret_cast<void*>(&add_type)},
#ifdef Py_GIL_DISABLED
                                   {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
                                   {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_nothing_slot", nullptr, 0,      nullptr,
                          module_slots,          nullptr,         nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__nothing_slot() { return PyModuleDef_Init(&definition); }
