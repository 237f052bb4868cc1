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


def is_address(host):
    """True for a dotted IPv4 address, which needs no name server."""
    parts = host.split(".")
    return len(parts) == 4 and all([p.isdigit() and int(p) < 256 for p in parts])


class Link:
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
            self._nic.active(False)
        except OSError:
            pass  # it was not on, or hangs: the ladder's next rung restarts the board
        await asyncio.sleep_ms(_OFF_MS)


def make(config, secrets):
    """The link that the configuration names. Raises LinkError when its kind, its pins or its secrets are missing."""
    table = config["link"]
    kind = table["kind"]
    if kind == "wifi":
        wifi = secrets.get("wifi")
        if not isinstance(wifi, dict) or "ssid" not in wifi:
            raise LinkError("secrets.json: wifi.ssid: found nothing, expected what `make flash` writes")
        from node.wifi import WifiLink  # the other kind is not loaded

        return WifiLink(wifi["ssid"], wifi.get("password", ""), table["timeout_s"])
    if kind == "ethernet":
        from node.ethernet import EthernetLink

        try:
            return EthernetLink(table, table["timeout_s"])
        except KeyError as error:
            raise LinkError("config.json: link.%s: found nothing, expected a pin of the board" % error.args[0])
        except (AttributeError, ValueError, TypeError) as error:
            raise LinkError("config.json: link: %s: this firmware or board has no such PHY or pin" % error)
        except OSError as error:
            raise LinkError("Ethernet: no PHY answers (%s): check phy_addr, power and ref_clk in config.json" % error)
    raise LinkError("config.json: link.kind: found %s, expected wifi or ethernet" % kind)
