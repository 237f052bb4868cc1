"""DS18B20 thermometers on a 1-wire bus, each read by its ROM code.

# Ref: Maxim/Analog Devices DS18B20, 19-7487 Rev 6 7/19 ("DS" below).
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import Sensor, SensorError, named

KEYS = {"bus": "onewire", "rom": "text?", "name": "name?"}

_FAMILY = const(0x28)
_CONVERT = const(0x44)
_READ_SCRATCHPAD = const(0xBE)
_CONVERSION_MS = const(760)  # DS table 2: 750 ms at 12 bits
_POWER_ON = const(0x0550)  # DS figure 4: 85 degC stands in the scratchpad until a conversion was made
_LOWEST_C = const(-55)  # DS, features: what it measures
_HIGHEST_C = const(125)

Temperature = namedtuple("Temperature", ("temp_c",))


def temp_c(raw):
    """DS table 1: two's complement, 1/16 degC a bit."""
    if raw & 0x8000:
        raw -= 0x10000
    return raw / 16


class DS18B20:
    """bus: onewire.OneWire. rom: 8 bytes, or None for the only thermometer on the bus."""

    def __init__(self, bus, rom=None):
        self.bus = bus
        self.rom = rom
        self._given = rom
        self._buf = bytearray(9)

    def _select(self):
        if not self.bus.reset():
            raise SensorError("silent", "nobody on the 1-wire bus: wires, supply, or no pull-up")
        # A line that is held at ground looks like somebody's presence, and its zeros have a right CRC: 0.0 degC.
        if not self.bus.readbit():  # nobody speaks before a command; what follows begins with a reset of its own
            raise SensorError("short", "the 1-wire bus is held at ground")
        if self.rom is None:
            roms = [rom for rom in self.bus.scan() if rom[0] == _FAMILY]
            if not roms:
                raise SensorError("silent", "no DS18B20 on the bus")
            if len(roms) > 1:
                known = ", ".join([bytes(rom).hex() for rom in roms])
                raise SensorError("config", "several DS18B20 on the bus, give each its rom: " + known)
            self.rom = roms[0]
        self.bus.select_rom(self.rom)

    async def read(self):
        """Convert and read. Raises SensorError: silent, short, crc, range (never converted, or impossible), config."""
        self._select()
        self.bus.writebyte(_CONVERT)
        await asyncio.sleep_ms(_CONVERSION_MS)
        self._select()
        self.bus.writebyte(_READ_SCRATCHPAD)
        self.bus.readinto(self._buf)
        buf = self._buf
        if all(byte == 0xFF for byte in buf):  # nobody pulled the line down
            self.rom = self._given  # one that was found may have been exchanged for another
            raise SensorError("silent", "the DS18B20 does not answer")
        if self.bus.crc8(buf) or not any(buf):  # zeros have a right CRC; of a chip they are never all
            raise SensorError("crc", "the DS18B20's answer is garbled, or held at ground: %s" % bytes(buf).hex())
        raw = buf[1] << 8 | buf[0]
        found_c = temp_c(raw)
        if raw == _POWER_ON:
            raise SensorError("range", "85 degC: what it says when its supply dips; or a place as hot as that")
        if not _LOWEST_C <= found_c <= _HIGHEST_C:
            raise SensorError("range", "%.2f degC is outside what a DS18B20 measures" % found_c)
        return Temperature(found_c)


def names(config):
    return (named("climate/temperature", config),)


def setup(config, hw):
    bus = hw.bus(config["bus"])
    rom = config.get("rom")
    if rom is not None:
        rom = bytes.fromhex(rom)
        if len(rom) != 8 or rom[0] != _FAMILY:
            raise ValueError("rom: found %s, expected 16 hex digits that start with 28" % config["rom"])
        if bus.crc8(rom):  # DS figure 4: its last byte is the CRC of the others
            raise ValueError("rom: found %s, whose last two digits do not fit: mistyped" % config["rom"])
    return Sensor(DS18B20(bus, rom), names(config))
