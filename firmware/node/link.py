"""The way to the network behind one small interface: up(), is_up, rssi(), restart().

Whether the coordination point can be reached is not a link's business: only the host's ack shows that.
"""

import asyncio
import time

from micropython import const

_POLL_MS = const(100)
_OFF_MS = const(500)  # the PHY and the radio forget what hung


class LinkError(Exception):
    """Raised when the link does not come up. str() says what is missing, never a password."""


class _Link:
    """nic: the network interface. what: its name in messages."""

    def __init__(self, nic, what, timeout_s):
        self._nic = nic
        self._what = what
        self._timeout_s = timeout_s

    @property
    def is_up(self):
        return self._nic.isconnected()

    def rssi(self):
        """Signal in dBm; None when it is not known, or there is no such thing."""
        return

    def _connect(self):
        pass

    async def up(self):
        """Come up within the time limit. Raises LinkError."""
        if self.is_up:
            return
        self._nic.active(True)
        self._connect()
        start = time.ticks_ms()
        while not self.is_up:
            if time.ticks_diff(time.ticks_ms(), start) > self._timeout_s * 1000:
                await self.restart()  # a connect that hangs would refuse the next one
                raise LinkError("no %s in %d s" % (self._what, self._timeout_s))
            await asyncio.sleep_ms(_POLL_MS)

    async def restart(self):
        """Switch it off; the next up() starts it anew."""
        self._nic.active(False)
        await asyncio.sleep_ms(_OFF_MS)


class WifiLink(_Link):
    """A Wi-Fi station."""

    def __init__(self, ssid, password, timeout_s):
        import network

        super().__init__(network.WLAN(network.STA_IF), "Wi-Fi " + ssid, timeout_s)
        self._ssid = ssid
        self._password = password

    def rssi(self):
        try:
            return self._nic.status("rssi") if self.is_up else None
        except (OSError, ValueError):
            return None

    def _connect(self):
        self._nic.connect(self._ssid, self._password)

    async def restart(self):
        if self._nic.active():
            self._nic.disconnect()
        await super().restart()


class EthernetLink(_Link):
    """An RMII PHY. pins: the configuration's "link" table: mdc, mdio, power, phy, phy_addr, ref_clk, ref_clk_mode."""

    def __init__(self, pins, timeout_s):
        import network
        from machine import Pin

        # docs.micropython.org, network.LAN, ESP32: a power pin, and a clock that the chip may give to the PHY.
        options = {"mdc": Pin(pins["mdc"]), "mdio": Pin(pins["mdio"]), "phy_addr": pins.get("phy_addr", 0)}
        options["phy_type"] = getattr(network, "PHY_" + pins.get("phy", "LAN8720").upper())
        options["power"] = Pin(pins["power"]) if "power" in pins else None
        if "ref_clk" in pins:
            options["ref_clk"] = Pin(pins["ref_clk"])
            options["ref_clk_mode"] = Pin.OUT if pins.get("ref_clk_mode") == "out" else Pin.IN
        super().__init__(network.LAN(**options), "Ethernet", timeout_s)


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
        except (AttributeError, ValueError) as error:
            raise LinkError("config.json: link: %s: this firmware or board has no such PHY or pin" % error)
    raise LinkError("config.json: link.kind: found %s, expected wifi or ethernet" % kind)
