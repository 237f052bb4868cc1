"""A Wi-Fi station as a link.

# Ref: docs.micropython.org, network.WLAN, v1.24 to v1.29.
"""

import network
from micropython import const

from node.link import Link

# Reasons of the ESP-IDF (wifi_err_reason_t) that WLAN.status() returns once an attempt has failed. MicroPython names
# three of them; the others mean the same to who stands in the hall.
_WRONG_PASSWORD = (2, 15, 202, 204)  # auth expired, 4-way handshake timed out, auth failed, handshake timed out
_NOT_FOUND = (200, 201, 210, 211, 212)  # no beacons, no access point, none with this security, mode or signal
_FAILED_FROM = const(1)  # a reason; 1000 idle, 1001 connecting, 1010 connected
_FAILED_BELOW = const(1000)


class WifiLink(Link):
    """A Wi-Fi station."""

    def __init__(self, ssid, password, timeout_s):
        hint = "is the access point on, and does it give addresses (DHCP)?"
        super().__init__(network.WLAN(network.STA_IF), "Wi-Fi " + ssid, hint, timeout_s)
        self._ssid = ssid
        self._password = password

    def rssi(self):
        try:
            return self._nic.status("rssi") if self.is_up else None
        except (OSError, ValueError):
            return None

    def _connect(self):
        # One attempt at a time, ours: else the driver tries by itself for ever, hides why, and refuses connect().
        self._nic.config(reconnects=0)
        self._nic.connect(self._ssid, self._password)

    def _why(self):
        reason = self._nic.status()
        if not _FAILED_FROM <= reason < _FAILED_BELOW:
            return None
        if reason in _WRONG_PASSWORD:
            return "wrong password (%d): flash the board with the right one" % reason
        if reason in _NOT_FOUND:
            return "not found (%d): is the access point on, in reach, and on 2.4 GHz?" % reason
        return "refused (%d)" % reason

    async def restart(self):
        try:
            if self._nic.active():
                self._nic.disconnect()
        except OSError:
            pass  # it was not connected
        await super().restart()
