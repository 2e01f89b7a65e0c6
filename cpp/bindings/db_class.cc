#include "bindings/db_class.h"

#include "bindings/open_arguments.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

constexpr const char* kDoc = "DB(" SKIPLITH_OPEN_PARAMETERS R"(
An open database: a mapping of bytes to bytes in a directory, ordered bytewise by key.

DB(path, ...) is what skiplith.open(path, ...) returns, and says there what each option means; a
class may derive from it. Any thread may call any method at any time. Two databases are equal when
they are the same object. bool(db) looks for one pair, len(db) counts them all.

    >>> db[b"lemon"] = b"yellow"
    >>> db[b"lemon"], b"plum" in db, len(db)
    (b'yellow', False, 1)
    >>> del db[b"plum"]
    Traceback (most recent call last):
    KeyError: b'plum'
)";

std::shared_ptr<Db> construct(const py::args& args, const py::kwargs& kwargs) {
  static const Signature signature("open(" SKIPLITH_OPEN_PARAMETERS);
  std::vector<PyObject*> given;
  for (const py::handle argument : args) given.push_back(argument.ptr());
  py::list names;
  for (const auto& [name, value] : kwargs) {
    names.append(name);
    given.push_back(value.ptr());
  }
  std::shared_ptr<Db> db;
  guarded_for_pybind11([&] {
    PyObject* values[Signature::kMaxParameters];
    signature.sort(given.data(), args.size(), py::tuple(names).ptr(), values);
    db = open_by(values);
  });
  return db;
}

// What the interpreter keeps pointers to.
struct Tables {
  Tables() {
    add_reading_methods(methods);
    add_one_key_methods(methods);
    add_many_keys_methods(methods);
    add_modifying_methods(methods);
    add_moment_methods(methods);
    add_lifecycle_methods(methods);
    methods.push_back({});
    attributes.push_back({});
  }
  Methods methods;
  std::vector<PyGetSetDef> attributes = lifecycle_attributes();
};

}  // namespace

void register_db(py::module_& module) {
  static Tables tables;
  const auto set_up = [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = tables.methods.data();
    type->ht_type.tp_getset = tables.attributes.data();
    set_db_slots(type);
  };
  py::class_<Db, std::shared_ptr<Db>> bound(module, "DB", kDoc, py::custom_type_setup(set_up));
  py::options as_written;
  as_written.disable_function_signatures();
  bound.def(py::init(&construct),
            "__init__(self, " SKIPLITH_OPEN_PARAMETERS "Opens the database; see skiplith.open().");
  expose(bound);
}

}  // namespace skiplith::python
