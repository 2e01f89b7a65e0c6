"""Bytes taken one after another; each belongs to what takes it, and none may be left."""

from __future__ import annotations

from typing import NoReturn

import xxhash


class Damaged(Exception):
    """Bytes that are not as cpp/FORMAT.md says."""


def xxh3(data: bytes, seed: int = 0) -> int:
    return int(xxhash.xxh3_64_intdigest(data, seed & (1 << 64) - 1))


class Taker:
    """Whoever has taken all that it knows calls end(): so every byte is accounted for."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.at = 0
        self._where = where

    def wrong(self, what: str) -> NoReturn:
        raise Damaged(f"{self._where} at {self.at}: {what}")

    def check(self, true: bool, what: str) -> None:
        if not true:
            self.wrong(what)

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        self.check(size <= self.left(), f"{size} bytes, but {self.left()} are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def u8(self) -> int:
        return self.number(1)

    def u32(self) -> int:
        return self.number(4)

    def u64(self) -> int:
        return self.number(8)

    def varint(self) -> int:
        value = 0
        shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            self.check(value < 1 << 64 and shift < 70, "a varint of more than 64 bits")
            if byte < 128:
                return value
            shift += 7

    def literal(self, expected: bytes, what: str) -> None:
        self.check(self.take(len(expected)) == expected, what)

    def zeros(self, size: int) -> None:
        self.check(not any(self.take(size)), "not zero")

    def zeros_to(self, at: int) -> None:
        self.check(at >= self.at, f"already behind {at}")
        self.zeros(at - self.at)

    def padding(self, multiple: int = 8) -> None:
        self.zeros(-self.at % multiple)

    def end(self) -> None:
        self.check(self.left() == 0, f"{self.left()} bytes are left")
