"""PZEM-004T v3 energy meter as a Modbus RTU slave on a UART.

`voltage_v` gives None while the line is dead: the module, fed by it, does not answer. `fault`: None, "crc" (replies
damaged), "cut" (replies broken off), "exception" (refuses), "echo" (the adapter gives the request back before the reply),
"noise" (stray bytes before the reply), "late" (answers after a second).
"""

import struct

import kernel
import wiring

from devices import put

ANY_ADDRESS = 0xF8
THINKS_US = 60000
LATE_US = 1000000


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def with_crc(body):
    return body + struct.pack("<H", crc16(body))


class PZEM004T:
    def __init__(self, voltage_v, power_w, address=1, fault=None):
        self.voltage_v = voltage_v  # functions without arguments
        self.power_w = power_w
        self.address = address
        self.fault = fault
        self.asked = 0
        self._due = []  # (when, bytes)

    def receive(self, data):
        if len(data) != 8 or crc16(data) != 0 or data[0] not in (self.address, ANY_ADDRESS):
            return
        self.asked += 1
        if self.fault == "echo":
            self._due.append((kernel.now_us, data))
        if self.voltage_v() is None:
            return
        reply = self._reply(data)
        if self.fault == "crc":
            reply = reply[:4] + bytes((reply[4] ^ 0x10,)) + reply[5:]
        if self.fault == "cut":
            reply = reply[:-3]
        if self.fault == "noise":
            reply = b"\x00\xf8\x04\xff" + reply
        self._due.append((kernel.now_us + (LATE_US if self.fault == "late" else THINKS_US), reply))

    def _reply(self, data):
        _, function, register, count = struct.unpack_from(">BBHH", data)
        if self.fault == "exception" or function != 0x04 or register != 0 or count != 10:
            return with_crc(bytes((data[0], function | 0x80, 0x02)))
        volts = self.voltage_v()
        watts = round(self.power_w() * 10)
        milliamperes = round(watts * 100 / volts) if volts else 0
        registers = (round(volts * 10), milliamperes & 0xFFFF, milliamperes >> 16, watts & 0xFFFF, watts >> 16)
        return with_crc(bytes((data[0], 0x04, 20)) + struct.pack(">10H", *(registers + (7, 0, 500, 100, 0))))

    def bytes_sent(self):
        sent = b"".join([data for when_us, data in self._due if when_us <= kernel.now_us])
        self._due = [due for due in self._due if due[0] > kernel.now_us]
        return sent


def wire(sensor, bus, world):
    alive = world.generator if sensor.get("feeds") == "generator" else world.mains
    device = wiring.uart[bus["rx"]] = PZEM004T(
        lambda: 230.0 if alive(kernel.story_s()) else None,
        lambda: world.load_w(kernel.story_s()),
        sensor.get("address", 1),
    )
    return device


ONE = {"driver": "pzem004t", "bus": "uart0", "address": 1}
BREAKS = ((put("fault", "crc"), "crc"),)
