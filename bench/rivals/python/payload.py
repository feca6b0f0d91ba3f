# An array goes to a worker, which writes to it, and comes back: ../../scenarios/payload.ts.
import array
import statistics
import time

from tasks import touch_ends


def payload(open_pool, parameters, settings):
    length = max(2, round(parameters["bytes"] / 8 * settings["scale"]))
    values = array.array("d", range(length))
    pool = open_pool()
    round_trips(pool, values, settings["warmUpMs"])
    times = round_trips(pool, values, settings["measureMs"])
    pool.close()
    details = {"rounds": len(times), "worstMs": max(times)}
    return {"value": statistics.median(times), "details": details}


def round_trips(pool, values, ms):
    """Milliseconds of each round trip, one after the other."""
    times = []
    end = time.perf_counter() + ms / 1000
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        result = pool.call(touch_ends, values)
        times.append((time.perf_counter() - start) * 1000)
        check(result, values)
    return times


def check(result, sent):
    last = len(sent) - 1
    expected = [float(i) for i in range(0, len(sent), 512)]
    expected[0] = 1.0
    if last % 512 == 0:
        expected[-1] += 1
    if len(result) != len(sent) or result[0::512].tolist() != expected or result[last] != last + 1:
        raise ValueError("another array came back")
    if sent[0] != 0 or sent[last] != last:
        raise ValueError("the worker wrote to the caller's own array")
