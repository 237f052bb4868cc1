"""The whole node: what runs beside what is in Node.run(). Everything else is one task each.

All that this module and what it imports hold stays in memory for ever; what is seldom needed is lent (node/lent.py).
"""

import asyncio
import gc
import time

from micropython import const

from node import local_alarm
from node.clock import Clock
from node.hardware import Hardware
from node.health import Health, idf_heap
from node.journal import EVENT, TELEMETRY, Journal
from node.lent import lent
from node.log import complain, log
from node.panel import Panel
from node.post import Post
from node.sampler import Sampler
from node.uplink import Uplink, patience_s
from paraat_wire import topics

_RESTART_PAUSE_S = const(5)
SELFTEST_S = const(30)
_ATTEMPTS = const(2)
_LOOK_MS = const(200)
_FIRST_SET_S = const(10)
_TRIAL_WATCHDOG_S = const(120)


class Node:
    """One board.

    wanted: desired.Desired, with the checked configuration. secrets: may be empty. boot: how often it has started.
    """

    def __init__(self, wanted, secrets, boot):
        self.desired = wanted
        settings = self.settings = wanted.settings
        self.point = settings["point"]
        self.hw = Hardware(settings)
        self.boot = boot
        self.clock = Clock(settings["built"], self.hw.battery_clock())
        ring = settings["journal"]
        self.journal = Journal(ring["directory"], ring["max_bytes"], self.boot, ring["first_seq"])
        self.sampler = Sampler(settings, self.hw)
        self.alarm = local_alarm.LocalAlarm(settings["alarm"], self.sampler.names, self.sampler.unusable)
        self.panel = Panel(self.hw, self.alarm, lambda: self.uplink.linked, self.record_event)
        limits_s = {
            "sample": 3 * settings["interval_s"] + 60,
            "uplink": patience_s(settings),
        }
        on_trial, self.build, self.update = _slot()
        # A slot on trial is under main.py's watchdog, which wants to be fed.
        self.health = Health(limits_s, settings["watchdog_s"] or (_TRIAL_WATCHDOG_S if on_trial else 0))
        if self.journal.problem:
            self.health.note(self.journal.problem)
        self.uplink = Uplink(settings, secrets, self.journal, self.clock, self.boot, self.health, self._state)
        self.post = Post(self)
        self.uplink.handlers[topics.COMMAND] = self.post.on_message
        self.uplink.handlers[topics.CONFIG] = wanted.offer
        wanted.on_change = self.uplink.tell_state
        self.trial = None  # of new firmware, which has yet to show that it is good
        if on_trial:
            from node.trial import Trial

            self.trial = Trial(settings["update"]["trial_s"], self.health.restart)
            self.trial.on_change = self.uplink.tell_state
        self.uplink.on_reached = self._reached
        self.last_set = None  # (values, faults) of the sensors
        self._generator = None  # last known state, to tell of a change

    async def run(self):
        """All tasks beside each other, for ever."""
        if self.trial is not None:  # new firmware: back to the old one, unless all is well
            self._trial_task = asyncio.create_task(for_ever("trial", self.trial.watch, self.health))
        await asyncio.gather(
            for_ever("sample", self.sample, self.health),  # sensors -> alarm and journal
            for_ever("tell", self.tell),  # the self-test, once, for who holds the board
            for_ever("signal", self.panel.signal, self.health),  # lamp and buzzer
            for_ever("button", self.panel.button, self.health),  # acknowledge, ask for help
            for_ever("opening", self.panel.opening, self.health),  # the point is open, by key switch or button
            for_ever("uplink", self.connect, self.health),  # journal -> host; time, configuration, commands <- host
            for_ever("commands", self.post.run, self.health),  # what the host asks to be done
            for_ever("config", self.watch_desired, self.health),  # restarts into a new one, or back from it
            for_ever("watch", self.health.watch, self.health),  # feeds the watchdog while all go on
        )

    async def connect(self):
        """The conversation with the host, once the first set is read: what both load to begin has no room side by side."""
        for _ in range(_FIRST_SET_S * 1000 // _LOOK_MS):
            if self.last_set is not None:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        await self.uplink.run()

    # --- sampling: never waits for the network ---

    async def sample(self):
        """Read all sensors on a fixed beat, alarm, and keep the set."""
        interval_ms = self.settings["interval_s"] * 1000
        due = time.ticks_ms()
        while True:
            await self.take_set()
            self.health.beat("sample")
            due = time.ticks_add(due, interval_ms)
            late_ms = time.ticks_diff(time.ticks_ms(), due)
            if late_ms > 0:  # missed beats are left out, never made up for in a burst
                due = time.ticks_add(due, (late_ms // interval_ms + 1) * interval_ms)
            await asyncio.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))

    async def take_set(self):
        """Read all sensors, alarm, and keep the set. Returns (seq or None, values, faults)."""
        values, faults = await self.sampler.sample()
        if self.sampler.shortage is not None:
            self.health.failed("sample", self.sampler.shortage)
        self.last_set = values, faults
        for name, on in self.alarm.update(values, self.sampler.unexplained(values, faults)):
            self.record_event(name, on)
        self.panel.refresh()
        self._watch_generator(dict(values).get("power/generator"))
        seq = self._record(TELEMETRY, values + self._own_values(), faults)
        self.alarm.kept = seq is not None
        if self.trial is not None:
            self.trial.sampled()
        return seq, values, faults

    def _reached(self):
        if self.trial is not None:
            self.trial.reached()
        if self.last_set is not None:  # it samples too, not only sends what an earlier start has left
            self.desired.confirm()

    async def watch_desired(self):
        await self.desired.watch(self.health.restart)

    def _own_values(self):
        gc.collect()
        values = [
            ("node/uptime", self.clock.uptime_s()),
            ("node/heap", gc.mem_free()),
            ("node/backlog", self.journal.backlog),
            ("node/dropped", self.journal.dropped),
        ]
        free, largest = idf_heap()
        values.extend((("node/idf-free", free), ("node/idf-largest", largest)))
        rssi = self.uplink.rssi()
        if rssi is not None:
            values.append(("node/rssi", rssi))
        return values

    def _watch_generator(self, on):
        if on is not None and on != self._generator:
            if self._generator is not None:
                self.record_event("event/generator", on)
            self._generator = on

    def record_event(self, name, on):
        """Keep an event, as durably as a set."""
        log("I", "event", "%s %s" % (name, "on" if on else "off"))
        self._record(EVENT, [(name, on)], [])

    def _record(self, kind, values, faults):
        """Returns its seq, None where the flash did not take it."""
        t, dated = self.clock.now()
        seq = None
        try:
            seq = self.journal.append(kind, t, dated, values, faults)
        except (OSError, ValueError) as error:  # flash full or worn, or the set too long: sampling and alarming go on
            complain("journal", error)
        self.uplink.wake()
        return seq

    async def tell(self):
        """Say on the console how the start went, as soon as there is something to tell, or at the time limit."""
        for _ in range(SELFTEST_S * 1000 // _LOOK_MS):
            if self.last_set is not None and (self.uplink.stored or self.uplink.failures >= _ATTEMPTS):
                break
            await asyncio.sleep_ms(_LOOK_MS)
        with lent("node.selftest") as selftest:
            selftest.tell(self)

    def _state(self):
        with lent("node.birth") as birth:
            return birth.state_of(self)


def _slot():
    """(whether the running slot is on trial, its build, how the last update ended)."""
    with lent("node.slots") as slots:
        return slots.on_trial(), slots.build(), slots.last_result()


async def for_ever(name, task, health=None):
    """A task that fails is named on the console and in `state`, and begins again; the others never notice."""
    while True:
        try:
            await task()
            return
        except Exception as error:
            complain(name, error)
            if health is not None:
                health.failed(name, error)
        await asyncio.sleep(_RESTART_PAUSE_S)
