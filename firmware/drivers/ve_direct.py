"""Victron battery monitors (BMV, SmartShunt) and solar chargers (MPPT) by their VE.Direct text protocol.

The instrument speaks by itself, about once a second; a BMV cuts what it has to say into two frames, of which only the
first holds what is wanted here.

# Ref: Victron Energy, VE.Direct Protocol, Rev 3.33 ("VP" below): 19200 8N1; a frame is CR LF label TAB value, and so on,
#      ends with CR LF "Checksum" TAB and a byte, and all its bytes add up to 0 modulo 256.
#      Victron Energy, VE.Direct Protocol FAQ, reference frame handler: a hex message (":" to LF) may stand anywhere but
#      in the place of the checksum, and is not part of the sum.
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import Sensor, SensorError, named

KEYS = {"bus": "uart", "device": "text?", "name": "name?"}

_POLL_MS = const(50)  # 96 bytes at 19200 baud: the port's 256 never run over between two looks
_POLLS = const(80)  # 4 s: one whole frame of each kind has gone by twice, and the sampler's 10 s are far off
_SETTLE_MS = const(20)  # what the chip held back behind a full buffer comes out after the first read
_LINE_BYTES = const(48)  # VP: a label has at most 8 characters, a value 32
_COLON = const(0x3A)
_CR = const(0x0D)
_LF = const(0x0A)
_CHECKSUM = b"Checksum\t"
_WANTED = (b"V", b"I", b"SOC", b"TTG")
_SCALES = (1000, 1000, 10, 60)  # mV, mA, permille and minutes to the metrics' V, A, % and h

Battery = namedtuple("Battery", ("bus_mv", "current_ma", "charge_permille", "left_min"))


def number(text):
    """A value of a frame as an int; None where it was not sent, or sent as not known ("---")."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


class Frames:
    """Cuts a stream that begins anywhere into frames. wrong: how many had a wrong checksum."""

    def __init__(self):
        self.wrong = 0
        self._begun = False  # the end of a frame was seen, so the next is seen from its beginning
        self._hex = False
        self._sum = 0
        self._line = bytearray()
        self._fields = {}

    def feed(self, data):
        """The wanted fields {label: text} of each frame that these bytes end and that is whole."""
        found = []
        for byte in data:
            if self._line == _CHECKSUM:  # this byte is the checksum, whatever it looks like
                if self._begun and (self._sum + byte) & 0xFF == 0:
                    found.append(self._fields)
                elif self._begun:
                    self.wrong += 1
                self._begun = True
                self._sum = 0
                self._line = bytearray()
                self._fields = {}
                continue
            if self._hex or byte == _COLON:
                self._hex = byte != _LF
                continue
            self._sum = (self._sum + byte) & 0xFF
            if byte == _LF:
                self._keep(bytes(self._line))
                self._line = bytearray()
            elif byte != _CR and len(self._line) < _LINE_BYTES:
                self._line.append(byte)
        return found

    def _keep(self, line):
        label, tab, text = line.partition(b"\t")
        if tab and label in _WANTED:
            self._fields[label] = text


class VEDirect:
    """uart: 19200 baud; only its receiving side is used."""

    def __init__(self, uart):
        self.uart = uart

    async def read(self):
        """The first whole frame from now on that has a voltage. Raises SensorError: silent, crc.

        What the instrument does not know, such as the charge until the battery was once full, is None; so are its hours
        while nothing is drawn from it. Without the voltage itself, which it always measures, that is at fault.
        """
        for _ in range(2):  # what piled up since the last time is old
            self.uart.read()
            await asyncio.sleep_ms(_SETTLE_MS)
        frames = Frames()
        heard = 0
        for _ in range(_POLLS):
            await asyncio.sleep_ms(_POLL_MS)
            data = self.uart.read()
            if data is None:
                continue
            heard += len(data)
            for fields in frames.feed(data):
                if b"V" in fields:
                    volts = number(fields[b"V"])
                    if volts is None:
                        volts = SensorError("range", "the instrument itself gives no voltage: its wire to the battery")
                    left_min = number(fields.get(b"TTG"))
                    if left_min == -1:  # VP: infinite, for it is not being discharged
                        left_min = None
                    return Battery(volts, number(fields.get(b"I")), number(fields.get(b"SOC")), left_min)
        if not heard:
            raise SensorError("silent", "no bytes from the VE.Direct port")
        if frames.wrong:
            raise SensorError("crc", "%d frames with a wrong checksum" % frames.wrong)
        raise SensorError("silent", "%d bytes but no frame: is the bus at 19200 baud?" % heard)


def names(config):
    found = named("battery/voltage", config), named("battery/current", config)
    if config.get("device") == "mppt":
        return found
    return found + (named("battery/charge", config), named("battery/time-left", config))


def setup(config, hw):
    if config.get("device", "bmv") not in ("bmv", "mppt"):
        raise ValueError("device: found %s, expected bmv (also a SmartShunt) or mppt" % config["device"])
    return Sensor(VEDirect(hw.bus(config["bus"])), names(config), _SCALES)
