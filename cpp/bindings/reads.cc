#include "bindings/reads.h"

#include "bindings/cursor.h"
#include "bindings/ranges.h"

namespace skiplith::python {
namespace {

// Values read between two looks at the interpreter.
constexpr size_t kReadTogether = 64;

template <ScanParts kParts>
PyObject* range(Reader& reader, Arguments arguments) {
  PairRange range;
  range.reverse = bool_argument(arguments[3], "reverse", false);
  range.bounds = bounds_from(arguments[0], arguments[1], arguments[2],
                             bool_argument(arguments[4], "include_start", true),
                             bool_argument(arguments[5], "include_stop", false));
  range.reader = reader.shared_from_this();
  range.parts = kParts;
  return make_range(std::move(range));
}

PyObject* iterate_keys(Reader& reader, bool reverse) {
  return make_iterator({reader.shared_from_this(), {}, reverse, ScanParts::kKeys}, false);
}

// The pair at one end.
PyObject* edge(Reader& reader, const char* name, Status (DbCursor::*to_edge)()) {
  const Borrowed<DbCursor> cursor(reader, reader.cursor());
  reader.step(cursor->point(), false, [&] { return ((*cursor).*to_edge)(); });
  if (!cursor->valid()) throw_error(PyExc_KeyError, "%s(): it is empty", name);
  return make_pair(make_bytes(reader.gil(), cursor->key()),
                   make_bytes(reader.gil(), cursor->value()));
}

}  // namespace

PyObject* get_many(Reader& reader, Arguments arguments) {
  const auto keys = py::reinterpret_steal<py::object>(ensure_made(PySequence_Tuple(arguments[0])));
  const auto count = static_cast<size_t>(PyTuple_GET_SIZE(keys.ptr()));
  std::vector<BytesArgument> wanted;
  wanted.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    wanted.push_back(key_argument(PyTuple_GET_ITEM(keys.ptr(), static_cast<Py_ssize_t>(i))));
  }
  PyObject* otherwise = arguments[1] == nullptr ? Py_None : arguments[1];
  const Reader::Lookup lookup = reader.at_one_point();
  const auto values = std::make_unique<Value[]>(std::min(count, kReadTogether));
  py::list result(count);
  for (size_t begin = 0; begin < count; begin += kReadTogether) {
    const size_t end = std::min(count, begin + kReadTogether);
    reader.step(lookup.point, count >= kReleaseOperations, [&] {
      for (size_t i = begin; i < end; ++i) {
        SKIPLITH_RETURN_IF_ERROR(lookup.get(wanted[i].bytes(), &values[i - begin]));
      }
      return Status::ok();
    });
    for (size_t i = begin; i < end; ++i) {
      const Value& value = values[i - begin];
      PyList_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i),
                      value.found() ? ensure_made(make_bytes(reader.gil(), value.bytes()))
                                    : Py_NewRef(otherwise));
    }
    check_signals();
  }
  return result.release().ptr();
}

PyObject* keys(Reader& reader, Arguments arguments) {
  return range<ScanParts::kKeys>(reader, arguments);
}
PyObject* values(Reader& reader, Arguments arguments) {
  return range<ScanParts::kValues>(reader, arguments);
}
PyObject* items(Reader& reader, Arguments arguments) {
  return range<ScanParts::kBoth>(reader, arguments);
}

PyObject* count(Reader& reader, Arguments arguments) {
  return PyLong_FromUnsignedLongLong(
      count_pairs(reader, bounds_from(arguments[0], arguments[1], arguments[2])));
}

PyObject* first(Reader& reader, Arguments) { return edge(reader, "first", &DbCursor::first); }
PyObject* last(Reader& reader, Arguments) { return edge(reader, "last", &DbCursor::last); }
PyObject* cursor(Reader& reader, Arguments) { return make_cursor(reader); }
PyObject* reversed(Reader& reader, Arguments) { return iterate_keys(reader, true); }
PyObject* iterate(Reader& reader) { return iterate_keys(reader, false); }

PyObject* slice(Reader& reader, PyObject* object) {
  const auto* slice = reinterpret_cast<PySliceObject*>(object);
  if (slice->step != Py_None) {
    throw_error(PyExc_TypeError, "a slice of keys has no step: db[start:stop]");
  }
  return make_range({reader.shared_from_this(), bounds_from(slice->start, slice->stop, nullptr),
                     false, ScanParts::kBoth});
}

Py_ssize_t length(Reader& reader) { return static_cast<Py_ssize_t>(count_pairs(reader, {})); }

int is_not_empty(Reader& reader) {
  const Borrowed<DbCursor> cursor(reader, reader.cursor());
  reader.step(cursor->point(), false, [&] { return cursor->first(); });
  return cursor->valid() ? 1 : 0;
}

}  // namespace skiplith::python
