"""Waiting for something that another thread or process does, with a limit."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], what: str = "the condition", limit_s: float = 20.0) -> None:
    """Return as soon as condition() is true. Raises AssertionError when it is not within limit_s."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(0.02)
