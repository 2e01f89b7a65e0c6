"""A segment, read as cpp/FORMAT.md says, of a database that nobody writes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from reading.taker import Damaged, Taker, xxh3

HEADER_BYTES = 4096
BLOCK_BYTES = 32768
BLOCK_HEADER_BYTES = 24
AREA_BYTES = BLOCK_BYTES - BLOCK_HEADER_BYTES
RECORD_BYTES = 24 + 8  # a record without its payload

PUT, DELETE, CLEAR = 1, 2, 3


class Mutation(NamedTuple):
    sequence: int
    kind: int
    key: bytes = b""
    value: bytes = b""


class Footer(NamedTuple):
    last_sequence: int
    records: int
    end: int


@dataclass
class Segment:
    number: int
    nonce: int
    boot_id: bytes
    synced_through: int | None
    footer: Footer | None
    allocated: int | None
    sync_failed: bool
    lanes: set[int] = field(default_factory=set)
    longest_run: int = 0
    records: int = 0
    mutations: list[Mutation] = field(default_factory=list)  # by sequence


class Block(NamedTuple):
    offset: int
    lane: int
    continuation: int
    ordinal: int
    area: bytes


def read_segment(name: str, data: bytes, database_id: bytes) -> Segment:
    page = Taker(data[:HEADER_BYTES], name)
    segment = _read_header(page, database_id)
    page.check(segment.number == int(name.split(".")[0]), "the number is not the name's")
    lanes: dict[int, list[Block]] = {}
    for offset in range(HEADER_BYTES, len(data), BLOCK_BYTES):
        block = _read_block(name, data[offset : offset + BLOCK_BYTES], offset, segment.nonce)
        if block is not None:
            lanes.setdefault(block.lane, []).append(block)
    for blocks in lanes.values():
        _read_lane(name, sorted(blocks, key=lambda block: block.ordinal), segment)
    segment.lanes = set(lanes)
    segment.mutations.sort()
    if any(mutation.kind == CLEAR for mutation in segment.mutations[1:]):
        raise Damaged(f"{name}: a clear that is not the first mutation")
    _check_parts(name, len(data), segment)
    return segment


def _read_header(page: Taker, database_id: bytes) -> Segment:
    page.literal(b"SkplSeg\n", "no segment")
    page.check(page.u32() == 1, "another version")
    page.check(page.u32() == 0, "unknown flags")
    page.literal(database_id, "of another database")
    number, nonce, boot_id = page.u64(), page.u64(), page.take(16)
    page.check(page.u64() == xxh3(page.data[:64]), "the header's check")

    def part(offset: int, words: int) -> list[int] | None:
        page.zeros_to(offset)
        values = [page.u64() for _ in range(words)]
        check = page.u64()
        content = page.data[offset : offset + 8 * words]
        if check == xxh3(content, nonce ^ offset):
            return values
        page.check(check == 0 and not any(content), "neither a part nor zeros")
        return None

    synced, footer, allocated, failed = part(512, 1), part(1024, 3), part(1536, 1), part(2048, 1)
    page.check(failed in (None, [1]), "a failed sync is a 1")
    page.zeros_to(HEADER_BYTES)
    page.end()
    return Segment(
        number=number,
        nonce=nonce,
        boot_id=boot_id,
        synced_through=synced[0] if synced else None,
        footer=Footer(*footer) if footer else None,
        allocated=allocated[0] if allocated else None,
        sync_failed=failed is not None,
    )


def _read_block(name: str, data: bytes, offset: int, nonce: int) -> Block | None:
    block = Taker(data, f"{name}, block at {offset}")
    if len(data) < BLOCK_BYTES or not any(data[16:24]):
        block.zeros(len(data))
        return None
    lane, continuation, ordinal = block.u32(), block.u32(), block.u64()
    block.check(block.u64() == (xxh3(data[:16], nonce ^ offset) or 1), "the block's check")
    return Block(offset, lane, continuation, ordinal, block.take(AREA_BYTES))


def _read_lane(name: str, blocks: list[Block], segment: Segment) -> None:
    if [block.ordinal for block in blocks] != list(range(len(blocks))):
        raise Damaged(f"{name}: holes in a lane")
    starts = [n for n, block in enumerate(blocks) if block.continuation == 0]
    if starts[:1] != [0]:
        raise Damaged(f"{name}: a lane begins with a continuation")
    last_sequence = 0
    for start, stop in zip(starts, [*starts[1:], len(blocks)], strict=True):
        run = blocks[start:stop]
        for n, block in enumerate(run):
            if (block.continuation, block.offset) != (n, run[0].offset + n * BLOCK_BYTES):
                raise Damaged(f"{name}: a run is not in order at {block.offset}")
        segment.longest_run = max(segment.longest_run, len(run))
        for mutations in _read_run(name, run, segment.nonce):
            segment.records += 1
            if mutations[0].sequence <= last_sequence:
                raise Damaged(f"{name}: a lane goes back in sequence")
            last_sequence = mutations[-1].sequence
            segment.mutations += mutations


def _read_run(name: str, run: list[Block], nonce: int) -> list[list[Mutation]]:
    """The records of one block, or of the blocks that a large record takes."""
    area = Taker(b"".join(block.area for block in run), f"{name}, run at {run[0].offset}")
    records = []
    while area.left() >= RECORD_BYTES and any(area.data[area.at + 16 : area.at + 24]):
        block, place = divmod(area.at, AREA_BYTES)
        offset = run[block].offset + BLOCK_HEADER_BYTES + place
        records.append(_read_record(area, nonce ^ offset))
        # Only the first record may be large, and it needs all the blocks.
        area.check(area.at > AREA_BYTES * (len(run) - 1), "a run of too many blocks")
    area.check(bool(records) or len(run) == 1, "a run without a record")
    area.zeros(area.left())
    area.end()
    return records


def _read_record(area: Taker, seed: int) -> list[Mutation]:
    sequence, count = area.u64(), area.u32()
    area.check(area.u32() == 0, "reserved, but not 0")
    length_word = area.data[area.at : area.at + 8]
    payload_bytes, header_check = area.u32(), area.u32()
    header = b"".join(n.to_bytes(8, "little") for n in (sequence, count, payload_bytes))
    area.check(header_check == xxh3(header, seed) & 0xFFFFFFFF, "the header's check")
    payload = area.take(payload_bytes)
    area.padding()
    words = xxh3(payload, seed).to_bytes(8, "little") + length_word + header[:8]
    area.check(area.u64() == (xxh3(words, seed) or 1), "the trailer")
    mutations = read_mutations(payload, sequence)
    area.check(len(mutations) == count > 0, "the count of mutations")
    clears = sum(mutation.kind == CLEAR for mutation in mutations)
    area.check(clears == 0 or count == 1, "a clear among others")
    return mutations


def read_mutations(payload: bytes, sequence: int) -> list[Mutation]:
    taker = Taker(payload, "a payload")
    mutations: list[Mutation] = []
    while taker.left():
        kind = taker.u8()
        taker.check(kind in (PUT, DELETE, CLEAR), "an unknown kind")
        key_bytes = taker.varint() if kind != CLEAR else 0
        value_bytes = taker.varint() if kind == PUT else 0
        taker.check(key_bytes <= 65535 and value_bytes <= 1 << 30, "a length beyond the limit")
        key, value = taker.take(key_bytes), taker.take(value_bytes)
        mutations.append(Mutation(sequence + len(mutations), kind, key, value))
    taker.end()
    return mutations


def _check_parts(name: str, file_bytes: int, segment: Segment) -> None:
    last = segment.mutations[-1].sequence if segment.mutations else 0
    if segment.footer is None:
        if file_bytes < (segment.allocated or 0):
            raise Damaged(f"{name}: shorter than what was allocated")
    elif (segment.footer.records, segment.footer.end) != (segment.records, file_bytes):
        raise Damaged(f"{name}: the footer is of other records or another size")
    elif segment.footer.last_sequence < last:
        raise Damaged(f"{name}: the footer's last sequence is not the last")
