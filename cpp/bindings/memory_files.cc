// MemoryFiles: files in memory that know what a power cut may take.

#include "io/memory_files.h"

#include "bindings/arguments.h"
#include "bindings/choice.h"
#include "bindings/files.h"
#include "bindings/method.h"
#include "bindings/register.h"

namespace skiplith::python {
namespace {

constexpr Names<SinkForm> kForms = {{"mapped", SinkForm::kMapped}, {"write", SinkForm::kWrite}};

// MemoryFiles with what the bindings ask of every class.
class HeldMemoryFiles {
 public:
  static constexpr const char* kInsteadOfCopies = "kill() makes another one with the same files";
  explicit HeldMemoryFiles(std::unique_ptr<MemoryFiles> files) : files_(std::move(files)) {}
  MemoryFiles& operator*() { return *files_; }
  MemoryFiles* operator->() { return files_.get(); }
  std::shared_ptr<Files> shared() const { return files_; }

 private:
  const std::shared_ptr<MemoryFiles> files_;
};

PyObject* make(std::unique_ptr<MemoryFiles> files) {
  return make_object(std::make_shared<HeldMemoryFiles>(std::move(files)));
}

// Runs `work`, which copies whole files, without the GIL and returns what it returns.
template <typename Work>
auto released(Work work) {
  const GilReleased scope(nullptr);
  return work();
}

double keep_argument(PyObject* object) {
  if (object == nullptr) return 0.5;
  const double keep = PyFloat_AsDouble(object);
  if (keep == -1 && PyErr_Occurred() != nullptr) throw ErrorSet();
  if (!(0 <= keep && keep <= 1)) {
    throw_error(PyExc_ValueError, "keep must be a probability, from 0 to 1");
  }
  return keep;
}

constexpr const char* kCrashDoc = R"(crash($self, seed, keep=0.5)
--

What a machine may find that loses power at this moment, as MemoryFiles of their own.

What was synced is there. Of what was not, each part is kept with the probability `keep`, chosen by
the integer `seed`: sectors of 512 bytes or pages of 4 KiB of a file, its size, and each file made,
removed or renamed. 0 keeps nothing, 1 everything. These files, and the databases open on them, go
on and notice nothing.

Raises TypeError and ValueError (arguments).

    >>> files = lab.memory_files()
    >>> db = skiplith.open("data", files=files)
    >>> db.put(b"lemon", b"yellow", sync=True)
    >>> with skiplith.open("data", files=files.crash(seed=1)) as after:
    ...     after[b"lemon"]
    b'yellow'
    >>> db.close()
)";

PyObject* crash(HeldMemoryFiles& files, Arguments arguments) {
  const uint64_t seed = size_argument(arguments[0], "seed", 0);
  const double keep = keep_argument(arguments[1]);
  return make(released([&] { return files->crash(seed, keep); }));
}

constexpr const char* kKillDoc = R"(kill($self, /)
--

What the next process finds when this one dies at this moment (`kill -9`), as MemoryFiles of their
own: all that was written, synced or not. Locks are gone. What was not synced can still be lost to
a crash() of the result.

Other threads must not be writing meanwhile: their stores are copied while they happen, and
may be found torn, as no kill leaves them.

Raises nothing.

    >>> files = lab.memory_files()
    >>> db = skiplith.open("data", files=files)
    >>> db[b"lemon"] = b"yellow"
    >>> with skiplith.open("data", files=files.kill()) as after:
    ...     after[b"lemon"]
    b'yellow'
    >>> db.close()
)";

PyObject* kill(HeldMemoryFiles& files, Arguments) {
  return make(released([&] { return files->kill(); }));
}

constexpr const char* kWriteBackDoc = R"(write_back($self, seed, keep=0.5)
--

The disk gets some of what is not synced, as it may at any moment. Nobody sees that, but a crash()
from then on also finds states from before the last writes.

Raises TypeError and ValueError (arguments).

    >>> files = lab.memory_files()
    >>> files.write_back(seed=1)
)";

PyObject* write_back(HeldMemoryFiles& files, Arguments arguments) {
  const uint64_t seed = size_argument(arguments[0], "seed", 0);
  const double keep = keep_argument(arguments[1]);
  released([&] { files->write_back(seed, keep); });
  return none();
}

constexpr const char* kListDoc = R"(list($self, directory, /)
--

The names in a directory, sorted.

Raises StorageError (no such directory).

    >>> files = lab.memory_files()
    >>> skiplith.open("data", files=files).close()
    >>> "CURRENT" in files.list("data")
    True
)";

PyObject* list(HeldMemoryFiles& files, Arguments arguments) {
  py::list names;
  for (const std::string& name : ensured(files->list(path_argument(arguments[0])))) {
    names.append(file_name(name));
  }
  return names.release().ptr();
}

constexpr const char* kReadDoc = R"(read($self, path, /)
--

A file's content, as bytes.

Raises StorageError (no such file).

    >>> files = lab.memory_files()
    >>> files.write("data/notes.txt", b"mine")
    >>> files.read("data/notes.txt")
    b'mine'
)";

PyObject* read(HeldMemoryFiles& files, Arguments arguments) {
  const std::string contents = ensured(files->contents(path_argument(arguments[0])));
  return ensure_made(
      PyBytes_FromStringAndSize(contents.data(), static_cast<Py_ssize_t>(contents.size())));
}

constexpr const char* kWriteDoc = R"(write($self, path, content, /)
--

Puts a file there, in place of what there was, synced, and makes its directories: to plant damage,
or files of others. Whoever has the old file open keeps that one.

Raises StorageError (a directory is there), TypeError (content that is not bytes).

    >>> files = lab.memory_files()
    >>> files.write("data/notes.txt", b"mine")
    >>> skiplith.open("data", files=files)
    Traceback (most recent call last):
    skiplith.FormatError: the directory has other files in it and no database
)";

PyObject* write(HeldMemoryFiles& files, Arguments arguments) {
  const std::string path = path_argument(arguments[0]);
  const BytesArgument content = value_argument(arguments[1]);
  ensure(files->plant(path, std::string(content.bytes())));
  return none();
}

constexpr const char* kDoc = R"(Files in memory, made by skiplith.lab.memory_files().

Pass them as `files=` to skiplith.open(); paths are then names in them. They keep contents and names
twice, as every reader has them and as the disk has them, so that crash() can tell what the loss of
power may take. Any thread may call any method at any time.

    >>> files = lab.memory_files()
    >>> with skiplith.open("data", files=files) as db:
    ...     db[b"lemon"] = b"yellow"
    >>> with skiplith.open("data", files=files) as db:
    ...     db[b"lemon"]
    b'yellow'
)";

constexpr const char* kMakeDoc =
    "memory_files(form)\n--\n\nFiles in memory; see skiplith.lab.memory_files().";

py::object memory_files(const py::object& form) {
  py::object made;
  guarded_for_pybind11([&] {
    const SinkForm best = choice(form.ptr(), "form", kForms, SinkForm::kMapped);
    made = py::reinterpret_steal<py::object>(make(std::make_unique<MemoryFiles>(best)));
  });
  return made;
}

}  // namespace

std::shared_ptr<Files> memory_files_in(PyObject* object) {
  if (!py::isinstance<HeldMemoryFiles>(object)) return nullptr;
  return held<HeldMemoryFiles>(object).shared();
}

void register_memory_files(py::module_& lab) {
  static PyMethodDef methods[] = {method<&crash>(kCrashDoc),
                                  method<&kill>(kKillDoc),
                                  method<&write_back>(kWriteBackDoc),
                                  method<&list>(kListDoc),
                                  method<&read>(kReadDoc),
                                  method<&write>(kWriteDoc),
                                  method<&refuse_copies<HeldMemoryFiles>>(kReduceDoc),
                                  {}};
  register_made_class<HeldMemoryFiles>(
      lab, "MemoryFiles", kDoc, [](PyHeapTypeObject* type) { type->ht_type.tp_methods = methods; });
  lab.attr("MemoryFiles").attr("__module__") = "skiplith.lab";
  py::options as_written;
  as_written.disable_function_signatures();
  lab.def("memory_files", &memory_files, py::arg("form"), kMakeDoc);
}

}  // namespace skiplith::python
