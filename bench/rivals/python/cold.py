# The first work of a program: ../../scenarios/cold.ts.
import time

from onebyone import call_while
from values import VALUES


def cold(open_pool, parameters, settings):
    values = VALUES[parameters["kind"]]
    length = max(2, round(parameters["length"] * settings["scale"]))
    opened_at = time.perf_counter()
    pool = open_pool()
    if not values.is_right(7, pool.call(values.task, values.make(7))):
        raise ValueError("item 7 gave another result")
    start_seconds = time.perf_counter() - opened_at
    run = first_map if parameters["method"] == "map" else first_calls
    items, seconds = run(pool, parameters, length)
    pool.close()
    return {
        "value": items / seconds,
        "details": {"items": items, "withStart": items / (start_seconds + seconds)},
    }


def first_calls(pool, parameters, length):
    start = time.perf_counter()
    call_while(pool, parameters, lambda sent: sent < length)
    return length, time.perf_counter() - start


def first_map(pool, parameters, length):
    values = VALUES[parameters["kind"]]
    items = [values.make(i) for i in range(min(length, pool.most_items or length))]
    start = time.perf_counter()
    results = pool.map(values.task, items)
    seconds = time.perf_counter() - start
    if len(results) != len(items):
        raise ValueError(f"{len(results)} of {len(items)} results")
    for i, result in enumerate(results):
        if not values.is_right(i, result):
            raise ValueError(f"item {i} gave {result}")
    return len(items), seconds
