"""What the state machine feeds to a database and to a dict."""

import struct

from hypothesis import strategies as st

ENGINES = ["skiplist", "art", "mutex_map", "rwlock_map"]
SINKS = ["mapped", "write"]
INT64 = struct.Struct("<q")
MIN, MAX = -(2**63), 2**63 - 1

# Few keys, so that they meet; prefixes of each other, NULs, the empty one.
keys = st.lists(st.sampled_from([0, 97, 98, 255]), max_size=3).map(bytes)
numbers = st.one_of(st.integers(-5, 5), st.sampled_from([MIN, MAX, 2**62, -(2**62)]))
long_values = st.tuples(st.integers(5_000, 40_000), st.binary(min_size=1, max_size=3)).map(
    lambda drawn: drawn[1] * drawn[0]
)
values = st.one_of(st.binary(max_size=9), numbers.map(INT64.pack), long_values)
bounds = st.one_of(st.none(), keys)
moves = st.one_of(
    st.sampled_from(["first", "last", "next", "prev"]),
    st.tuples(st.sampled_from(["seek", "seek_for_prev"]), keys),
)

openings = st.fixed_dictionaries(
    {
        "sync": st.booleans(),
        "gil": st.sampled_from(["auto", "release", "hold"]),
        "compaction": st.sampled_from(["leveled", "tiered"]),
    }
)
