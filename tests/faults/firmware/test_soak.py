"""Thirty days of virtual time with a fault drawn every ten minutes: nothing is lost beyond the ring's bound.

The whole node runs on littlefs in a flash that can lose its power at any write, against a broker and a host in the same
program. The book of what append() has promised is kept outside; at the end every promised entry is at the host, or the
board has counted it as dropped. PARAAT_SOAK in the environment says how many days, and the seed (`make soak`).
"""

import asyncio
import gc
import json
import os
import sys
import time
from array import array

import kernel
import loopback
import machine
import network
import simboard
import wiring
from bench import board_ticks
from devices.flash import BLOCK_BYTES, Flash, PowerCut
from fake_broker import FakeBroker
from node import app
from node import node as node_module
from node.ranges import Ranges
from power_cuts import Board
from world import World

from paraat_wire import host_codec, topics

POINT = "nsp-0123"
UNIX_0 = 1796061600
DRAW_S = 600
DAY_S = 86400
# The flash wears evenly over all its blocks, and each takes its place in this program's heap: fewer than a board's.
BLOCKS = 112
RING_BYTES = 262144
SETTLE_S = 7200
COLLECT_EVERY_BYTES = 400000  # the node asks for it more often; here a collection looks through the flash too
# Of this program, with its host and its flash, from the first ten days to the last: 1 KB lost an hour would be 480 KB.
HEAP_MAY_DRIFT_BYTES = 131072

SENSORS = [
    {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200},
    {"driver": "ina226", "bus": "i2c0", "address": 64, "shunt_milliohm": 2.0},
    {"driver": "ds18b20", "bus": "w1"},
    {"driver": "digital_input", "pin": 34, "metric": "power/mains"},
    {"driver": "digital_input", "pin": 35, "metric": "power/generator"},
]
CONFIG = {
    "point": POINT,
    "version": 1,
    "board": "bench",
    "interval_s": 60,
    "built": UNIX_0 - 30 * DAY_S,
    "broker": {"host": "127.0.0.1", "port": 1883},
    "journal": {"max_bytes": RING_BYTES},
    "buses": {
        "uart2": {"kind": "uart", "rx": 16, "tx": 17},
        "i2c0": {"kind": "i2c", "scl": 22, "sda": 21},
        "w1": {"kind": "onewire", "pin": 4},
    },
    "pins": {"led": 2, "buzzer": 25, "button": 0},
    "sensors": SENSORS,
}


class LastingFlash(Flash):
    """A flash whose content takes its place in this program's heap once, at the start."""

    _ERASED = b"\xff" * BLOCK_BYTES

    def __init__(self, blocks):
        super().__init__(blocks)
        for block in range(blocks):
            self._own(block)

    def apply(self, kind, block, offset, data):
        if kind == "erase":
            self._own(block)[:] = self._ERASED
        else:
            super().apply(kind, block, offset, data)


class Draw:
    """Random numbers that are the same in every run of a seed (the numbers of Numerical Recipes, 30 bits)."""

    def __init__(self, seed):
        self._state = seed

    def below(self, n):
        self._state = (self._state * 1664525 + 1013904223) & 0x3FFFFFFF
        return (self._state >> 8) % n

    def between(self, low, high):
        return low + self.below(high - low + 1)


class Book:
    """What the board has promised, and what the host has."""

    def __init__(self, days):
        self.stored = Ranges()
        self.crc = array("I", [0] * (days * 1800 + 2000))  # by seq, of what came: a seq may come again, but the same
        self.highest = 0  # seq that append() returned
        self.promised = 0
        self.promises = Ranges()
        self.refused = 0  # append() raised: flash full or broken
        self.twice = 0
        self.told_dropped = 0

    def promise(self, seq):
        assert seq > self.highest, "seq %d after %d" % (seq, self.highest)
        self.highest = seq
        self.promised += 1
        self.promises.add(seq, seq)

    def missing(self):
        """How many promised entries the host does not have. One that was kept but never promised makes up for none."""
        return sum([last - first + 1 - self.stored.count(first, last) for first, last in self.promises])

    def receive(self, s, text_crc):
        if self.stored.has(s.seq):
            assert self.crc[s.seq] == text_crc, "seq %d came again with other content" % s.seq
            self.twice += 1
            return
        self.crc[s.seq] = text_crc
        self.stored.add(s.seq, s.seq)


class Host:
    """Stores and acknowledges, unless it is away."""

    def __init__(self, book):
        self._book = book
        self.away = False
        self.clock_wrong_s = 0
        self.broker = None

    def now(self):
        return UNIX_0 + kernel.now_us // 1000000 + self.clock_wrong_s

    def on_publish(self, topic, payload):
        try:
            self._store(topic, payload)
        except MemoryError:
            pass  # of this program's heap: not acknowledged, so it comes again

    def _store(self, topic, payload):
        point, leaf = topics.parse(topic)
        if leaf == topics.STATE:
            if host_codec.read_state(payload)["online"] and not self.away:
                self._say(topics.TIME, host_codec.encode_time(self.now()))
                self._say(topics.topic(POINT, topics.ACK), host_codec.encode_ack(list(self._book.stored)[-8:]), 1)
            return
        if leaf not in (topics.TELEMETRY, topics.EVENT) or self.away:
            return
        sets = host_codec.read_pack(point, leaf, payload, self.now())
        for s in sets:
            assert not s.refused, s
            self._book.receive(s, checksum(s))
        self._say(topics.topic(POINT, topics.ACK), host_codec.encode_ack([(s.seq, s.seq) for s in sets]), 1)

    def _say(self, topic, payload, packet_id=0):
        asyncio.create_task(self._publish(topic, payload, packet_id))

    async def _publish(self, topic, payload, packet_id=0):
        try:
            await self.broker.publish(topic, payload, packet_id)
        except (OSError, MemoryError):
            pass  # the board is gone, or this program's heap is full: nobody hears it

    async def tell_time(self):
        while True:
            await asyncio.sleep(60)
            if not self.away:
                await self._publish(topics.TIME, host_codec.encode_time(self.now()))


def checksum(s):
    """Of the readings of a set, not of its time: that may become known later."""
    import binascii

    faults = [f for f in s.faults if f[0] != "node/clock"]
    return binascii.crc32(repr((s.values, faults)).encode())


class Faults:
    """Draws what goes wrong, and mends it."""

    KINDS = (
        "i2c silent", "uart silent", "w1 silent", "link lost", "broker restarts", "broker gone", "host away",
        "clock jumps", "memory pressure", "power cut", "power cut in a write",
    )  # fmt: skip

    def __init__(self, draw, flash, host):
        self._draw = draw
        self._flash = flash
        self._host = host
        self.restarts = 0  # that the board made itself
        self.node = None
        self.counts = {kind: 0 for kind in self.KINDS}
        self.pressed = False
        self._going_on = set()
        self.errors = {}  # what a task was restarted for -> how often

    async def run(self):
        while True:
            await asyncio.sleep(DRAW_S)
            kind = self.KINDS[self._draw.below(len(self.KINDS))]
            self.counts[kind] += 1
            lasts_s = self._draw.between(5, 2 * DRAW_S)
            if kind in self._going_on:
                continue
            if kind.startswith("power cut"):
                if kind.endswith("write"):
                    self._flash.cut_in = self._draw.below(60)
                    continue
                raise PowerCut
            asyncio.create_task(self._last(kind, lasts_s))

    async def _last(self, kind, lasts_s):
        self._going_on.add(kind)
        await getattr(self, "_" + kind.replace(" ", "_"))(lasts_s)
        self._going_on.remove(kind)

    async def _i2c_silent(self, lasts_s):
        device = wiring.i2c[(22, 21)][64]
        device.nack = True
        await asyncio.sleep(lasts_s)
        device.nack = False

    async def _uart_silent(self, lasts_s):
        device = wiring.uart.pop(16, None)
        await asyncio.sleep(lasts_s)
        if device is not None:
            wiring.uart[16] = device

    async def _w1_silent(self, lasts_s):
        devices, wiring.onewire[4] = wiring.onewire[4], []
        await asyncio.sleep(lasts_s)
        if devices:
            wiring.onewire[4] = devices

    async def _link_lost(self, lasts_s):
        network.air = "no-ap"
        loopback.cut_off()
        await asyncio.sleep(lasts_s)
        network.air = "ok"
        loopback.restore()

    async def _broker_restarts(self, lasts_s):
        await self._host.broker.drop()

    async def _broker_gone(self, lasts_s):
        self._host.broker.stop()
        await self._host.broker.drop()
        await asyncio.sleep(lasts_s)
        await self._host.broker.start(self._host.broker.port)

    async def _host_away(self, lasts_s):
        self._host.away = True
        await asyncio.sleep(10 * lasts_s)
        self._host.away = False

    async def _clock_jumps(self, lasts_s):
        self._host.clock_wrong_s = self._draw.between(-100000, 100000)
        await asyncio.sleep(lasts_s)
        self._host.clock_wrong_s = 0

    async def _memory_pressure(self, lasts_s):
        """Something takes the heap but for 16 KB of a board (32 KB here), in pieces of 2 KB."""
        gc.collect()
        held = []
        try:
            while gc.mem_free() > 32768:
                held.append(bytearray(2048))
        except MemoryError:
            pass  # no room in one piece any more
        self.pressed = True
        await asyncio.sleep(min(lasts_s, 120))
        self.pressed = False
        held.clear()
        gc.collect()

    def mend(self):
        """A new start: what lay in the program before is gone."""
        network.air = "ok"
        loopback.power_off()
        self._host.away = False
        self._host.clock_wrong_s = 0
        self._flash.cut_in = None
        self.pressed = False
        self._going_on.clear()


def watched(faults, book):
    """The node's class, which notes what the board promises, and for what its tasks are restarted."""

    class Watched(node_module.Node):
        def __init__(self, *args):
            super().__init__(*args)
            faults.node = self
            append, note = self.journal.append, self.health.note

            def noted_append(*args):
                try:
                    seq = append(*args)
                except OSError:
                    book.refused += 1
                    raise
                book.promise(seq)
                return seq

            def noted(text):
                key = text + (" (under pressure)" if faults.pressed else "")
                faults.errors[key] = faults.errors.get(key, 0) + 1
                note(text)

            self.journal.append = noted_append
            self.health.note = noted

    return Watched


async def life(faults, host, until_s, *tasks):
    """From a start to a power cut or to the end."""
    kernel.unplug()
    for wires in (wiring.levels, wiring.watchers, wiring.i2c, wiring.uart, wiring.onewire):
        wires.clear()
    simboard.wire(CONFIG, World(SCENARIO))
    host.broker = await FakeBroker().start(CONFIG["broker"]["port"])
    host.broker.on_publish = host.on_publish
    for task in (app.main, host.tell_time) + tasks:
        asyncio.create_task(task())
    await asyncio.sleep(1)
    gc.threshold(COLLECT_EVERY_BYTES)
    await asyncio.sleep(until_s - kernel.now_us // 1000000)


def first_start(board):
    """What `make flash` writes."""
    board.on()
    for name, content in (("config.json", CONFIG), ("secrets.json", {"wifi": {"ssid": "bench"}})):
        with open(name, "w") as f:
            json.dump(content, f)
    board.off()


SCENARIO = {
    "tank": {"capacity_l": 100}, "fuel_l": 90, "burn_l_per_h": 0.5,
    "mains": [[d * DAY_S + 3600, d % 3 != 0] for d in range(31)],
    "generator": [[d * DAY_S + 3660, d % 3 == 0] for d in range(31)],
    "refuel": [[d * DAY_S, 40] for d in range(1, 31)],
}  # fmt: skip


class Report:
    """A line a day."""

    def __init__(self, faults, book):
        self._faults, self._book = faults, book
        self.starts = 0
        self.free = []  # bytes, at the end of each day

    async def run(self):
        while True:
            await asyncio.sleep(DAY_S - kernel.now_us // 1000000 % DAY_S)
            node = self._faults.node
            free = "under pressure"
            if not self._faults.pressed:
                gc.collect()
                free = gc.mem_free()
                self.free.append(free)
            print(
                "day %2d: %5d promised, %5d stored, %4d waiting, %d dropped, %d twice, %d refused by the flash, %d starts, free heap %s"
                % (
                    kernel.now_us // 1000000 // DAY_S, self._book.promised,
                    self._book.stored.count(1, self._book.highest), node.journal.backlog, node.journal.dropped,
                    self._book.twice, self._book.refused, self.starts, free,
                )
            )  # fmt: skip


def test_thirty_days_with_a_fault_every_ten_minutes():
    days, seed = [int(word) for word in (os.getenv("PARAAT_SOAK")).split()]
    loopback.install()
    board_ticks()  # they wrap after 12 days
    flash = LastingFlash(BLOCKS)
    board = Board(flash)
    book = Book(days)
    host = Host(book)
    faults = Faults(Draw(seed), flash, host)
    report = Report(faults, book)
    node_module.Node = watched(faults, book)
    first_start(board)
    end_s = days * DAY_S
    while kernel.now_us // 1000000 < end_s:
        one_start(board, faults, report, life(faults, host, end_s, faults.run, report.run))
    print("faults:", faults.counts)
    print("tasks restarted:", faults.errors)
    one_start(board, faults, report, life(faults, host, end_s + SETTLE_S))
    stored = book.stored.count(1, book.highest)
    journal = faults.node.journal
    lost = book.missing() - journal.backlog - journal.dropped
    print(
        "promised %d, stored %d, waiting %d, dropped by the ring %d, lost beyond it %d"
        % (book.promised, stored, journal.backlog, journal.dropped, max(0, lost))
    )
    assert journal.backlog <= 1, "not drained in %d s" % SETTLE_S
    assert lost <= 0
    third = max(1, len(report.free) // 3)
    drift = (sum(report.free[:third]) - sum(report.free[-third:])) // third
    print("free heap: %d bytes less on average in the last third of the days than in the first" % drift)
    assert drift < HEAP_MAY_DRIFT_BYTES


def one_start(board, faults, report, whole_life):
    """Power on, until the power goes or the board restarts itself."""
    unhandled = []
    board.on()
    report.starts += 1
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    try:
        asyncio.run(whole_life)
    except PowerCut:
        machine.RTC._memory = b""
        time._set_clock(0)
    except SystemExit:
        faults.restarts += 1
    asyncio.new_event_loop()
    faults.mend()
    board.off(faults.node.journal)
    for context in unhandled:
        sys.print_exception(context["exception"])
    assert not unhandled
