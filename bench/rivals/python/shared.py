# Memory that both sides see: ../../scenarios/shared.ts. A worker attaches by name, once.
import time
from functools import partial
from multiprocessing import shared_memory

from percentile import percentile

attached = {}


def touch_shared(name):
    if name not in attached:
        memory = shared_memory.SharedMemory(name)
        attached[name] = (memory, memory.buf.cast("d"))
    values = attached[name][1]
    values[0] += 1
    values[-1] += 1
    return values[0]


def shared(open_pool, parameters, settings):
    length = max(2, round(parameters["bytes"] / 8 * settings["scale"]))
    # Before the pool, so that the processes share its resource tracker.
    memory = shared_memory.SharedMemory(create=True, size=length * 8)
    # The system may give more than was asked for: both sides take all of it.
    values = memory.buf.cast("d")
    pool = open_pool()
    call = partial(pool.call, touch_shared, memory.name)
    touch(call, values, settings["warmUpMs"])
    times = sorted(touch(call, values, settings["measureMs"]))
    pool.close()
    values.release()
    memory.close()
    memory.unlink()
    details = {"rounds": len(times), "p99": percentile(times, 0.99)}
    return {"value": percentile(times, 0.5), "details": details}


def touch(call, values, ms):
    """Microseconds of each call, one after the other."""
    times = []
    end = time.perf_counter() + ms / 1000
    while not times or time.perf_counter() < end:
        expected = values[0] + 1
        values[-1] = -expected
        start = time.perf_counter()
        result = call()
        times.append((time.perf_counter() - start) * 1e6)
        if result != expected or values[0] != expected or values[-1] != 1 - expected:
            raise ValueError("what the worker wrote never came back to the caller")
    return times
