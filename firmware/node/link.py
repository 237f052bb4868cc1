"""How the network interface is made, comes up, and starts anew. Lent by node.nic and node.way for that."""

import asyncio
import time

from micropython import const

from node.lent import lent
from node.nic import LinkError

_POLL_MS = const(100)
_OFF_MS = const(500)  # the PHY and the radio forget what hung


def is_address(host):
    """True for a dotted IPv4 address, which needs no name server."""
    parts = host.split(".")
    return len(parts) == 4 and all([p.isdigit() and int(p) < 256 for p in parts])


def make(config, secrets):
    """The nic.Link that the configuration names.

    Raises LinkError when its kind, pins or secrets are missing, or the driver does not start.
    """
    table = config["link"]
    kind = table["kind"]
    if kind not in ("wifi", "ethernet"):
        raise LinkError("config.json: link.kind: found %s, expected wifi or ethernet" % kind)
    try:
        return _kind(kind).make(table, secrets)
    except (OSError, RuntimeError) as error:
        raise LinkError(_why(error, "%s: the driver does not start (%s)" % (kind, error)))


def _kind(name):
    """The module of a kind: the other one is not loaded."""
    return __import__("node." + name, None, None, ("",))


async def up(link):
    """Bring it up within its time limit. Raises LinkError, and then it is off."""
    kind = _kind(link.kind)
    try:
        link.nic.active(True)
        kind.connect(link)
    except (OSError, RuntimeError) as error:  # the driver is in the middle of something, or has no memory
        why = _why(error, "the driver refuses (%s); it starts anew" % error)
        await restart(link)  # which gives memory back
        raise LinkError("%s: %s" % (link.what, why))
    start = time.ticks_ms()
    while not link.is_up:
        why = kind.why(link)
        if why is None and time.ticks_diff(time.ticks_ms(), start) > link.timeout_s * 1000:
            why = "not up in %d s: %s" % (link.timeout_s, link.hint)
        if why is not None:
            await restart(link)  # a connect that hangs would refuse the next one
            raise LinkError("%s: %s" % (link.what, why))
        await asyncio.sleep_ms(_POLL_MS)


def _why(error, words):
    with lent("node.shortage") as shortage:
        return shortage.WORDS if shortage.is_it(error) or shortage.is_now() else words


async def restart(link):
    """Switch it off."""
    try:
        _kind(link.kind).leave(link)
        link.nic.active(False)
    except OSError:
        pass  # it was not on, or hangs: the ladder's next rung restarts the board
    await asyncio.sleep_ms(_OFF_MS)
