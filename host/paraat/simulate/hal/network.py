"""A Wi-Fi station that connects at once."""

STA_IF = 0
STAT_GOT_IP = 1010


class WLAN:
    IF_STA = 0
    PM_NONE = 0

    def __init__(self, interface=STA_IF):
        self._active = False
        self._connected = False

    def active(self, on=None):
        if on is None:
            return self._active
        self._active = bool(on)
        return None

    def connect(self, ssid=None, key=None):
        self._connected = self._active

    def disconnect(self):
        self._connected = False

    def isconnected(self):
        return self._connected

    def status(self, what=None):
        return -58 if what == "rssi" else STAT_GOT_IP

    def config(self, *args, **kwargs):
        return None

    def ifconfig(self):
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
