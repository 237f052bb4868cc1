"""The way to the network behind one small interface: up(), is_up, rssi()."""

import asyncio
import time


class LinkError(Exception):
    """Raised when the link does not come up. str() says what is missing, never a password."""


class WifiLink:
    """A Wi-Fi station. Whether the coordination point can be reached is not its business: only an ack shows that."""

    def __init__(self, ssid, password, timeout_s):
        import network

        self._ssid = ssid
        self._password = password
        self._timeout_s = timeout_s
        self._wlan = network.WLAN(network.STA_IF)

    @property
    def is_up(self):
        return self._wlan.isconnected()

    def rssi(self):
        """Signal in dBm; None when it is not known."""
        try:
            return self._wlan.status("rssi") if self.is_up else None
        except (OSError, ValueError):
            return None

    async def up(self):
        """Come up within the time limit. Raises LinkError."""
        if self.is_up:
            return
        self._wlan.active(True)
        self._wlan.connect(self._ssid, self._password)
        start = time.ticks_ms()
        while not self.is_up:
            if time.ticks_diff(time.ticks_ms(), start) > self._timeout_s * 1000:
                # A connect that hangs would refuse the next one: stop the radio, so that it starts anew.
                self._wlan.disconnect()
                self._wlan.active(False)
                raise LinkError("no Wi-Fi %s in %d s" % (self._ssid, self._timeout_s))
            await asyncio.sleep_ms(100)


def make(config, secrets):
    """The link that the configuration names. Raises LinkError when its kind or its secrets are missing."""
    kind = config["link"]["kind"]
    if kind == "wifi":
        wifi = secrets.get("wifi")
        if not isinstance(wifi, dict) or "ssid" not in wifi:
            raise LinkError("secrets.json: wifi.ssid: found nothing, expected what `make flash` writes")
        return WifiLink(wifi["ssid"], wifi.get("password", ""), config["link"]["timeout_s"])
    raise LinkError("config.json: link.kind: found %s, expected wifi" % kind)
