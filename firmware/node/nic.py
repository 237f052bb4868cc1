"""The way to the network behind one small interface: up(), is_up, name_server(), rssi(), restart().

Whether the coordination point can be reached is not a link's business: only the host's ack shows that. isconnected()
stays True behind a dead uplink.
"""

import asyncio
import time

from micropython import const

_POLL_MS = const(100)
_OFF_MS = const(500)  # the PHY and the radio forget what hung


class LinkError(Exception):
    """Raised when the link does not come up. str() says what is wrong and what to do, never a password."""


class Link:
    """nic: the network interface. what: its name in messages. hint: what to do when it does not come up."""

    def __init__(self, nic, what, hint, timeout_s):
        self.nic = nic
        self._what = what
        self._hint = hint
        self._timeout_s = timeout_s

    @property
    def is_up(self):
        return self.nic.isconnected()

    def rssi(self):
        """Signal in dBm; None when it is not known, or there is no such thing."""
        return

    def name_server(self):
        """The address of the network's name server, as DHCP gave it."""
        return self.nic.ifconfig()[3]

    def _connect(self):
        pass

    def _why(self):
        """Why an attempt has failed, in words; None while it goes on or nobody knows."""
        return

    async def up(self):
        """Come up within the time limit. Raises LinkError, and then it is off: the next attempt begins anew."""
        if self.is_up:
            return
        try:
            self.nic.active(True)
            self._connect()
        except (OSError, RuntimeError) as error:  # the driver is in the middle of something, or has no memory
            await self.restart()
            raise LinkError("%s: the driver refuses (%s); it starts anew" % (self._what, error))
        start = time.ticks_ms()
        while not self.is_up:
            why = self._why()
            if why is None and time.ticks_diff(time.ticks_ms(), start) > self._timeout_s * 1000:
                why = "not up in %d s: %s" % (self._timeout_s, self._hint)
            if why is not None:
                await self.restart()  # a connect that hangs would refuse the next one
                raise LinkError("%s: %s" % (self._what, why))
            await asyncio.sleep_ms(_POLL_MS)

    async def restart(self):
        """Switch it off; the next up() starts it anew."""
        try:
            self.nic.active(False)
        except OSError:
            pass  # it was not on, or hangs: the ladder's next rung restarts the board
        await asyncio.sleep_ms(_OFF_MS)
