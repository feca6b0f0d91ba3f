# Tasks that keep a CPU busy: ../../scenarios/busy.ts.
import statistics
import threading
import time

from tasks import busy_square


def skewed(open_pool, parameters, settings):
    tasks = max(2, round(parameters["tasks"] * settings["scale"]))
    every, long, short = parameters["longEvery"], parameters["usPerLongTask"], parameters["usPerTask"]
    load = Load(shuffled([long if i % every == 0 else short for i in range(tasks)]), settings["workers"])
    pool = open_pool()
    load.rounds(lambda items: run_calls(pool, items), settings["warmUpMs"])
    by_calls = load.rounds(lambda items: run_calls(pool, items), settings["measureMs"])
    by_map = load.rounds(lambda items: pool.map(busy_square, items), settings["measureMs"])
    pool.close()
    details = {"byMap": statistics.median(by_map), "rounds": len(by_calls)}
    return {"value": statistics.median(by_calls), "details": details}


def task_overhead(open_pool, parameters, settings):
    tasks = max(2, round(parameters["tasks"] * settings["scale"]))
    load = Load([parameters["usPerTask"]] * tasks, settings["workers"])
    pool = open_pool()
    load.rounds(lambda items: run_calls(pool, items), settings["warmUpMs"])
    multiples = load.rounds(lambda items: run_calls(pool, items), settings["measureMs"])
    pool.close()
    return {"value": (statistics.median(multiples) - 1) * 100, "details": {"rounds": len(multiples)}}


def run_calls(pool, items):
    results = [None] * len(items)
    ended = threading.Semaphore(0)

    def on_result(i, result):
        results[i] = result
        ended.release()

    for i, item in enumerate(items):
        pool.submit(
            busy_square,
            item,
            lambda result, i=i: on_result(i, result),
            lambda error, i=i: on_result(i, error),
        )
    for _ in items:
        ended.acquire()
    return results


class Load:
    """Tasks of these lengths, and the time that they take if workers share them ideally."""

    def __init__(self, lengths, workers):
        self.items = [{"us": us, "x": x} for x, us in enumerate(lengths)]
        self.ideal = sum(lengths) / 1e6 / workers

    def rounds(self, run, ms):
        """All tasks at once, again and again: the time of each round, as a multiple of the ideal."""
        multiples = []
        end = time.perf_counter() + ms / 1000
        while not multiples or time.perf_counter() < end:
            start = time.perf_counter()
            results = run(self.items)
            multiples.append((time.perf_counter() - start) / self.ideal)
            if results != [x * x for x in range(len(self.items))]:
                raise ValueError("wrong results")
        return multiples


def shuffled(values):
    """The same order as in busy.ts."""
    result = list(values)
    state = 42
    for i in range(len(result) - 1, 0, -1):
        state = (state * 1664525 + 1013904223) % 2**32
        j = state % (i + 1)
        result[i], result[j] = result[j], result[i]
    return result
