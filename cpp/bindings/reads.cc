#include "bindings/reads.h"

#include "bindings/cursor.h"
#include "bindings/ranges.h"
#include "db/get_many.h"

namespace skiplith::python {
namespace {

// Keys looked up between two looks at the interpreter.
constexpr size_t kReadTogether = 1024;

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

// In key order, whatever the order of the results; some at a time, and their values are let go
// before the next: an answer may be larger than the cache.
PyObject* get_many(Reader& reader, Arguments arguments) {
  const KeysArgument keys(arguments[0]);
  PyObject* otherwise = arguments[1] == nullptr ? Py_None : arguments[1];
  const Reader::Lookup lookup = reader.at_one_point();
  const bool is_long = keys.all().size() >= kReleaseLookups;
  py::list result(keys.all().size());
  std::vector<uint32_t> order;
  std::vector<WantedKey> wanted;
  for (size_t begin = 0; begin < keys.all().size(); begin += kReadTogether) {
    const auto get = [&](bool may_wait) {
      if (order.empty()) order = in_key_order(keys.all());
      wanted.clear();
      wanted.resize(std::min(kReadTogether, order.size() - begin));
      for (size_t i = 0; i < wanted.size(); ++i) wanted[i].bytes = keys.all()[order[begin + i]];
      return lookup.get(may_wait, wanted);
    };
    reader.operate(is_long, [&] { return get(false); }, [&] { return get(true); });
    for (size_t i = 0; i < wanted.size(); ++i) {
      PyObject* value = wanted[i].found == Lookup::kFound
                            ? ensure_made(make_bytes(reader.gil(), wanted[i].value.bytes()))
                            : Py_NewRef(otherwise);
      PyList_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(order[begin + i]), value);
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
