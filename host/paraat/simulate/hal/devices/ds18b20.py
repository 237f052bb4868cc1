"""DS18B20 thermometer as a 1-wire slave, bit by bit: ROM search, match, skip; convert; read scratchpad.

`present` False: not there. `fault`: None, "crc" (scratchpad damaged), "power-on" (never converts: 85 degC), "short" (its
line is held at ground). `scratchpad`: nine bytes to give instead of its own. family: another chip's, beside thermometers.
"""

import kernel
import wiring

from devices import put

_SEARCH_ROM = 0xF0
_MATCH_ROM = 0x55
_SKIP_ROM = 0xCC
_CONVERT = 0x44
_READ = 0xBE
CONVERSION_US = 750000
POWER_ON_RAW = 0x0550  # 85 degC


def crc8(data):
    crc = 0
    for value in data:
        for _ in range(8):
            mix = (crc ^ value) & 1
            crc = crc >> 1 ^ (0x8C if mix else 0)
            value >>= 1
    return crc


class DS18B20:
    def __init__(self, temperature_c, serial=1, family=0x28):
        self.temperature_c = temperature_c
        rom = bytes((family,)) + serial.to_bytes(6, "little")
        self.rom = rom + bytes((crc8(rom),))
        self.present = True
        self.fault = None
        self.scratchpad = None
        self._raw = POWER_ON_RAW
        self._pending = None  # (ready_us, raw)
        self.reset()

    def reset(self):
        self._state = "rom"
        self._byte = 0
        self._bits = 0
        self._index = 0  # bit of the ROM in a search or a match
        self._phase = 0  # a search's three slots for each bit
        self._out = b""

    def read_bit(self):
        if self.fault == "short":
            return 0
        if self._state == "search" and self._phase < 2:
            bit = self._rom_bit() ^ self._phase
            self._phase += 1
            return bit
        if self._state == "send" and self._index < 8 * len(self._out):
            bit = self._out[self._index >> 3] >> (self._index & 7) & 1
            self._index += 1
            return bit
        if self._state == "converting":
            return 1 if self._pending is None or kernel.now_us >= self._pending[0] else 0
        return 1

    def write_bit(self, bit):
        if self._state == "search":
            self._phase = 0
            self._index = self._index + 1 if bit == self._rom_bit() else 64
            if self._index >= 64:
                self._state = "off"
            return
        if self._state == "match":
            if bit != self._rom_bit():
                self._state = "off"
                return
            self._index += 1
            if self._index == 64:
                self._state = "function"
            return
        self._byte |= bit << self._bits
        self._bits += 1
        if self._bits == 8:
            command, self._byte, self._bits = self._byte, 0, 0
            self._command(command)

    def _rom_bit(self):
        return self.rom[self._index >> 3] >> (self._index & 7) & 1

    def _command(self, command):
        if self._state == "rom":
            self._index = self._phase = 0
            self._state = {_SEARCH_ROM: "search", _MATCH_ROM: "match", _SKIP_ROM: "function"}.get(command, "off")
        elif self._state == "function" and command == _CONVERT:
            raw = round(self.temperature_c() * 16) & 0xFFFF
            if self.fault != "power-on":
                self._pending = (kernel.now_us + CONVERSION_US, raw)
            self._state = "converting"
        elif self._state == "function" and command == _READ:
            if self._pending is not None and kernel.now_us >= self._pending[0]:
                self._raw = self._pending[1]
                self._pending = None
            pad = bytes((self._raw & 0xFF, self._raw >> 8, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10))
            check = crc8(pad) ^ (0xFF if self.fault == "crc" else 0)
            self._out = self.scratchpad or pad + bytes((check,))
            self._index = 0
            self._state = "send"


def wire(sensor, bus, world):
    devices = wiring.onewire.setdefault(bus["pin"], [])
    rom = sensor.get("rom")
    serial = int.from_bytes(bytes.fromhex(rom)[1:7], "little") if rom else len(devices) + 1
    devices.append(DS18B20(lambda: world.temperature_c(kernel.story_s()), serial))
    return devices[-1]


ONE = {"driver": "ds18b20", "bus": "w1"}
BREAKS = ((put("present", False), "silent"), (put("fault", "crc"), "crc"))
