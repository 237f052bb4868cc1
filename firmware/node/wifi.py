"""A Wi-Fi station as a link.

# Ref: docs.micropython.org, network.WLAN, v1.24 to v1.29.
"""

import network
from micropython import const

from node.lent import lent
from node.nic import Link

_FAILED_FROM = const(1)  # a reason; 1000 idle, 1001 connecting, 1010 connected
_FAILED_BELOW = const(1000)
_COUNTRY = "NL"  # channels 1 to 13; where the driver's default is another, it does not see 12 and 13


class WifiLink(Link):
    """A Wi-Fi station. looked: for the access point's signal_dbm, since it was last joined (node.refusal)."""

    def __init__(self, ssid, password, timeout_s):
        hint = "is the access point on, and does it give addresses (DHCP)?"
        if hasattr(network, "country"):  # not in every port
            network.country(_COUNTRY)
        super().__init__(network.WLAN(network.STA_IF), "Wi-Fi " + ssid, hint, timeout_s)
        self.ssid = ssid
        self._password = password
        self.looked = False
        self.signal_dbm = None

    def rssi(self):
        try:
            found = self.nic.status("rssi") if self.is_up else None
        except (OSError, ValueError):
            return None
        self.looked = self.looked and found is None
        return found

    def _connect(self):
        # One attempt at a time, ours: else the driver tries by itself for ever, hides why, and refuses connect().
        self.nic.config(reconnects=0)
        self.nic.connect(self.ssid, self._password)

    def _why(self):
        reason = self.nic.status()
        if not _FAILED_FROM <= reason < _FAILED_BELOW:
            return None
        with lent("node.refusal") as refusal:
            return refusal.words(self, reason)

    async def restart(self):
        try:
            if self.nic.active():
                self.nic.disconnect()
        except OSError:
            pass  # it was not connected
        await super().restart()
