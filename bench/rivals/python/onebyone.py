# Tiny tasks, one call each, some of them in flight: ../../scenarios/one-by-one.ts.
import threading
import time

from values import VALUES


def one_by_one(open_pool, parameters, settings):
    pool = open_pool()
    call_for(pool, parameters, settings["warmUpMs"])
    start = time.perf_counter()
    done = call_for(pool, parameters, settings["measureMs"])
    value = done / (time.perf_counter() - start)
    pool.close()
    return {"value": value}


def call_for(pool, parameters, ms):
    """Keeps so many calls in flight for that long, then waits for those under way; how many there were."""
    end = time.perf_counter() + ms / 1000
    return call_while(pool, parameters, lambda sent: sent % 256 != 0 or time.perf_counter() < end)


def call_while(pool, parameters, is_wanted):
    values = VALUES[parameters["kind"]]
    fails = parameters["kind"] == "errors"
    free = threading.Semaphore(parameters["inFlight"])
    wrong = []
    sent = 0

    def on_end(i, outcome, is_error):
        if is_error != fails or not values.is_right(i, outcome):
            wrong.append((i, outcome))
        free.release()

    while is_wanted(sent):
        free.acquire()
        pool.submit(
            values.task,
            values.make(sent),
            lambda result, i=sent: on_end(i, result, False),
            lambda error, i=sent: on_end(i, error, True),
        )
        sent += 1
    for _ in range(parameters["inFlight"]):
        free.acquire()
    if wrong:
        raise ValueError(f"wrong results: {wrong[:5]}")
    return sent
