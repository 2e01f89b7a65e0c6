"""What a power cut leaves is a prefix of what was written, never less than what was synced."""

import contextlib
import itertools
import random
import threading
import time
from typing import Any

import pytest
import skiplith
from skiplith import lab

FORMS: list[Any] = ["mapped", "write"]
MEMTABLES = ["skiplist", "art", "mutex_map", "rwlock_map"]
KEEPS = [0, 0.1, 0.5, 0.9, 0.99, 1]
CHANGES = [
    *("create_segment", "segment_grow", "segment_write", "segment_sync", "segment_finish"),
    *("create_appendable", "append", "append_sync", "append_close"),
    *("sync_directory", "rename", "remove"),
]


class History:
    """Every state that a database has had: each write, a batch too, makes one more."""

    def __init__(self, state: dict[bytes, bytes]) -> None:
        self.states = [state]
        self.synced = 0  # the newest state that must survive the machine

    def write_at_random(self, db: skiplith.DB, chance: random.Random) -> None:
        """Batches for the most part, whose parts a torn one would show."""
        after = dict(self.states[-1])
        step = b"%d" % chance.getrandbits(64)
        sync = chance.random() < 0.1
        key = b"key %d" % chance.randrange(20)
        match chance.choice(["many", "many", "large", "delete", "increment", "clear or many"]):
            case "large":
                after[key] = step * chance.choice([10, 300, 3000])
                db.put(key, after[key], sync=sync)
            case "delete":
                after.pop(key, None)
                db.delete(key, sync=sync)
            case "increment":
                total = db.increment(b"total", sync=sync)
                after[b"total"] = total.to_bytes(8, "little")
            case "clear or many" if chance.random() < 0.1:
                after.clear()
                db.clear(sync=sync)
            case _:
                pairs = {b"part %d" % n: step for n in range(chance.randrange(1, 100))}
                after |= pairs
                db.put_many(pairs, sync=sync)
        self.states.append(after)
        if sync:
            self.synced = len(self.states) - 1

    def find(self, found: dict[bytes, bytes]) -> int:
        """The newest state that is just this; fails when there is none since the last sync."""
        for at in range(len(self.states) - 1, -1, -1):
            if self.states[at] == found:
                assert at >= self.synced, f"{self.synced} was synced, {at} was found"
                return at
        raise AssertionError(f"never was so: {len(found)} pairs")


def crash_at_random(files: lab.MemoryFiles, chance: random.Random) -> lab.MemoryFiles:
    return files.crash(chance.getrandbits(64), chance.choice(KEEPS))


def write_back_now_and_then(files: lab.MemoryFiles, chance: random.Random) -> None:
    if chance.random() < 0.1:
        files.write_back(chance.getrandbits(64), chance.random())


@pytest.mark.parametrize("form", FORMS)
def test_synced_writes_survive_and_only_they_when_nothing_else_is_kept(form):
    files = lab.memory_files(form=form)
    with skiplith.open("data", files=files) as db:
        db[b"before"] = b"1"
        db.put(b"synced", b"2", sync=True)
        db[b"unsynced"] = b"3"
        bare, full = files.crash(seed=1, keep=0), files.crash(seed=1, keep=1)
    with skiplith.open("data", files=bare) as db:
        assert dict(db.items()) == {b"before": b"1", b"synced": b"2"}
    with skiplith.open("data", files=full) as db:
        assert dict(db.items()) == {b"before": b"1", b"synced": b"2", b"unsynced": b"3"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memtable", MEMTABLES)
def test_a_crash_leaves_a_prefix_with_batches_whole(memtable, form):
    options: Any = {"memtable": memtable, "memtable_bytes": 65536}
    kept, crashes = set(), 0
    for seed in range(8):
        chance = random.Random(seed)
        files = lab.memory_files(form=form)
        history = History({})
        with skiplith.open("data", files=files, **options) as db:
            for _ in range(60):
                history.write_at_random(db, chance)
                write_back_now_and_then(files, chance)
                if chance.random() < 0.1:
                    crashes += 1
                    after = crash_at_random(files, chance)
                    with skiplith.open("data", files=after, **options) as recovered:
                        at = history.find(dict(recovered.items()))
                    kept.add((at == history.synced, at == len(history.states) - 1))
    assert crashes > 30
    # Something was lost, and something unsynced survived.
    assert {(True, False), (False, True), (False, False)} <= kept


def live_and_die(seed: int) -> int:
    """One database through some lives, with crashes of its recoveries; how many those were."""
    chance = random.Random(seed)
    files = lab.memory_files(form=chance.choice(FORMS))
    options: Any = {"memtable": chance.choice(MEMTABLES), "memtable_bytes": 65536}
    history = History({})
    recoveries = 0
    for _ in range(chance.randrange(1, 5)):
        db = skiplith.open("data", files=files, **options)
        found = dict(db.items())
        history.find(found)
        history = History(found)  # nothing else may be found from now on
        for _ in range(chance.choice([0, 1, 5, 30])):
            history.write_at_random(db, chance)
            write_back_now_and_then(files, chance)
        if chance.random() < 0.3:
            files, left = files.kill(), db
            with skiplith.open("data", "r", files=files) as reader:  # and it writes nothing
                assert dict(reader.items()) == history.states[-1]
        else:
            files, left = crash_at_random(files, chance), db
        left.close()
        while chance.random() < 0.5:
            recoveries += 1
            faults = [
                lab.Fault(
                    operation,
                    nth=chance.randrange(1, 4),
                    sticky=True,
                    done=chance.choice(["nothing", "half", "all"]),
                )
                for operation in chance.sample(CHANGES, 3)
            ]
            try:
                recovered = skiplith.open("data", files=lab.faulty_files(faults, files), **options)
            except skiplith.StorageError:
                pass
            else:
                # What a recovery has shown stays, and what it did not show never comes back.
                history = History(history.states[history.find(dict(recovered.items()))])
                with contextlib.suppress(skiplith.StorageError, skiplith.PoisonedError):
                    recovered.close()
            files = files.kill() if chance.random() < 0.3 else crash_at_random(files, chance)
    with skiplith.open("data", files=files, **options) as db:
        history.find(dict(db.items()))
    return recoveries


def test_nothing_comes_back_however_often_recovery_is_stopped():
    assert sum(live_and_die(seed) for seed in range(150)) > 200


@pytest.mark.slow_prove
@pytest.mark.parametrize("thousand", range(10))
def test_nothing_comes_back_in_many_runs(thousand):
    for seed in range(1000 * (thousand + 1), 1000 * (thousand + 2)):
        live_and_die(seed)


@pytest.mark.parametrize("form", FORMS)
def test_crashes_beside_writing_threads_leave_a_prefix_of_each(form):
    files = lab.memory_files(form=form)
    threads = 3
    enough = threading.Event()
    synced = [-1] * threads  # the last step that was acknowledged as synced
    crashes: list[tuple[list[int], lab.MemoryFiles]] = []

    def write(thread: int) -> None:
        for step in itertools.count():
            if enough.is_set():
                return
            sync = step % 20 == 19
            db.put(b"%d:%06d" % (thread, step), b"x" * 500, sync=sync)
            if sync:
                synced[thread] = step

    with skiplith.open("data", files=files, memtable_bytes=65536) as db:
        workers = [threading.Thread(target=write, args=(thread,)) for thread in range(threads)]
        for worker in workers:
            worker.start()
        while min(synced) < 0:
            time.sleep(0.001)
        for seed in range(20):
            crashes.append((list(synced), files.crash(seed, 0.5)))
        enough.set()
        for worker in workers:
            worker.join()
        crashes.append((list(synced), files.crash(0, 0)))
    for promised, after in crashes:
        with skiplith.open("data", files=after) as recovered:
            for thread in range(threads):
                keys = list(recovered.keys(prefix=b"%d:" % thread))
                assert keys == [b"%d:%06d" % (thread, step) for step in range(len(keys))]
                assert len(keys) > promised[thread]
