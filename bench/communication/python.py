"""Python's side of run.ts: prints its figures as JSON. forkyard.ts measures the same in the same way."""

import json
import sys
import time
from multiprocessing import Pipe, Process, Queue, SimpleQueue

OBJECT = {"id": 12_345, "name": "an item of work", "tags": ["red", "green"]}


def produce(queue, item, times, periods):
    start = time.time()
    for _ in range(times):
        queue.put(item)
    periods.put((start, time.time()))


def consume(queue, times, periods):
    start = time.time()
    for _ in range(times):
        queue.get()
    periods.put((start, time.time()))


def per_second(times, item, producers=1, consumers=1, max_size=0):
    queue, periods = Queue(max_size), SimpleQueue()
    processes = [Process(target=produce, args=(queue, item, times // producers, periods)) for _ in range(producers)]
    if consumers > 1:
        processes += [Process(target=consume, args=(queue, times // consumers, periods)) for _ in range(consumers)]
    for process in processes:
        process.start()
    if consumers == 1:
        consume(queue, times, periods)
        processes.append(None)
    taken = [periods.get() for _ in processes]
    for process in filter(None, processes):
        process.join()
    return times / (max(end for _, end in taken) - min(start for start, _ in taken))


def echo(connection):
    while (message := connection.recv()) is not None:
        connection.send(message)


def round_trip(times):
    here, there = Pipe()
    process = Process(target=echo, args=(there,))
    process.start()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        here.send(7)
        here.recv()
        taken.append(time.perf_counter() - start)
    here.send(None)
    process.join()
    return sorted(taken)[times // 2] * 1e6


if __name__ == "__main__":
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    small, objects, large, trips = (-(-int(times * scale) // 2) * 2 for times in (1_000_000, 300_000, 3000, 20_000))
    objects_per_second = per_second(objects, OBJECT)
    trip = round_trip(trips)
    figures = {
        "queueSmall": per_second(small, 7),
        "queueObjects": objects_per_second,
        "queueTwoByTwo": per_second(small, 7, 2, 2),
        "queueLarge": per_second(large, bytes(2**20), max_size=8) * 2**20 / 1e9,
        "pipeTripUs": trip,
    }
    # Python's has neither batches nor an event loop.
    print(json.dumps(figures))
