"""One bank, one process: threads transfer between random accounts.

one_bank.py STORE DIRECTORY ACCOUNTS THREADS TRANSFERS      prints {"per_second": ...}
"""

from __future__ import annotations

import json
import random
import sys
import threading
from time import perf_counter

from banks import BANKS, MONEY


def run(name: str, directory: str, accounts: int, threads: int, transfers: int) -> None:
    bank = BANKS[name](directory, accounts)
    start = threading.Barrier(threads + 1)
    each = transfers // threads

    def work(thread: int) -> None:
        rng = random.Random(thread)
        plan = [(*rng.sample(range(accounts), 2), rng.randrange(10)) for _ in range(each)]
        transfer = bank.for_thread()
        start.wait()
        for source, target, amount in plan:
            transfer(source, target, amount)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begun = perf_counter()
    for worker in workers:
        worker.join()
    seconds = perf_counter() - begun
    assert bank.total() == accounts * MONEY
    bank.close()
    print(json.dumps({"per_second": each * threads / seconds}))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
