"""select.poll on virtual time; asyncio waits through it."""

import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT

import kernel


class poll:
    def __init__(self):
        self._real = uselect.poll()
        self._sockets = set()

    def register(self, thing, mask=POLLIN | POLLOUT):
        if hasattr(thing, "fileno"):
            self._sockets.add(id(thing))
        return self._real.register(thing, mask)

    def modify(self, thing, mask):
        return self._real.modify(thing, mask)

    def unregister(self, thing):
        self._sockets.discard(id(thing))
        return self._real.unregister(thing)

    def poll(self, timeout=-1):
        return kernel.wait(self._real, len(self._sockets), timeout)

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))
