// From what skiplith.open() is given to what the engine takes, and back.
#pragma once

#include "bindings/db.h"
#include "bindings/method.h"

namespace skiplith::python {

// The parameters of DB(), which skiplith.open() repeats, up to the end of the signature.
#define SKIPLITH_OPEN_PARAMETERS                                                   \
  "path, flag='c', *, sync=False, sync_interval_ms=0, wal=True, wal_sink='auto', " \
  "memtable='art', memtable_bytes=67108864, cache_bytes=268435456, "               \
  "compression='lz4', filter_bits=10, compaction='leveled', gil='auto', files=None)\n--\n\n"

// Opens by the arguments of those parameters.
std::shared_ptr<Db> open_by(Arguments arguments);

// The options that a database is open with, as skiplith.Options.
PyObject* make_options(Db& db);

}  // namespace skiplith::python
