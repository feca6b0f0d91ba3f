# From nothing to the first result: ../../scenarios/cold-start.ts.
import time

from tasks import square


def cold_start(open_pool, parameters, settings):
    first = open_and_call(open_pool)
    return {"value": first, "details": {"secondPoolMs": open_and_call(open_pool)}}


def open_and_call(open_pool):
    start = time.perf_counter()
    pool = open_pool()
    result = pool.call(square, 7)
    elapsed_ms = (time.perf_counter() - start) * 1000
    pool.close()
    if result != 49:
        raise ValueError(f"square(7) gave {result}")
    return elapsed_ms
