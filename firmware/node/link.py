"""The way to the network behind one small interface: up(), is_up, name_server(), rssi(), restart().

Whether the coordination point can be reached is not a link's business: only the host's ack shows that. isconnected()
stays True behind a dead uplink.

# Ref: docs.micropython.org, network.WLAN and "ESP32 quick reference, networking" (network.LAN), v1.24 to v1.29.
"""

import asyncio
import time

from micropython import const

_POLL_MS = const(100)
_OFF_MS = const(500)  # the PHY and the radio forget what hung
# Reasons of the ESP-IDF (wifi_err_reason_t) that WLAN.status() returns once an attempt has failed. MicroPython names
# three of them; the others mean the same to who stands in the hall.
_WRONG_PASSWORD = (2, 15, 202, 204)  # auth expired, 4-way handshake timed out, auth failed, handshake timed out
_NOT_FOUND = (200, 201, 210, 211, 212)  # no beacons, no access point, none with this security, mode or signal
_FAILED_FROM = const(1)  # a reason; 1000 idle, 1001 connecting, 1010 connected
_FAILED_BELOW = const(1000)


class LinkError(Exception):
    """Raised when the link does not come up. str() says what is wrong and what to do, never a password."""


def is_address(host):
    """True for a dotted IPv4 address, which needs no name server."""
    parts = host.split(".")
    return len(parts) == 4 and all([p.isdigit() and int(p) < 256 for p in parts])


class _Link:
    """nic: the network interface. what: its name in messages. hint: what to do when it does not come up."""

    def __init__(self, nic, what, hint, timeout_s):
        self._nic = nic
        self._what = what
        self._hint = hint
        self._timeout_s = timeout_s

    @property
    def is_up(self):
        return self._nic.isconnected()

    def rssi(self):
        """Signal in dBm; None when it is not known, or there is no such thing."""
        return

    def name_server(self):
        """The address of the network's name server, as DHCP gave it."""
        return self._nic.ifconfig()[3]

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
            self._nic.active(True)
            self._connect()
        except OSError as error:  # the driver is in the middle of something, or has no memory
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
            self._nic.active(False)
        except OSError:
            pass  # it was not on, or hangs: the ladder's next rung restarts the board
        await asyncio.sleep_ms(_OFF_MS)


class WifiLink(_Link):
    """A Wi-Fi station."""

    def __init__(self, ssid, password, timeout_s):
        import network

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


class EthernetLink(_Link):
    """An RMII PHY. pins: the configuration's "link" table: mdc, mdio, power, phy, phy_addr, ref_clk, ref_clk_mode."""

    def __init__(self, pins, timeout_s):
        import network
        from machine import Pin

        # A power pin, and a clock that the chip may give to the PHY ("out") or take from it ("in").
        options = {"mdc": Pin(pins["mdc"]), "mdio": Pin(pins["mdio"]), "phy_addr": pins.get("phy_addr", 0)}
        options["phy_type"] = getattr(network, "PHY_" + pins.get("phy", "LAN8720").upper())
        options["power"] = Pin(pins["power"]) if "power" in pins else None
        if "ref_clk" in pins:
            options["ref_clk"] = Pin(pins["ref_clk"])
            options["ref_clk_mode"] = Pin.OUT if pins.get("ref_clk_mode") == "out" else Pin.IN
        hint = "is the cable in on both sides, and does the network give addresses (DHCP)?"
        super().__init__(network.LAN(**options), "Ethernet", hint, timeout_s)


def make(config, secrets):
    """The link that the configuration names. Raises LinkError when its kind, its pins or its secrets are missing."""
    table = config["link"]
    kind = table["kind"]
    if kind == "wifi":
        wifi = secrets.get("wifi")
        if not isinstance(wifi, dict) or "ssid" not in wifi:
            raise LinkError("secrets.json: wifi.ssid: found nothing, expected what `make flash` writes")
        return WifiLink(wifi["ssid"], wifi.get("password", ""), table["timeout_s"])
    if kind == "ethernet":
        try:
            return EthernetLink(table, table["timeout_s"])
        except KeyError as error:
            raise LinkError("config.json: link.%s: found nothing, expected a pin of the board" % error.args[0])
        except (AttributeError, ValueError, TypeError) as error:
            raise LinkError("config.json: link: %s: this firmware or board has no such PHY or pin" % error)
        except OSError as error:
            raise LinkError("Ethernet: no PHY answers (%s): check phy_addr, power and ref_clk in config.json" % error)
    raise LinkError("config.json: link.kind: found %s, expected wifi or ethernet" % kind)
