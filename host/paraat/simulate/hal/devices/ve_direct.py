"""A Victron instrument as a UART peer: its text frames begin at each whole second and go out at 19200 baud, byte by byte.

`values` is a function of the board's second at which a block begins, so what lies in a port for a minute is a minute
old. `fault`: None, "silent", "checksum" (every frame with an ON or OFF is damaged). `hex_at`: where in each second's bytes a hex message comes
between (negative: none).
"""

import kernel
import wiring

from devices import put

BYTE_US = 521  # ten bits at 19200 baud
CAPACITY_AH = 100
KEPT_S = 3  # seconds that more than fill any port's buffer: what comes behind them is lost
HEX = b":A0002000148\n"


def frame(fields):
    """The bytes of a frame with these fields [(label, text)]."""
    body = b"".join([b"\r\n" + label.encode() + b"\t" + text.encode() for label, text in fields])
    body += b"\r\nChecksum\t"
    return body + bytes((-sum(body) & 0xFF,))


def bmv(voltage_v, current_a, charge_percent, left_min=-1):
    """Both frames of a battery monitor's second. charge_percent: None is not known. left_min: -1 is infinite."""
    soc = "---" if charge_percent is None else str(round(charge_percent * 10))
    first = [("PID", "0xA381"), ("V", str(round(voltage_v * 1000))), ("T", "---"), ("I", str(round(current_a * 1000)))]
    first += [("P", str(round(voltage_v * current_a))), ("CE", "-1200"), ("SOC", soc), ("TTG", str(left_min))]
    first += [("Alarm", "OFF"), ("Relay", "OFF"), ("AR", "0"), ("BMV", "712 Smart"), ("FW", "0408"), ("MON", "0")]
    history = [("H1", "-188890"), ("H2", "0"), ("H3", "-133402"), ("H4", "1"), ("H5", "0"), ("H6", "-1183888")]
    history += [("H7", "12333"), ("H8", "14499"), ("H9", "0"), ("H10", "4"), ("H17", "1563"), ("H18", "2095")]
    return frame(first) + frame(history)


def mppt(voltage_v, current_a):
    """The frame of a solar charger's second. VPV and IL are there to be taken for V and I."""
    fields = [("PID", "0xA042"), ("FW", "153"), ("SER#", "HQ1949I8BGA"), ("V", str(round(voltage_v * 1000)))]
    fields += [("I", str(round(current_a * 1000))), ("VPV", "13590"), ("PPV", "4"), ("CS", "3"), ("MPPT", "2")]
    fields += [("ERR", "0"), ("LOAD", "ON"), ("IL", "100"), ("H19", "43"), ("H20", "2"), ("H21", "34"), ("HSDS", "7")]
    return frame(fields)


class VEDirect:
    def __init__(self, values, fault=None, hex_at=-1):
        self.values = values  # function(second) -> bytes of that second
        self.fault = fault
        self.hex_at = hex_at
        self._sent_us = kernel.now_us

    def bytes_sent(self):
        since_us, self._sent_us = self._sent_us, kernel.now_us
        if self.fault == "silent":
            return b""
        first, last = since_us // 1000000, kernel.now_us // 1000000
        seconds = range(first, min(first + KEPT_S, last + 1))
        return b"".join([self._sent_in(second, since_us, kernel.now_us) for second in seconds])

    def _sent_in(self, second, since_us, until_us):
        data = self.values(second)
        if self.fault == "checksum":
            data = data.replace(b"\tO", b"\to")
        if self.hex_at >= 0:
            data = data[: self.hex_at] + HEX + data[self.hex_at :]
        start_us = second * 1000000
        # Byte n is there when its last bit has gone out.
        first = max(0, (since_us - start_us) // BYTE_US)
        return data[first : max(0, (until_us - start_us) // BYTE_US)]


def wire(sensor, bus, world):
    def values(second):
        t = kernel.story0_s + second
        if sensor.get("device") == "mppt":
            return mppt(world.battery_v(t), max(0, world.battery_a(t)))
        amperes, percent = world.battery_a(t), world.battery_percent(t)
        left_min = -1 if amperes >= 0 else round(60 * percent / 100 * CAPACITY_AH / -amperes)
        return bmv(world.battery_v(t), amperes, percent, left_min)

    device = wiring.uart[bus["rx"]] = VEDirect(values)
    return device


ONE = {"driver": "ve_direct", "bus": "uart1", "name": "victron"}
BREAKS = ((put("fault", "silent"), "silent"),)
