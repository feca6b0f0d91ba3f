"""Python's half of run.ts: prints its figures as JSON. forkyard.ts measures the same in the same way."""

import json
import os
import sys
import time
from multiprocessing import Lock, Process, Queue, Value
from multiprocessing.sharedctypes import RawArray

BEGUN, STOP, LAST, HAND_OVERS = range(4)


def each_ns(run):
    rounds = []
    for _ in range(9):
        start = time.perf_counter()
        run(300_000)
        rounds.append((time.perf_counter() - start) / 300_000 * 1e9)
    return sorted(rounds)[4]


def acquire(times):
    lock = Lock()
    for _ in range(times):
        lock.acquire()
        lock.release()


def scoped(times):
    lock = Lock()
    for _ in range(times):
        with lock:
            pass


def increment(times):
    value = Value("i", 0)
    for _ in range(times):
        with value.get_lock():
            value.value += 1


def work(lock, numbers, begun, results):
    me, acquired, longest = os.getpid(), 0, 0.0
    with begun.get_lock():
        begun.value += 1
    while begun.value < numbers[BEGUN]:
        pass
    while numbers[STOP] == 0:
        before = time.perf_counter()
        lock.acquire()
        longest = max(longest, time.perf_counter() - before)
        if numbers[LAST] != me:
            numbers[LAST] = me
            numbers[HAND_OVERS] += 1
        acquired += 1
        lock.release()
    results.put((acquired, longest * 1000))


def hammer(members, seconds):
    lock, numbers, begun, results = Lock(), RawArray("i", 4), Value("i", 0), Queue()
    numbers[BEGUN] = members
    processes = [Process(target=work, args=(lock, numbers, begun, results)) for _ in range(members)]
    for process in processes:
        process.start()
    while begun.value < members:
        time.sleep(0.001)
    start = time.perf_counter()
    time.sleep(seconds)
    numbers[STOP] = 1
    elapsed = time.perf_counter() - start
    done = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(acquired for acquired, _ in done) / elapsed, numbers[HAND_OVERS] / elapsed, max(wait for _, wait in done)


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    acquired, hand_overs, _ = hammer(2, seconds)
    _, _, longest = hammer(8, seconds)
    figures = {
        "acquireNs": each_ns(acquire),
        "scopedNs": each_ns(scoped),
        "incrementNs": each_ns(increment),
        # It has no atomics: an increment is one under the lock, whatever it is for.
        "addNs": each_ns(increment),
        "valueIncrementNs": each_ns(increment),
        "acquiredPerSecond": acquired,
        "handOversPerSecond": hand_overs,
        "longestWaitMs": longest,
    }
    print(json.dumps(figures))
