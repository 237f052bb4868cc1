"""Wi-Fi and Ethernet of the simulated board, in front of this machine's real loopback.

`air` and `cable` say what they find. A test changes them; a scenario may hold rows of them, [[second, what], ...].
They tell whether the interface is connected, nothing more: an established socket is cut by the test's own broker.
"""

import time

import kernel
from world import step

STA_IF = 0
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
_HANDSHAKE_TIMEOUT = 15
_REASONS = {"wrong-password": STAT_WRONG_PASSWORD, "weak": _HANDSHAKE_TIMEOUT, "no-ap": STAT_NO_AP_FOUND}
PHY_LAN8720 = 1

_LOOPBACK = "127.0.0.1"
_JOIN_US = 300000  # scan, handshake and DHCP of an access point in reach; about as fast as one can be

# or "wrong-password", "weak": refused as if the password were wrong, "no-ap", "no-dhcp", "busy": the driver refuses
# connect(); "no-memory": it does not start
air = "ok"
cable = "in"  # or "out", "no-dhcp"
signal_dbm = -58
channel = 6  # of the access point
_SCAN_US = 2000000
_country = "XX"


def country(code=None):
    """Which channels the radio may use: in the "world-safe" XX those that every country has."""
    global _country
    if code is None:
        return _country
    _country = code
    return None


class _Nic:
    def __init__(self):
        self._active = False
        self.restarts = 0

    def active(self, on=None):
        if on is None:
            return self._active
        if self._active and not on:
            self.restarts += 1
        self._active = bool(on)
        return None

    def ifconfig(self):
        return (_LOOPBACK, "255.0.0.0", _LOOPBACK, _LOOPBACK)


class WLAN(_Nic):
    IF_STA = 0
    _station = None

    def __new__(cls, interface=STA_IF):
        if WLAN._station is None:  # one radio
            WLAN._station = super().__new__(cls)
            WLAN._station._joined_us = None
            WLAN._station._active = False
            WLAN._station.restarts = WLAN._station.scans = 0
        return WLAN._station

    def __init__(self, interface=STA_IF):
        pass

    def active(self, on=None):
        if on is not None and not on:
            self._joined_us = None
        if on and self._air() == "no-memory":  # network_common.c, esp_exceptions_helper: what it has no name for
            raise RuntimeError("Wifi Unknown Error 0x0101")
        return super().active(on)

    def _air(self):
        found = step(kernel.scenario.get("air", ()), kernel.story_s(), air)
        return "no-ap" if channel > 11 and _country == "XX" else found

    def scan(self):
        if not self._active:
            raise OSError("STA must be active")
        time.sleep_ms(_SCAN_US // 1000)
        self.scans += 1
        if self._air() == "no-ap":
            return []
        return [
            (b"Buren", b"\0" * 6, 1, -80, 3, False),
            (self._ssid.encode(), b"\1" * 6, channel, signal_dbm, 3, False),
        ]

    def connect(self, ssid=None, key=None):
        if not self._active or self._air() == "busy":
            raise OSError("Wifi Internal State Error")
        self._ssid = ssid
        self._joined_us = kernel.now_us + _JOIN_US

    def disconnect(self):
        if self._joined_us is None:
            raise OSError("Wifi Not Started")
        self._joined_us = None

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def status(self, what=None):
        if what == "rssi":
            return signal_dbm
        if self._joined_us is None:
            return STAT_IDLE
        if kernel.now_us < self._joined_us:
            return STAT_CONNECTING
        found = self._air()
        if found == "ok":
            return STAT_GOT_IP
        return _REASONS.get(found, STAT_CONNECTING)

    def config(self, *args, **kwargs):
        return None


class LAN(_Nic):
    """ports/esp32/network_lan.c: keyword arguments only, phy_type and phy_addr required, one interface."""

    made = []  # the arguments of each

    def __init__(self, *, mdc=None, mdio=None, power=None, phy_type, phy_addr, ref_clk=None, ref_clk_mode=-1):
        super().__init__()
        if not 0 <= phy_addr < 32:
            raise ValueError("invalid phy address")
        if mdc is None or mdio is None:
            raise ValueError("mdc and mdio must be specified")
        LAN.made.append((mdc.id, mdio.id, power and power.id, phy_type, phy_addr, ref_clk and ref_clk.id, ref_clk_mode))

    def isconnected(self):
        return self._active and step(kernel.scenario.get("cable", ()), kernel.story_s(), cable) == "in"
