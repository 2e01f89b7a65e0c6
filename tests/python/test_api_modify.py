"""Read-modify-write of one key: compare_and_set and increment."""

import pytest
import skiplith

MOST, LEAST = 2**63 - 1, -(2**63)


@pytest.mark.parametrize(
    ("present", "expected", "new", "matches"),
    [
        (None, None, b"new", True),
        (None, b"old", b"new", False),
        (None, b"", b"new", False),
        (None, None, None, True),
        (None, b"old", None, False),
        (b"old", b"old", b"new", True),
        (b"old", bytearray(b"old"), memoryview(b"new"), True),
        (b"old", None, b"new", False),
        (b"old", b"olde", b"new", False),
        (b"old", b"old", None, True),
        (b"", b"", b"new", True),
        (b"", None, b"new", False),
    ],
)
def test_compare_and_set(
    db: skiplith.DB,
    present: bytes | None,
    expected: bytes | None,
    new: bytes | None,
    matches: bool,
) -> None:
    if present is not None:
        db[b"k"] = present
    assert db.compare_and_set(b"k", expected, new) is matches
    assert db.get(b"k") == (new if matches else present)


def test_increment_counts_from_zero(db: skiplith.DB) -> None:
    assert [db.increment(b"n"), db.increment(b"n", 10), db.increment(b"n", amount=-20)] == [
        1,
        11,
        -9,
    ]
    assert db[b"n"] == (-9).to_bytes(8, "little", signed=True)
    assert db.increment(b"zero", 0) == 0
    assert db[b"zero"] == bytes(8)


@pytest.mark.parametrize(
    ("present", "amount", "result"),
    [(MOST, 0, MOST), (MOST - 1, 1, MOST), (LEAST, MOST, -1), (LEAST + 1, -1, LEAST)],
)
def test_increment_up_to_the_edges(db: skiplith.DB, present: int, amount: int, result: int) -> None:
    db[b"n"] = present.to_bytes(8, "little", signed=True)
    assert db.increment(b"n", amount) == result


@pytest.mark.parametrize(
    ("present", "amount", "error"),
    [
        (MOST, 1, OverflowError),
        (LEAST, -1, OverflowError),
        (0, MOST + 1, OverflowError),
        (0, -(10**30), OverflowError),
        (b"", 1, ValueError),
        (b"1234567", 1, ValueError),
        (b"123456789", 1, ValueError),
        (0, 1.0, TypeError),
        (0, "1", TypeError),
        (0, None, TypeError),
        (0, True, TypeError),
    ],
)
def test_refused_increments_write_nothing(
    db: skiplith.DB, present: int | bytes, amount: int, error: type[Exception]
) -> None:
    if isinstance(present, int):
        present = present.to_bytes(8, "little", signed=True)
    db[b"n"] = present
    writes = db.stats().puts
    with pytest.raises(error):
        db.increment(b"n", amount)
    assert db[b"n"] == present
    assert db.stats().puts == writes
