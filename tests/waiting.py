"""Waiting for something that another thread or process does, with a limit.

LIMIT_S only bounds how long a failure takes to be seen: a test that passes never waits so long, so it is far more than
a busy machine needs.
"""

import time
from collections.abc import Callable

LIMIT_S = 120.0


def wait_for(condition: Callable[[], object], what: str = "the condition", limit_s: float = LIMIT_S) -> None:
    """Return as soon as condition() is true. Raises AssertionError when it is not within limit_s."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(0.02)
