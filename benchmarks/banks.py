"""The stores that move money: one transfer is one transaction, run again until it commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MONEY = 1000


def encode(amount: int) -> bytes:
    return amount.to_bytes(8, "little", signed=True)


def decode(value: bytes) -> int:
    return int.from_bytes(value, "little", signed=True)


def key_of(account: int) -> bytes:
    return b"account/%08d" % account


@dataclass(frozen=True, slots=True)
class Bank:
    """One open store. `for_thread` gives a thread its function transfer(source, target, amount)."""

    for_thread: Callable[[], Callable[[int, int, int], Any]]
    total: Callable[[], int]
    close: Callable[[], Any]


def skiplith(directory: str, accounts: int) -> Bank:
    import skiplith

    db = skiplith.open(directory)
    db.put_many((key_of(n), encode(MONEY)) for n in range(accounts))

    def transfer(source: int, target: int, amount: int) -> None:
        a, b = key_of(source), key_of(target)
        while True:
            try:
                with db.transaction() as t:
                    t[a] = encode(decode(t[a]) - amount)
                    t[b] = encode(decode(t[b]) + amount)
                return
            except skiplith.ConflictError:
                pass

    return Bank(lambda: transfer, lambda: sum(map(decode, db.values())), db.close)


def lmdb(directory: str, accounts: int) -> Bank:
    """One writer at a time: who comes second waits."""
    import lmdb

    env = lmdb.open(directory, map_size=1 << 30, sync=False, metasync=False)
    with env.begin(write=True) as t:
        for n in range(accounts):
            t.put(key_of(n), encode(MONEY))

    def transfer(source: int, target: int, amount: int) -> None:
        a, b = key_of(source), key_of(target)
        with env.begin(write=True) as t:
            t.put(a, encode(decode(t.get(a, b"")) - amount))
            t.put(b, encode(decode(t.get(b, b"")) + amount))

    def total() -> int:
        with env.begin() as t:
            return sum(decode(value) for _, value in t.cursor())

    return Bank(lambda: transfer, total, env.close)


def sqlite(directory: str, accounts: int) -> Bank:
    """BEGIN IMMEDIATE, which takes the only write lock first; a connection for each thread."""
    path = f"{directory}/bank.sqlite"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=60, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    first = connect()
    first.execute("CREATE TABLE accounts (key BLOB PRIMARY KEY, money INTEGER) WITHOUT ROWID")
    first.execute("BEGIN IMMEDIATE")
    rows = ((key_of(n), MONEY) for n in range(accounts))
    first.executemany("INSERT INTO accounts VALUES (?, ?)", rows)
    first.execute("COMMIT")

    def for_thread() -> Callable[[int, int, int], Any]:
        execute = connect().execute
        read = "SELECT money FROM accounts WHERE key = ?"
        write = "UPDATE accounts SET money = ? WHERE key = ?"

        def transfer(source: int, target: int, amount: int) -> None:
            a, b = key_of(source), key_of(target)
            execute("BEGIN IMMEDIATE")
            execute(write, (execute(read, (a,)).fetchone()[0] - amount, a))
            execute(write, (execute(read, (b,)).fetchone()[0] + amount, b))
            execute("COMMIT")

        return transfer

    def total() -> int:
        return int(first.execute("SELECT sum(money) FROM accounts").fetchone()[0])

    return Bank(for_thread, total, first.close)


BANKS: dict[str, Callable[[str, int], Bank]] = {
    "skiplith": skiplith,
    "lmdb": lmdb,
    "sqlite3, immediate": sqlite,
}
