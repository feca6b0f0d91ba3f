# Memory that both sides see: ../../scenarios/shared.ts. A worker attaches by name, once.
import statistics
import time
from multiprocessing import shared_memory

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
    touch(pool, memory.name, values, settings["warmUpMs"])
    times = sorted(touch(pool, memory.name, values, settings["measureMs"]))
    pool.close()
    values.release()
    memory.close()
    memory.unlink()
    p99 = times[max(0, -(-99 * len(times) // 100) - 1)]
    return {"value": statistics.median_low(times), "details": {"rounds": len(times), "p99": p99}}


def touch(pool, name, values, ms):
    """Microseconds of each call, one after the other."""
    times = []
    end = time.perf_counter() + ms / 1000
    while not times or time.perf_counter() < end:
        expected = values[0] + 1
        values[-1] = -expected
        start = time.perf_counter()
        result = pool.call(touch_shared, name)
        times.append((time.perf_counter() - start) * 1e6)
        if result != expected or values[0] != expected or values[-1] != 1 - expected:
            raise ValueError("what the worker wrote never came back to the caller")
    return times
