// FaultyFiles: files that fail when a test says so.

#include "io/faulty_files.h"

#include "bindings/arguments.h"
#include "bindings/choice.h"
#include "bindings/files.h"
#include "bindings/method.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

constexpr Names<Done> kDone = {
    {"nothing", Done::kNothing}, {"half", Done::kHalf}, {"all", Done::kAll}};

// FaultyFiles, and the files behind them for as long.
class HeldFaultyFiles : public std::enable_shared_from_this<HeldFaultyFiles> {
 public:
  static constexpr const char* kInsteadOfCopies = "make a second one alike";
  explicit HeldFaultyFiles(std::shared_ptr<Files> inner)
      : inner_(std::move(inner)), files_(*inner_) {}
  FaultyFiles* operator->() { return &files_; }
  std::shared_ptr<Files> shared() { return {shared_from_this(), &files_}; }

 private:
  const std::shared_ptr<Files> inner_;
  FaultyFiles files_;
};

Operation operation_argument(PyObject* object) {
  if (!PyUnicode_Check(object)) {
    throw_error(PyExc_TypeError, "operation must be a str, not %.200s", Py_TYPE(object)->tp_name);
  }
  if (const auto found = operation_named(py::cast<std::string>(py::handle(object)))) return *found;
  std::string names;
  for (size_t i = 0; i < kOperations; ++i) {
    names += std::string(i == 0 ? "'" : ", '") + operation_name(static_cast<Operation>(i)) + "'";
  }
  throw_error(PyExc_ValueError, "operation must be one of %s, not %R", names.c_str(), object);
}

std::string pattern_argument(PyObject* object) {
  if (!PyUnicode_Check(object)) {
    throw_error(PyExc_TypeError, "path must be a str, not %.200s", Py_TYPE(object)->tp_name);
  }
  return py::bytes(py::module_::import("os").attr("fsencode")(py::handle(object)));
}

constexpr const char* kFailAtDoc = R"(fail_at($self, fault, /)
--

One rule more, a lab.Fault; its `nth` counts from this call.

Raises TypeError and ValueError (what the fault says makes no sense).

    >>> files = lab.faulty_files([], lab.memory_files())
    >>> with skiplith.open("data", files=files) as db:
    ...     files.fail_at(lab.Fault("segment_sync", errno=0, delay_ms=1))
    ...     db.sync()
    >>> files.failures("segment_sync")
    0
)";

PyObject* fail_at(HeldFaultyFiles& files, Arguments arguments) {
  const py::handle given(arguments[0]);
  const auto attribute = [&](const char* name) { return py::object(given.attr(name)); };
  Fault fault{.operation = operation_argument(attribute("operation").ptr())};
  fault.path = pattern_argument(attribute("path").ptr());
  fault.nth = size_argument(attribute("nth").ptr(), "nth", fault.nth);
  const uint64_t error_number = size_argument(attribute("errno").ptr(), "errno", EIO);
  fault.done = choice(attribute("done").ptr(), "done", kDone, fault.done);
  fault.sticky = bool_argument(attribute("sticky").ptr(), "sticky", fault.sticky);
  fault.delay_ms = size_argument(attribute("delay_ms").ptr(), "delay_ms", fault.delay_ms);
  if (fault.nth == 0) throw_error(PyExc_ValueError, "nth must be at least 1");
  if (error_number > 4095) throw_error(PyExc_ValueError, "errno must be at most 4095");
  fault.error_number = static_cast<int>(error_number);
  files->fail_at(fault);
  return none();
}

constexpr const char* kHealDoc = R"(heal($self, /)
--

No rules any more.

Raises nothing.

    >>> files = lab.faulty_files([lab.Fault("list", sticky=True)], lab.memory_files())
    >>> files.heal()
    >>> skiplith.open("data", files=files).close()
)";

PyObject* heal(HeldFaultyFiles& files, Arguments) {
  files->heal();
  return none();
}

constexpr const char* kCallsDoc = R"(calls($self, operation, /)
--

How often the operation was called, failures included.

Raises TypeError and ValueError (no such operation).

    >>> files = lab.faulty_files([], lab.memory_files())
    >>> skiplith.open("data", files=files).close()
    >>> files.calls("rename")  # of CURRENT
    1
)";

PyObject* calls(HeldFaultyFiles& files, Arguments arguments) {
  return ensure_made(PyLong_FromUnsignedLongLong(files->calls(operation_argument(arguments[0]))));
}

constexpr const char* kFailuresDoc = R"(failures($self, operation, /)
--

How often a rule made the operation fail.

Raises TypeError and ValueError (no such operation).

    >>> files = lab.faulty_files([lab.Fault("rename")], lab.memory_files())
    >>> skiplith.open("data", files=files)
    Traceback (most recent call last):
    skiplith.StorageError: [Errno 5] injected: ...
    >>> files.failures("rename")
    1
)";

PyObject* failures(HeldFaultyFiles& files, Arguments arguments) {
  return ensure_made(
      PyLong_FromUnsignedLongLong(files->failures(operation_argument(arguments[0]))));
}

constexpr const char* kDoc = R"(Files that fail by rules, made by skiplith.lab.faulty_files().

Pass them as `files=` to skiplith.open(). What no rule strikes goes to the files behind them, which
are the operating system's unless others were given. Any thread may call any method at any time.

    >>> files = lab.faulty_files([lab.Fault("list", errno=13)], lab.memory_files())
    >>> skiplith.open("data", files=files)
    Traceback (most recent call last):
    skiplith.StorageError: [Errno 13] injected: ...
    >>> skiplith.open("data", files=files).close()  # the second call does not fail
)";

constexpr const char* kMakeDoc =
    "faulty_files(inner)\n--\n\nFiles without rules yet; see skiplith.lab.faulty_files().";

py::object faulty_files(const py::object& inner) {
  py::object made;
  guarded_for_pybind11([&] {
    auto files = std::make_shared<HeldFaultyFiles>(files_argument(inner.ptr()));
    made = py::reinterpret_steal<py::object>(make_object(std::move(files)));
  });
  return made;
}

}  // namespace

std::shared_ptr<Files> faulty_files_in(PyObject* object) {
  if (!py::isinstance<HeldFaultyFiles>(object)) return nullptr;
  return held<HeldFaultyFiles>(object).shared();
}

void register_faulty_files(py::module_& lab) {
  static PyMethodDef methods[] = {method<&fail_at>(kFailAtDoc),
                                  method<&heal>(kHealDoc),
                                  method<&calls>(kCallsDoc),
                                  method<&failures>(kFailuresDoc),
                                  method<&refuse_copies<HeldFaultyFiles>>(kReduceDoc),
                                  {}};
  register_made_class<HeldFaultyFiles>(
      lab, "FaultyFiles", kDoc, [](PyHeapTypeObject* type) { type->ht_type.tp_methods = methods; });
  lab.attr("FaultyFiles").attr("__module__") = "skiplith.lab";
  py::options as_written;
  as_written.disable_function_signatures();
  lab.def("faulty_files", &faulty_files, py::arg("inner"), kMakeDoc);
}

}  // namespace skiplith::python
