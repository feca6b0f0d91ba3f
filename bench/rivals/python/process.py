# A process for one function: ../../scenarios/process.ts.
import multiprocessing
import os
import statistics
import time

WARM_UPS = 30
METHODS = {"python": "fork", "python-forkserver": "forkserver"}


def tell(end):
    os.write(end.fileno(), time.monotonic_ns().to_bytes(8, "little"))


def process(rival, parameters, settings):
    context = multiprocessing.get_context(METHODS[rival])
    time_of = parameters["time"]
    for _ in range(WARM_UPS):
        run(context)
    end = time.monotonic() + settings["measureMs"] / 1000
    times = [run(context)[time_of]]
    while time.monotonic() < end:
        times.append(run(context)[time_of])
    times.sort()
    return {"value": statistics.median(times), "details": {"p90": times[int(len(times) * 0.9)]}}


def run(context):
    reader, writer = context.Pipe(duplex=False)
    start = time.monotonic_ns()
    child = context.Process(target=tell, args=(writer,))
    child.start()
    child.join()
    joined = time.monotonic_ns()
    running = int.from_bytes(os.read(reader.fileno(), 8), "little")
    reader.close()
    writer.close()
    return {"runningMs": (running - start) / 1e6, "joinedMs": (joined - start) / 1e6}
