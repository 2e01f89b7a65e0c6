"""A database is a dict of bytes."""

import collections.abc
import copy
import pickle
import weakref
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import skiplith

PAIRS = {b"lemon": b"yellow", b"": b"empty", b"plum": b"purple", b"nul\0": b"", b"\xff": b"\0"}


def test_pairs_come_back_as_they_were_set(db: skiplith.DB) -> None:
    for key, value in PAIRS.items():
        db[key] = value
    assert {key: db[key] for key in PAIRS} == PAIRS
    assert dict(db.items()) == PAIRS
    assert list(db) == sorted(PAIRS)
    assert list(reversed(db)) == sorted(PAIRS, reverse=True)
    assert len(db) == len(PAIRS)


def test_last_value_counts(db: skiplith.DB) -> None:
    db[b"k"] = b"first"
    db.put(b"k", b"second")
    assert db[b"k"] == db.get(b"k") == b"second"
    assert len(db) == 1


def test_missing_keys(db: Any) -> None:
    key = b"missing"
    for use in (lambda: db[key], lambda: db.__delitem__(key), lambda: db.pop(key)):
        with pytest.raises(KeyError) as caught:
            use()
        assert caught.value.args == (key,)
    assert db.get(key) is None
    assert db.get(key, 5) == db.get(key, default=5) == db.pop(key, 5) == 5
    assert db.pop(key, None) is None
    assert key not in db
    assert db.delete(key) is None


def test_keyerror_holds_the_key_as_it_was_given(db: skiplith.DB) -> None:
    key = bytearray(b"k")
    with pytest.raises(KeyError) as caught:
        db[key]
    assert caught.value.args[0] is key


def test_deleted_keys_are_gone(db: skiplith.DB) -> None:
    db.update(PAIRS)
    del db[b"lemon"]
    db.delete(b"plum")
    assert db.pop(b"") == b"empty"
    assert dict(db.items()) == {b"nul\0": b"", b"\xff": b"\0"}
    with pytest.raises(KeyError):
        del db[b"lemon"]


def test_truth_is_whether_there_is_a_pair(db: skiplith.DB) -> None:
    assert not db
    db[b""] = b""
    assert db
    del db[b""]
    assert not db


@pytest.mark.parametrize(
    "other",
    [
        PAIRS,
        list(PAIRS.items()),
        tuple(PAIRS.items()),
        [list(pair) for pair in PAIRS.items()],
        [(bytearray(key), memoryview(value)) for key, value in PAIRS.items()],
        collections.OrderedDict(PAIRS),
        collections.UserDict(PAIRS),
        PAIRS.items(),
    ],
    ids=lambda other: type(other).__name__,
)
@pytest.mark.parametrize("how", ["update", "|=", "put_many", "write_many", "iterator"])
def test_many_pairs_from_whatever_dict_takes(db: Any, other: Mapping, how: str) -> None:
    if how == "update":
        assert db.update(other) is None
    elif how == "|=":
        same = db
        db |= other
        assert db is same
    elif how == "put_many":
        assert db.put_many(other) is None
    elif how == "write_many":
        assert db.write_many(other) == len(PAIRS)
    else:
        db.update(iter(other.items() if hasattr(other, "items") else other))
    assert dict(db.items()) == PAIRS


def test_update_takes_nothing_and_other_databases(db: skiplith.DB, tmp_path: Path) -> None:
    db.update()
    assert not db
    with skiplith.open(tmp_path / "other") as other:
        other.update(PAIRS)
        db.update(other)
        db.update(db)
    assert dict(db.items()) == PAIRS


def test_update_refuses_keywords_and_says_why(db: Any) -> None:
    with pytest.raises(TypeError, match="encode"):
        db.update({b"k": b"v"}, lemon=b"yellow")
    assert not db


def test_refused_update_changes_nothing(db: Any) -> None:
    db[b"k"] = b"v"

    def pairs():
        yield b"a", b"1"
        raise ZeroDivisionError

    for bad in ([(b"a", b"1"), (b"b", 2)], [(b"a", b"1"), b"bc"], [(b"a", b"1"), (b"b",)], pairs()):
        with pytest.raises((TypeError, ValueError, ZeroDivisionError)):
            db.update(bad)
    assert dict(db.items()) == {b"k": b"v"}


def test_setdefault_keeps_what_is_there(db: skiplith.DB) -> None:
    assert db.setdefault(b"k", b"v") == b"v"
    assert db.setdefault(b"k", default=b"other") == b"v"
    assert db.setdefault(b"empty") == b""
    assert dict(db.items()) == {b"k": b"v", b"empty": b""}


def test_popitem_takes_from_either_end(db: skiplith.DB) -> None:
    db.update({b"a": b"1", b"b": b"2", b"c": b"3"})
    assert db.popitem() == (b"c", b"3")
    assert db.popitem(last=False) == (b"a", b"1")
    assert db.popitem(True) == (b"b", b"2")
    with pytest.raises(KeyError, match="empty"):
        db.popitem()


def test_clear_removes_everything_and_the_database_goes_on(db: skiplith.DB, path: Path) -> None:
    db.update(PAIRS)
    db.clear()
    assert not db
    assert list(db.items()) == []
    db[b"k"] = b"v"
    db.close()
    with skiplith.open(path) as again:
        assert dict(again.items()) == {b"k": b"v"}


@pytest.mark.parametrize(
    "buffer",
    [
        bytes,
        bytearray,
        memoryview,
        lambda data: array("B", data),
        lambda data: memoryview(b"--" + data + b"--")[2:-2],
        type("SubBytes", (bytes,), {}),
    ],
)
def test_any_contiguous_buffer_is_a_key_and_a_value(
    db: skiplith.DB, buffer: Callable[[bytes], bytes]
) -> None:
    key, value = buffer(b"key"), buffer(b"value")
    db[key] = value
    assert db[b"key"] == db[key] == db.get(key) == b"value"
    assert type(db[key]) is bytes
    assert key in db
    assert db.get_many([key]) == [b"value"]
    assert db.compare_and_set(key, value, buffer(b"other"))
    assert list(db.keys(key, prefix=key)) == [b"key"]
    assert db.pop(key) == b"other"


def test_a_buffer_may_change_right_after_the_call(db: skiplith.DB) -> None:
    key, value = bytearray(b"key"), bytearray(b"x" * (1 << 17))
    db[key] = value
    key[:] = b"another"  # a buffer that is still exported could not be resized
    value.clear()
    assert db[b"key"] == b"x" * (1 << 17)


def test_long_values_and_longest_keys(db: skiplith.DB, path: Path) -> None:
    longest_key = b"k" * 65535
    pairs = {longest_key: b"v", b"a": b"x" * (3 << 20), b"b": b"y" * 65536}
    db.update(pairs)
    assert dict(db.items()) == pairs
    assert db.get_many(pairs) == list(pairs.values())
    db.close()
    with skiplith.open(path) as again:
        assert dict(again.items()) == pairs


def test_it_is_a_mutable_mapping_with_every_mixin_native(db: skiplith.DB) -> None:
    assert isinstance(db, collections.abc.MutableMapping)
    assert issubclass(skiplith.DB, collections.abc.Mapping)
    mixins = {
        name
        for base in collections.abc.MutableMapping.__mro__
        for name in vars(base)
        if callable(getattr(base, name)) and not name.startswith("_abc")
    } - {"__class_getitem__", "__subclasshook__", "__eq__", "__ne__", "__hash__"}
    native = set(dir(skiplith.DB))
    assert mixins <= native
    db[b"k"] = b"v"
    match db:
        case {b"k": value}:
            assert value == b"v"
        case _:
            raise AssertionError("not matched as a mapping")


def test_equality_and_hash_are_identity(db: skiplith.DB, tmp_path: Path) -> None:
    with skiplith.open(tmp_path / "other") as other:
        assert db == db
        assert db != other
        assert {db: 1, other: 2} == {other: 2, db: 1}
        assert db != {}


def test_it_can_be_referred_to_weakly(db: skiplith.DB) -> None:
    assert weakref.ref(db)() is db


@pytest.mark.parametrize("copying", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copies_are_refused_with_a_hint(db: skiplith.DB, copying: Callable) -> None:
    with db.batch() as batch:
        for thing in (db, db.keys(), db.values(), db.items(), iter(db), db.cursor(), batch):
            with pytest.raises(TypeError, match="neither copied nor pickled: "):
                copying(thing)


def test_repr_names_the_path_and_the_state(db: skiplith.DB, path: Path) -> None:
    assert repr(db) == f"<DB {str(path)!r}>"
    db.close()
    assert repr(db) == f"<DB {str(path)!r}, closed>"


def test_no_exception_shows_keys_or_values(db: Any) -> None:
    secret = b"secret"
    db[b"number"] = secret
    attempts: list[Callable[[], object]] = [
        lambda: db.put(secret, secret, secret),
        lambda: db.put(secret, "secret"),
        lambda: db.put(secret, secret, sync="secret"),
        lambda: db.get(secret, secret, secret),
        lambda: db.increment(b"number"),
        lambda: db.increment(secret, "secret"),
        lambda: db.update([(secret, secret, secret)]),
        lambda: db.update([secret]),
        lambda: db.setdefault(secret, "secret"),
        lambda: db.put(secret * 20000, secret),
        lambda: db.keys(secret, "secret"),
        lambda: db.compare_and_set(secret, secret, secret, secret),
        lambda: db.cursor().seek("secret"),
    ]
    for attempt in attempts:
        with pytest.raises((TypeError, ValueError)) as caught:
            attempt()
        assert "secret" not in str(caught.value)


def test_a_derived_class_is_a_database(path: Path) -> None:
    class Words(skiplith.DB):
        def __init__(self, where: Path) -> None:
            super().__init__(where, memtable_bytes=1 << 20)
            self.asked: list[bytes] = []

        def __getitem__(self, key):
            self.asked.append(key)
            return super().__getitem__(key)

    words: Any
    with Words(path) as words:
        words[b"lemon"] = b"yellow"
        assert words[b"lemon"] == b"yellow"
        assert words.asked == [b"lemon"]
        assert repr(words).startswith("<Words ")
        assert words.options.memtable_bytes == 1 << 20
        words.__init__(path.parent / "elsewhere")
        assert words[b"lemon"] == b"yellow"  # opened once and for all
