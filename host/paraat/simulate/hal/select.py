"""select.poll on virtual time; asyncio waits through it."""

import kernel
import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT

_MP_STREAM_POLL = 3


class poll:
    """Real sockets go to the port's own poll. Python objects with ioctl (ThreadSafeFlag) are asked here: the port's poll
    would spend a real millisecond on each look at them."""

    def __init__(self):
        self._real = uselect.poll()
        self._sockets = set()
        self._flags = {}  # id -> [object, mask]

    def register(self, thing, mask=POLLIN | POLLOUT):
        if hasattr(thing, "ioctl"):
            self._flags[id(thing)] = [thing, mask]
        else:
            self._sockets.add(id(thing))
            self._real.register(thing, mask)

    def modify(self, thing, mask):
        if id(thing) in self._flags:
            self._flags[id(thing)][1] = mask
        else:
            self._real.modify(thing, mask)

    def unregister(self, thing):
        if self._flags.pop(id(thing), None) is None:
            self._sockets.discard(id(thing))
            self._real.unregister(thing)

    def look(self, wait_ms=0):
        """What is ready now, or within so many real milliseconds: a list of (object, events)."""
        ready = []
        for thing, mask in self._flags.values():
            events = thing.ioctl(_MP_STREAM_POLL, mask)
            if events:
                ready.append((thing, events))
        if self._sockets:
            ready.extend(self._real.poll(0 if ready else wait_ms))
        elif wait_ms and not ready:
            kernel.real_sleep_ms(wait_ms)
        return ready

    @property
    def has_sockets(self):
        return bool(self._sockets)

    def poll(self, timeout=-1):
        return kernel.wait(self, timeout)

    def ipoll(self, timeout=-1, flags=0):
        return iter(kernel.wait(self, timeout))
