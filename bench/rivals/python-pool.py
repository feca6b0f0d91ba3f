"""The scenarios for Python's multiprocessing.Pool (start method: its default on this machine).

python3 python-pool.py SCENARIO SETTINGS, where SETTINGS is the JSON of scenario.ts; prints a sample as JSON.
"""

import array
import json
import multiprocessing
import statistics
import sys
import threading
import time

IN_FLIGHT = 1000
ELEMENTS = 16 * 2**20 // 8
LEAST_ROUNDS = 3


def square(x):
    return x * x


def touch_ends(values):
    values[0] += 1
    values[-1] += 1
    return values


def one_by_one(settings):
    with multiprocessing.Pool(settings["workers"]) as pool:
        call_for(pool, settings["warmUpMs"])
        start = time.perf_counter()
        done = call_for(pool, settings["measureMs"])
        return {"value": done / (time.perf_counter() - start)}


def call_for(pool, ms):
    """Keeps 1000 calls in flight for that long, then waits for those under way; how many there were."""
    end = time.perf_counter() + ms / 1000
    free = threading.Semaphore(IN_FLIGHT)
    wrong = []
    sent = 0

    def on_result(x, result):
        if result != x * x:
            wrong.append((x, result))
        free.release()

    while sent % 256 != 0 or time.perf_counter() < end:
        free.acquire()
        pool.apply_async(square, (sent,), callback=lambda result, x=sent: on_result(x, result))
        sent += 1
    for _ in range(IN_FLIGHT):
        free.acquire()
    if wrong:
        raise ValueError(f"wrong results: {wrong[:5]}")
    return sent


def cold_start(settings):
    first = open_and_call(settings["workers"])
    return {"value": first, "details": {"secondPoolMs": open_and_call(settings["workers"])}}


def open_and_call(workers):
    start = time.perf_counter()
    with multiprocessing.Pool(workers) as pool:
        result = pool.apply(square, (7,))
        elapsed_ms = (time.perf_counter() - start) * 1000
    if result != 49:
        raise ValueError(f"square(7) gave {result}")
    return elapsed_ms


def large_arrays(settings):
    values = array.array("d", range(ELEMENTS))
    with multiprocessing.Pool(settings["workers"]) as pool:
        round_trips(pool, values, settings["warmUpMs"])
        times = round_trips(pool, values, settings["measureMs"])
    details = {"rounds": len(times), "worstMs": max(times)}
    return {"value": statistics.median(times), "details": details}


def round_trips(pool, values, ms):
    times = []
    end = time.perf_counter() + ms / 1000
    while time.perf_counter() < end or len(times) < LEAST_ROUNDS:
        start = time.perf_counter()
        result = pool.apply(touch_ends, (values,))
        times.append((time.perf_counter() - start) * 1000)
        check(result, values)
    return times


def check(result, sent):
    last = len(sent) - 1
    expected = [float(i) for i in range(0, len(sent), 512)]
    expected[0] = 1.0
    if len(result) != len(sent) or result[0::512].tolist() != expected or result[last] != last + 1:
        raise ValueError("another array came back")
    if sent[0] != 0 or sent[last] != last:
        raise ValueError("the worker wrote to the caller's own array")


SCENARIOS = {"one-by-one": one_by_one, "cold-start": cold_start, "large-arrays": large_arrays}

if __name__ == "__main__":
    print(json.dumps(SCENARIOS[sys.argv[1]](json.loads(sys.argv[2]))))
