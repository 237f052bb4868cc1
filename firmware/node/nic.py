"""The network interface that the board has, as far as it is asked every minute. How it comes up is in node.link, lent.

Whether the coordination point can be reached is not its business: only the host's ack shows that. isconnected() stays
True behind a dead uplink.
"""

from node.lent import lent


class LinkError(Exception):
    """Raised when the link does not come up. str() says what is wrong and what to do, never a password."""


class Link:
    """nic: what MicroPython has of it. kind: "wifi" or "ethernet". what: its name in messages.

    hint: what to do when it does not come up. ssid, password: of a Wi-Fi.
    """

    def __init__(self, nic, kind, what, hint, timeout_s, ssid="", password=""):
        self.nic = nic
        self.kind = kind
        self.what = what
        self.hint = hint
        self.timeout_s = timeout_s
        self.ssid = ssid
        self.password = password
        self.looked = False  # for the access point's signal_dbm, since it was last joined (node.refusal)
        self.signal_dbm = None

    @property
    def is_up(self):
        return self.nic.isconnected()

    def rssi(self):
        """Signal in dBm; None when it is not known, or there is no such thing."""
        if self.kind != "wifi":
            return None
        try:
            found = self.nic.status("rssi") if self.is_up else None
        except (OSError, ValueError):
            return None
        self.looked = self.looked and found is None
        return found

    def name_server(self):
        """The address of the network's name server, as DHCP gave it."""
        return self.nic.ifconfig()[3]

    async def up(self):
        """Come up within the time limit. Raises LinkError, and then it is off: the next attempt begins anew."""
        if not self.is_up:
            with lent("node.link", "node.wifi", "node.ethernet") as link:
                await link.up(self)

    async def restart(self):
        """Switch it off; the next up() starts it anew."""
        with lent("node.link", "node.wifi", "node.ethernet") as link:
            await link.restart(self)
