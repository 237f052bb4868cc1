"""What systemd wants to know of a service (sd_notify(3)): that it is ready, that it gets on, and that it stops.

A datagram of lines to the socket that $NOTIFY_SOCKET names; without it, as outside of systemd, nothing is said.
"""

import os
import socket
import threading
from collections.abc import Callable

_EVERY_S = 10.0


def notify(*lines: str) -> bool:
    """Tell systemd, such as "READY=1". False when nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return False
    address = "\0" + path[1:] if path.startswith("@") else path  # @: of the abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
            said.settimeout(1.0)
            said.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def every_s() -> float:
    """How often systemd wants a sign, at the least: twice in the time that the unit's WatchdogSec= gives."""
    asked = os.environ.get("WATCHDOG_USEC", "")
    return min(_EVERY_S, int(asked) / 2e6) if asked.isdigit() and int(asked) else _EVERY_S


def watch(stop: threading.Event, hangs: Callable[[], str]) -> None:
    """Give signs until `stop`, but none while something hangs: then systemd starts the service anew. hangs: what, or ""."""
    while not stop.wait(every_s()):
        if why := hangs():
            notify(f"STATUS={why}")
        else:
            notify("WATCHDOG=1", "STATUS=")
