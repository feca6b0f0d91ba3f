# The scenarios for Python's pools, each a function in the module of its group; start method: the default here.
# main.py RIVAL GROUP PARAMETERS SETTINGS (both JSON, of the scenario and of scenario.ts); prints a sample as JSON.
import json
import sys

from busy import skewed, task_overhead
from cold import cold
from coldstart import cold_start
from latency import latency
from maps import maps
from onebyone import one_by_one
from payload import payload
from pools import POOLS
from process import process
from shared import shared

GROUPS = {
    "one-by-one": one_by_one,
    "map": maps,
    "latency": latency,
    "payload": payload,
    "shared": shared,
    "cold-start": cold_start,
    "cold": cold,
    "skewed": skewed,
    "task-overhead": task_overhead,
}

if __name__ == "__main__":
    rival, group, parameters, settings = sys.argv[1:]
    settings = json.loads(settings)
    if group == "process":
        print(json.dumps(process(rival, json.loads(parameters), settings)))
        sys.exit()
    open_pool = POOLS[rival]
    print(json.dumps(GROUPS[group](lambda: open_pool(settings["workers"]), json.loads(parameters), settings)))
