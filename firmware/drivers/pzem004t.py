"""PZEM-004T v3 energy meter: the power taken, and whether the line that it hangs on is alive.

The module's measuring side is fed by the line that it measures: with the line dead it does not answer, just as when a wire
is loose. So an answer proves a line that is alive, and no answer proves nothing: that is a fault, never "off".

# Ref: Peacefair PZEM-004T V3.0 user manual ("PM" below): UART 9600 8N1, Modbus RTU, 80 to 260 V, registers in 2.3.
#      MODBUS over serial line, specification and implementation guide V1.02, 6.2.2 (CRC).
"""

import asyncio
import struct
from collections import namedtuple

from micropython import const

from drivers import SensorError, named

KEYS = {"bus": "uart", "address": "int?", "feeds": "text?", "name": "name?"}

ANY_ADDRESS = 0xF8  # PM 2.1: the only module on the bus answers to it, whatever its own address is

_READ_INPUT = const(0x04)
_EXCEPTION = const(0x84)
_REGISTERS = const(10)
_REPLY_BYTES = const(25)  # address, function, count, ten registers, CRC
_EXCEPTION_BYTES = const(5)
_TRIES = const(3)
_POLL_MS = const(20)
_POLLS = const(15)  # 300 ms; 25 bytes take 26 ms, and the module thinks for less than 100
_LOW_V = const(184)  # 230 V less 20 %: what is under it feeds nothing
_HIGH_V = const(260)  # PM 1: the ends of what it measures
_DEAD_V = const(80)

Line = namedtuple("Line", ("voltage_v", "current_a", "power_w", "frequency_hz"))


def crc16(data):
    """Modbus CRC: polynomial 0xA001 (reflected), begins with 0xFFFF; sent low byte first, so 0 over data and its CRC."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def request(address):
    """Read all input registers of this module."""
    body = struct.pack(">BBHH", address, _READ_INPUT, 0, _REGISTERS)
    return body + struct.pack("<H", crc16(body))


def find_reply(data, address):
    """The first whole reply in these bytes, behind whatever noise or echo; None when there is none (yet)."""
    for i in range(len(data) - _EXCEPTION_BYTES + 1):
        if data[i] != address:
            continue
        if data[i + 1] == _EXCEPTION:
            size = _EXCEPTION_BYTES
        elif data[i + 1] == _READ_INPUT and data[i + 2] == 2 * _REGISTERS:
            size = _REPLY_BYTES
        else:
            continue
        reply = data[i : i + size]
        if len(reply) == size and crc16(reply) == 0:
            return reply
    return None


def line(reply):
    """PM 2.3: 0.1 V; 0.001 A and 0.1 W, each with its low word first; (energy;) 0.1 Hz."""
    volts, a_low, a_high, w_low, w_high, _, _, hertz = struct.unpack_from(">8H", reply, 3)
    return Line(volts / 10, (a_high << 16 | a_low) / 1000, (w_high << 16 | w_low) / 10, hertz / 10)


class PZEM004T:
    """uart: 9600 baud. address: 1 to 247, or ANY_ADDRESS when it is alone."""

    def __init__(self, uart, address=ANY_ADDRESS):
        self.uart = uart
        self.address = address
        self._request = request(address)

    async def read(self):
        """The line now. Raises SensorError: silent (no answer), crc (only garbled ones), bus (it refuses)."""
        heard = 0
        for _ in range(_TRIES):
            self.uart.read()  # a late answer to an earlier question is old
            self.uart.write(self._request)
            data = b""
            for _ in range(_POLLS):
                await asyncio.sleep_ms(_POLL_MS)
                data += self.uart.read() or b""
                reply = find_reply(data, self.address)
                if reply is not None:
                    if reply[1] == _EXCEPTION:
                        raise SensorError("bus", "the PZEM-004T answers with exception %d" % reply[2])
                    return line(reply)
            heard += len(data)
        if heard:
            raise SensorError("crc", "%d bytes but no whole answer: noise, or several answer at once" % heard)
        raise SensorError("silent", "the PZEM-004T does not answer: line dead, or a wire loose")


class _Sensor:
    def __init__(self, driver, config):
        self.driver = driver
        self.names = names(config)

    async def sample(self):
        found = await self.driver.read()
        if not _DEAD_V <= found.voltage_v <= _HIGH_V:
            raise SensorError("range", "%.1f V is outside what the module measures" % found.voltage_v)
        return [(self.names[0], found.power_w), (self.names[1], found.voltage_v >= _LOW_V)]


def fed_by(config):
    """The metric of the line that it measures, and that feeds it."""
    return "power/generator" if config.get("feeds") == "generator" else "power/mains"


def names(config):
    """A sensor's own name goes to the load only: the point has one mains and one generator."""
    return named("power/load", config), fed_by(config)


def setup(config, hw):
    if config.get("feeds", "mains") not in ("mains", "generator"):
        raise ValueError("feeds: found %s, expected mains or generator: what the measured line is" % config["feeds"])
    address = config.get("address", ANY_ADDRESS)
    if not isinstance(address, int) or not 1 <= address <= ANY_ADDRESS:
        raise ValueError("address: found %s, expected 1 to 247, or 248 for the only module on the bus" % address)
    return _Sensor(PZEM004T(hw.bus(config["bus"]), address), config)
