# One call at a time: ../../scenarios/latency.ts.
import time

from cputime import cpu_microseconds
from percentile import percentile
from tasks import square


def latency(open_pool, parameters, settings):
    pool = open_pool()
    call_for(pool, settings["warmUpMs"])
    cpu_before = cpu_microseconds()
    times = sorted(call_for(pool, settings["measureMs"]))
    cpu = cpu_microseconds() - cpu_before
    pool.close()
    details = {
        "p99": percentile(times, 0.99),
        "p99.9": percentile(times, 0.999),
        "cpuPerCall": cpu / len(times),
        "calls": len(times),
    }
    return {"value": percentile(times, 0.5), "details": details}


def call_for(pool, ms):
    """Microseconds of each call."""
    times = []
    start = time.perf_counter()
    end = start + ms / 1000
    while start < end:
        result = pool.call(square, len(times))
        after = time.perf_counter()
        if result != len(times) ** 2:
            raise ValueError(f"square({len(times)}) gave {result}")
        times.append((after - start) * 1e6)
        start = time.perf_counter()
    return times
