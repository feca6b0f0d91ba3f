# Many items at once: ../../scenarios/map.ts.
import time

from values import VALUES


def maps(open_pool, parameters, settings):
    values = VALUES[parameters["kind"]]
    pool = open_pool()
    length = max(2, round(parameters["length"] * settings["scale"]))
    items = [values.make(i) for i in range(min(length, pool.most_items or length))]
    run = pool.imap if parameters["method"] == "imap" else pool.map

    def time_round():
        start = time.perf_counter()
        results = list(run(values.task, items))
        elapsed = time.perf_counter() - start
        if len(results) != len(items):
            raise ValueError(f"{len(results)} of {len(items)} results")
        for i, result in enumerate(results):
            if not values.is_right(i, result):
                raise ValueError(f"item {i} gave {result}")
        return elapsed

    first = time_round()
    times = []
    end = time.perf_counter() + settings["measureMs"] / 1000
    while not times or time.perf_counter() < end:
        times.append(time_round())
    pool.close()
    return {
        "value": len(times) * len(items) / sum(times),
        "details": {"items": len(items), "firstRound": len(items) / first},
    }
