"""Short lines on the serial console: level, task, text. Never a secret, never a payload."""

import time

_QUIET_MS = 60000
_last = {}  # (task, text) -> ticks when it was printed: the same complaint once a minute


def log(level, task, text):
    """level: "I", "W" or "E"."""
    print(level, task, text)


def complain(task, error):
    """A warning about an exception, or a text about one, at most once a minute for the same."""
    text = error if isinstance(error, str) else type(error).__name__ + ((" " + str(error)) if str(error) else "")
    now = time.ticks_ms()
    last = _last.get((task, text))
    # Below zero: days later, the ticks have wrapped.
    if last is not None and 0 <= time.ticks_diff(now, last) < _QUIET_MS:
        return
    if len(_last) > 8:  # some 100 bytes of the heap each
        _last.clear()
    _last[(task, text)] = now
    log("W", task, text)
