"""What stands between a reading and the stream."""

from paraat_wire import metrics


def median(values):
    """The middle value; of an even count the lower of the two, so that it is a value that was really read."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def plausible(name, value):
    """True when the metrics table holds this value of this metric for possible. NaN is not. Raises KeyError: no such."""
    found = metrics.lookup(name)
    if found is None:
        raise KeyError(name)
    row = found[0]
    return row[metrics.LOW] <= value <= row[metrics.HIGH]
