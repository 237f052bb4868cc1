"""The board's machine module, wired to device models. Only what the firmware uses."""

import os
import time

import kernel
import wiring

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_cause = PWRON_RESET


class Pin:
    IN = 1
    OUT = 3
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    _handler = None
    _trigger = 0

    def __init__(self, id, mode=-1, pull=-1, value=None):
        if not 0 <= id <= 48:  # of the ESP32-S3, the one with the most
            raise ValueError("invalid pin")
        self.id = id
        self._mode = mode
        self._pull = pull
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            if self._mode == Pin.OUT:
                return wiring.outputs[self.id][-1][1] if self.id in wiring.outputs else 0
            return wiring.levels.get(self.id, 1 if self._pull == Pin.PULL_UP else 0)
        level = 1 if level else 0
        log = wiring.outputs.setdefault(self.id, [])
        if not log or log[-1][1] != level:
            log.append((kernel.now_us, level))
            if len(log) > wiring.OUTPUTS_KEPT:
                log.pop(0)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING):
        self._handler = handler
        self._trigger = trigger
        if handler is None:
            wiring.watchers.pop(self.id, None)
        else:
            wiring.watchers[self.id] = self

    def _edge(self, level):
        if self._handler is not None and self._trigger & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
            self._handler(self)


class I2C:
    TIMEOUT_MS = 50  # of the port, when it is not told another

    def __init__(self, id=0, *, scl, sda, freq=400000):
        self._pins = scl.id, sda.id
        self._devices = wiring.i2c.setdefault(self._pins, {})

    def _device(self, address):
        if self._pins in wiring.stuck:
            time.sleep_ms(self.TIMEOUT_MS)
            raise OSError(116)  # ETIMEDOUT on the ESP32
        device = self._devices.get(address)
        if device is None or device.nack:
            raise OSError(19)  # ENODEV on the ESP32: nobody acknowledged
        return device

    def scan(self):
        if self._pins in wiring.stuck:
            return []
        return sorted(a for a, device in self._devices.items() if not device.nack)

    def readfrom_mem_into(self, address, register, buffer):
        buffer[:] = self._device(address).read(register, len(buffer))

    def readfrom_mem(self, address, register, count):
        buffer = bytearray(count)
        self.readfrom_mem_into(address, register, buffer)
        return bytes(buffer)

    def writeto_mem(self, address, register, buffer):
        self._device(address).write(register, bytes(buffer))

    def writeto(self, address, buffer):
        if not self._device(address).receive(bytes(buffer)):
            raise OSError(19)
        return len(buffer)

    def readfrom_into(self, address, buffer):
        data = self._device(address).reply(len(buffer))
        if data is None:
            raise OSError(19)
        buffer[: len(data)] = data


class ADC:
    """As an ESP32 with the attenuation of 11 dB: below 142 mV and above 3.1 V it only says those."""

    ATTN_11DB = 3
    LOW_UV = 142000
    HIGH_UV = 3100000

    def __init__(self, pin, *, atten=0):
        self._pin = pin.id

    def read_uv(self):
        device = wiring.adc.get(self._pin)
        uv = 0 if device is None else device.microvolts(self._pin)
        return int(max(self.LOW_UV, min(self.HIGH_UV, uv)))


class UART:
    FIFO_BYTES = 128

    def __init__(self, id, baudrate=9600, *, tx=None, rx=None, rxbuf=256, timeout=0):
        self._rx = rx.id if isinstance(rx, Pin) else rx
        self._rxbuf = rxbuf
        self._pending = b""
        self._fifo = b""

    def _fill(self):
        device = wiring.uart.get(self._rx)
        if device is not None:
            # When the buffer is full the chip's own FIFO takes FIFO_BYTES more, which come out only after a read has
            # made room (IDF stops the interrupt until then). What comes after that is lost.
            stored = (self._pending + self._fifo + device.bytes_sent())[: self._rxbuf + self.FIFO_BYTES]
            self._pending, self._fifo = stored[: self._rxbuf], stored[self._rxbuf :]

    def any(self):
        self._fill()
        return len(self._pending)

    def read(self, count=-1):
        self._fill()
        if not self._pending:
            return None
        count = len(self._pending) if count < 0 else count
        data, self._pending = self._pending[:count], self._pending[count:]
        return data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        device = wiring.uart.get(self._rx)
        if device is not None and hasattr(device, "receive"):
            device.receive(bytes(data))
        return len(data)


class RTC:
    """The chip's own clock and its memory: both survive a soft reset, and are lost at power-off."""

    _memory = b""

    def memory(self, data=None):
        if data is None:
            return RTC._memory
        RTC._memory = bytes(data)
        return None

    def datetime(self, when=None):
        if when is None:
            y, mo, d, h, mi, s, wd, _ = time.gmtime()
            return (y, mo, d, wd, h, mi, s, 0)
        y, mo, d, _, h, mi, s, _ = when
        time._set_clock(time.mktime((y, mo, d, h, mi, s, 0, 0)))
        return None


class WDT:
    """One watchdog, as on the chip: it cannot be stopped, and a new one only sets another time."""

    fed_us = None  # when it was last fed
    _timeout_us = 0

    def __init__(self, id=0, timeout=5000):
        running = WDT.fed_us is not None
        WDT._timeout_us = timeout * 1000
        self.feed()
        if not running:
            WDT._look()

    def feed(self):
        WDT.fed_us = kernel.now_us

    @staticmethod
    def _look():
        due_us = WDT.fed_us + WDT._timeout_us
        if kernel.now_us >= due_us:
            _end(WDT_RESET)
        kernel.at(due_us, WDT._look)


def unique_id():
    return (os.getenv("PARAAT_BOARD_ID") or "sim000").encode()[:6]


def reset_cause():
    return _cause


def reset():
    _end(HARD_RESET)


def _end(cause):
    """The program ends here; whoever started it may start it anew."""
    global _cause
    _cause = cause
    raise SystemExit


def freq(hz=None):
    return 240000000
