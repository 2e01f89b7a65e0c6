"""The cursor: free movement over one point in time."""

import pytest
import skiplith

PAIRS = {b"b": b"1", b"d": b"2", b"f": b"3"}


@pytest.fixture
def cursor(db: skiplith.DB) -> skiplith.Cursor:
    db.update(PAIRS)
    return db.cursor()


@pytest.mark.parametrize(
    ("method", "key", "found"),
    [
        ("seek", b"", b"b"),
        ("seek", b"b", b"b"),
        ("seek", b"c", b"d"),
        ("seek", b"f", b"f"),
        ("seek", b"f\0", None),
        ("seek", b"x" * 100_000, None),
        ("seek_for_prev", b"", None),
        ("seek_for_prev", b"a", None),
        ("seek_for_prev", b"b", b"b"),
        ("seek_for_prev", b"e", b"d"),
        ("seek_for_prev", b"z", b"f"),
        ("seek", bytearray(b"c"), b"d"),
    ],
)
def test_seeking(cursor: skiplith.Cursor, method: str, key: bytes, found: bytes | None) -> None:
    assert getattr(cursor, method)(key) is cursor.valid is (found is not None)
    if found is not None:
        assert (cursor.key, cursor.value) == (found, PAIRS[found])


def test_walking_both_ways(cursor: skiplith.Cursor) -> None:
    assert cursor.first()
    assert [cursor.key, cursor.next() and cursor.key, cursor.next() and cursor.key] == [*PAIRS]
    assert cursor.prev()
    assert cursor.key == b"d"
    assert cursor.last()
    assert cursor.value == b"3"
    assert cursor.prev()
    assert cursor.next()
    assert cursor.key == b"f"


def test_a_new_cursor_steps_onto_the_pairs_from_either_end(db: skiplith.DB) -> None:
    db.update(PAIRS)
    forward, backward = db.cursor(), db.cursor()
    assert not forward.valid
    ascending = []
    while forward.next():
        ascending.append((forward.key, forward.value))
    descending = []
    while backward.prev():
        descending.append((backward.key, backward.value))
    assert ascending == descending[::-1] == [*PAIRS.items()]


def test_past_the_end_it_stays_there(cursor: skiplith.Cursor) -> None:
    cursor.last()
    assert not cursor.next()
    assert not cursor.next()
    assert not cursor.prev()
    for attribute in ("key", "value"):
        with pytest.raises(ValueError, match="no pair"):
            getattr(cursor, attribute)
    assert cursor.first()


def test_it_sees_one_point_in_time(db: skiplith.DB, cursor: skiplith.Cursor) -> None:
    db[b"a"] = b"new"
    db[b"b"] = b"changed"
    del db[b"d"]
    assert cursor.first()
    assert (cursor.key, cursor.value) == (b"b", b"1")
    assert cursor.next()
    assert cursor.key == b"d"
    assert db.cursor().first()


def test_long_values_survive_the_next_move(db: skiplith.DB) -> None:
    db.update({b"a": b"x" * 200_000, b"b": b"y" * 200_000})
    cursor = db.cursor()
    assert cursor.first()
    long = cursor.value
    assert cursor.next()
    assert long == b"x" * 200_000
    assert cursor.value == b"y" * 200_000


def test_closed_cursors_and_closed_databases_say_so(db: skiplith.DB) -> None:
    db.update(PAIRS)
    with db.cursor() as closed:
        closed.first()
    closed.close()
    orphan = db.cursor()
    orphan.first()
    db.close()
    for cursor in (closed, orphan):
        for use in (
            lambda cursor: cursor.seek(b"a"),
            lambda cursor: cursor.seek_for_prev(b"a"),
            lambda cursor: cursor.first(),
            lambda cursor: cursor.last(),
            lambda cursor: cursor.next(),
            lambda cursor: cursor.prev(),
            lambda cursor: cursor.key,
            lambda cursor: cursor.value,
            lambda cursor: cursor.valid,
        ):
            with pytest.raises(skiplith.ClosedError):
                use(cursor)
    orphan.close()
