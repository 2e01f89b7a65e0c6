#include "bindings/ranges.h"

#include "bindings/register.h"

namespace skiplith::python {

std::unique_ptr<Scan> PairRange::scan(bool reverse_it) const {
  return reader->scan(bounds, reverse != reverse_it);
}

Range bounds_from(PyObject* start, PyObject* stop, PyObject* prefix, bool include_start,
                  bool include_stop) {
  const auto text = [](PyObject* object) -> std::optional<std::string> {
    if (object == nullptr || object == Py_None) return std::nullopt;
    return std::string(key_argument(object).bytes());
  };
  Range bounds;
  bounds.start = text(start);
  bounds.stop = text(stop);
  bounds.include_start = include_start;
  bounds.include_stop = include_stop;
  if (const auto common = text(prefix)) bounds.intersect_prefix(*common);
  return bounds;
}

uint64_t count_pairs(Reader& reader, Range range) {
  constexpr size_t kBetweenSignalChecks = 32 << 10;
  const Borrowed<Scan> scan(reader, reader.scan(std::move(range), false));
  uint64_t total = 0;
  for (;;) {
    size_t passed = 0;
    reader.step(scan->point(), true, [&] { return scan->skip(kBetweenSignalChecks, &passed); });
    total += passed;
    if (passed < kBetweenSignalChecks) return total;
    check_signals();
  }
}

PyObject* make_range(PairRange range) {
  const auto make = [&]<ScanParts kParts>() {
    return make_object(std::make_shared<RangeOf<kParts>>(std::move(range)));
  };
  switch (range.parts) {
    case ScanParts::kKeys: return make.operator()<ScanParts::kKeys>();
    case ScanParts::kValues: return make.operator()<ScanParts::kValues>();
    case ScanParts::kBoth: break;
  }
  return make.operator()<ScanParts::kBoth>();
}

namespace {

template <typename R>
PyObject* iterate(R& range) {
  return make_iterator(range, false);
}

template <typename R>
PyObject* iterate_reversed(R& range, Arguments) {
  return make_iterator(range, true);
}

// --- `in` ---

int contains(KeysRange& range, PyObject* object) {
  const BytesArgument key = key_argument(object);
  range.reader->ensure_open();
  if (!range.contains(key.bytes())) return 0;
  Value value;
  range.reader->get(key.bytes(), &value);
  return value.found() ? 1 : 0;
}

// Where `wanted` is in the chunk, or the chunk's size.
size_t find_value(const ScanChunk& chunk, Bytes wanted) {
  size_t place = 0;
  while (place < chunk.size() && chunk.value(place) != wanted) ++place;
  return place;
}

int contains(ValuesRange& range, PyObject* object) {
  const BytesArgument wanted = value_argument(object);
  Reader& reader = *range.reader;
  const Borrowed<Scan> scan(reader, range.scan());
  ScanChunk chunk;
  for (ChunkSize size;; size.grow()) {
    bool found = false;
    reader.step(scan->point(), size.is_long(), [&] {
      SKIPLITH_RETURN_IF_ERROR(
          scan->next_chunk(&chunk, ScanParts::kValues, size.pairs(), size.bytes()));
      const size_t place = find_value(chunk, wanted.bytes());
      found = place < chunk.size();
      if (ScanRecord* record = scan->record().get(); record != nullptr) {
        if (found) record->handed_out(chunk.key(place));
        if (!found && size.is_last(chunk)) record->ended();
      }
      return Status::ok();
    });
    if (found || size.is_last(chunk)) return found ? 1 : 0;
    check_signals();
  }
}

int contains(ItemsRange& range, PyObject* object) {
  if (!PyTuple_Check(object) || PyTuple_GET_SIZE(object) != 2) return 0;
  const BytesArgument key = key_argument(PyTuple_GET_ITEM(object, 0));
  const BytesArgument wanted = value_argument(PyTuple_GET_ITEM(object, 1));
  range.reader->ensure_open();
  if (!range.contains(key.bytes())) return 0;
  Value value;
  range.reader->get(key.bytes(), &value);
  return value.found() && value.bytes() == wanted.bytes() ? 1 : 0;
}

constexpr const char* kReversedDoc =
    "__reversed__($self, /)\n--\n\nAn iterator in the opposite direction.";

template <typename R>
void register_range(py::module_& module, const char* name, const char* doc) {
  static PyMethodDef methods[] = {
      method<&iterate_reversed<R>>(kReversedDoc), method<&refuse_copies<R>>(kReduceDoc), {}};
  register_made_class<R>(module, name, doc, [](PyHeapTypeObject* type) {
    type->ht_type.tp_methods = methods;
    type->ht_type.tp_iter = slot<&iterate<R>>;
    type->as_sequence.sq_contains = slot<static_cast<int (*)(R&, PyObject*)>(&contains)>;
  });
}

}  // namespace

void register_ranges(py::module_& module) {
  register_range<KeysRange>(
      module, "KeysRange",
      R"(Some keys, in order; made by keys() of a database, a snapshot or a transaction.

It holds no data: every iteration reads anew, of a database at its own point in time. `key in range`
looks the key up.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> keys = db.keys(b"b")
    >>> list(keys), list(reversed(keys)), b"a" in keys
    ([b'b', b'c'], [b'c', b'b'], False)
)");
  register_range<ValuesRange>(
      module, "ValuesRange",
      R"(Some values, in the order of their keys; made by values() of a database, a snapshot or a
transaction.

It holds no data: every iteration reads anew, of a database at its own point in time. `value in
range` scans.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> list(db.values(stop=b"c")), b"3" in db.values(stop=b"c")
    ([b'1', b'2'], False)
)");
  register_range<ItemsRange>(
      module, "ItemsRange",
      R"(Some pairs (key, value), in order; made by items(), and by slicing, of a database, a snapshot or a
transaction.

It holds no data: every iteration reads anew, of a database at its own point in time, so dict(range)
is consistent. `(key, value) in range` looks the key up.

    >>> db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    >>> list(db[b"a":b"c"])
    [(b'a', b'1'), (b'b', b'2')]
    >>> (b"c", b"3") in db.items(prefix=b"c")
    True
)");
}

}  // namespace skiplith::python
