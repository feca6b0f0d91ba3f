# The same as in ../../scenario.ts.
import math


def percentile(ordered, share):
    """The value within which this share of all values is; these are in order."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
