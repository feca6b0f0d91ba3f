# What workers run: the functions of ../../tasks.ts in Python.
import time


def square(x):
    return x * x


def promote(person):
    return {
        "id": person["id"] + 1,
        "name": "Dr " + person["name"],
        "tags": [*person["tags"], "promoted"],
    }


def upper_case(text):
    return text.upper()


def fail(x):
    raise ValueError(f"no result for {x}")


def busy_square(work):
    end = time.perf_counter() + work["us"] / 1e6
    while time.perf_counter() < end:
        pass
    return work["x"] * work["x"]


def touch_ends(values):
    values[0] += 1
    values[-1] += 1
    return values
