"""The board's onewire module, down to single bits, over the devices that wiring.onewire names."""

import wiring
from devices.ds18b20 import crc8

SEARCH_ROM = 0xF0
MATCH_ROM = 0x55
SKIP_ROM = 0xCC


class OneWireError(Exception):
    pass


class OneWire:
    SEARCH_ROM = SEARCH_ROM
    MATCH_ROM = MATCH_ROM
    SKIP_ROM = SKIP_ROM

    def __init__(self, pin):
        self.pin = pin

    def _devices(self):
        return [d for d in wiring.onewire.get(self.pin.id, ()) if d.present]

    def reset(self, required=False):
        devices = self._devices()
        for device in devices:
            device.reset()
        if required and not devices:
            raise OneWireError
        return bool(devices)

    def readbit(self):
        # Open drain: one device that pulls down wins.
        bit = 1
        for device in self._devices():
            bit &= device.read_bit()
        return bit

    def writebit(self, bit):
        for device in self._devices():
            device.write_bit(1 if bit else 0)

    def readbyte(self):
        value = 0
        for i in range(8):
            value |= self.readbit() << i
        return value

    def writebyte(self, value):
        for i in range(8):
            self.writebit(value >> i & 1)

    def readinto(self, buffer):
        for i in range(len(buffer)):
            buffer[i] = self.readbyte()

    def write(self, data):
        for value in data:
            self.writebyte(value)

    def select_rom(self, rom):
        self.reset()
        self.writebyte(MATCH_ROM)
        self.write(rom)

    def scan(self):
        """The ROM codes of all devices, found bit by bit (Maxim application note 187)."""
        found = []
        prefixes = [[]]
        while prefixes:
            bits = prefixes.pop()
            taken = self._walk(bits, prefixes)
            if taken is not None:
                rom = bytearray(8)
                for i, bit in enumerate(taken):
                    rom[i >> 3] |= bit << (i & 7)
                found.append(rom)
        return found

    def _walk(self, bits, prefixes):
        if not self.reset():
            return None
        self.writebyte(SEARCH_ROM)
        taken = []
        for i in range(64):
            bit, complement = self.readbit(), self.readbit()
            if bit and complement:
                return None
            if i < len(bits):
                choice = bits[i]
            elif bit != complement:
                choice = bit
            else:
                choice = 0
                prefixes.append(taken + [1])
            self.writebit(choice)
            taken.append(choice)
        return taken

    def crc8(self, data):
        return crc8(data)
