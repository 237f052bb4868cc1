"""The whole node: what runs beside what is in Node.run(). Everything else is one task each."""

import asyncio
import gc
import json
import time

import esp32
import machine
from micropython import const

from node import VERSION, flash, local_alarm
from node.clock import Clock
from node.commands import Commands
from node.hardware import Hardware
from node.health import Health
from node.journal import EVENT, TELEMETRY, Journal
from node.lent import lent
from node.log import complain, log
from node.panel import Panel
from node.sampler import Sampler
from node.uplink import Uplink, patience_s
from paraat_wire import topics

_RESTART_PAUSE_S = const(5)
_TRIAL_WATCHDOG_S = const(120)
_LOOK_AT_UPDATE_S = const(60)
_SAY_AGAIN_S = const(10)
_PSRAM_BYTES = const(1048576)  # a region so large is that, and holds Python's heap


class Node:
    """One board. wanted: desired.Desired, with the checked configuration; secrets: may be empty."""

    def __init__(self, wanted, secrets):
        self.desired = wanted
        settings = self.settings = wanted.settings
        self.point = settings["point"]
        self.hw = Hardware(settings)
        self.boot = _count_boot()
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
        with lent("node.slots") as slots:
            on_trial = slots.on_trial()
            self._build = slots.build()
            self._update = slots.last_result()
        # A slot on trial is under main.py's watchdog, which wants to be fed.
        self.health = Health(limits_s, settings["watchdog_s"] or (_TRIAL_WATCHDOG_S if on_trial else 0))
        self.uplink = Uplink(settings, secrets, self.journal, self.clock, self.boot, self.health, self._state)
        self.commands = Commands(self.clock, self.uplink.reply, self._load_actions)
        self.uplink.handlers[topics.COMMAND] = self.commands.on_message
        self.uplink.handlers[topics.CONFIG] = wanted.offer
        wanted.on_change = self.uplink.tell_state
        self._receiver = None
        self.commands.register("update", lambda args: self._updates().begin(args))
        self.commands.register("part", lambda args: self._updates().part(args))
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
        await asyncio.gather(
            _for_ever("sample", self.sample, self.health),  # sensors -> alarm and journal
            _for_ever("tell", self.tell),  # the self-test, once, for who holds the board
            _for_ever("signal", self.panel.signal, self.health),  # lamp and buzzer
            _for_ever("button", self.panel.button, self.health),  # acknowledge, ask for help
            _for_ever("opening", self.panel.opening, self.health),  # the point is open, by key switch or button
            _for_ever("uplink", self.uplink.run, self.health),  # journal -> host; time, configuration, commands <- host
            _for_ever("commands", self.commands.run, self.health),  # what the host asks to be done
            _for_ever("update", self.watch_update, self.health),  # gives up one that stands still
            _for_ever("trial", self.watch_trial, self.health),  # new firmware: back to the old one, unless all is well
            _for_ever("config", self.watch_desired, self.health),  # restarts into a new one, or back from it
            _for_ever("watch", self.health.watch, self.health),  # feeds the watchdog while all go on
        )

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
        self.last_set = values, faults
        for name, on in self.alarm.update(values, faults):
            self.record_event(name, on)
        self.panel.refresh()
        self._watch_generator(dict(values).get("power/generator"))
        seq = self._record(TELEMETRY, values + self._own_values(), faults)
        if self.trial is not None:
            self.trial.sampled()
        return seq, values, faults

    def _load_actions(self):
        gc.collect()
        from node import actions  # when the first command comes: 4 KB of the heap that most days need for nothing

        actions.register(self)

    def _reached(self):
        if self.trial is not None:
            self.trial.reached()
        if self.last_set is not None:  # it samples too, not only sends what an earlier start has left
            self.desired.confirm()

    async def watch_desired(self):
        await self.desired.watch(self.health.restart)

    def _updates(self):
        """What takes new firmware; loaded when it is first wanted, for the room that it needs in the heap."""
        if self._receiver is None:
            gc.collect()
            from node import update

            self._receiver = update.Receiver(self.commands.afterwards, self.health.restart)
        return self._receiver

    async def watch_trial(self):
        if self.trial is not None:
            await self.trial.watch()

    async def watch_update(self):
        """Let an update that stands still not stay for ever."""
        while True:
            await asyncio.sleep(_LOOK_AT_UPDATE_S)
            if self._receiver is not None:
                self._receiver.look()

    def _own_values(self):
        gc.collect()
        values = [
            ("node/uptime", self.clock.uptime_s()),
            ("node/heap", gc.mem_free()),
            ("node/backlog", self.journal.backlog),
            ("node/dropped", self.journal.dropped),
        ]
        values.extend(_idf_heap())
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
        """Say on the console how the start went, and then that the node is at work."""
        with lent("node.selftest") as selftest:
            await selftest.run(self)
        ready = {
            "point": self.point,
            "boot": self.boot,
            "config": self.settings["version"],
            "fw": VERSION,
            "next": self.journal.next,
        }
        print(json.dumps({"ready": ready}))

    def _state(self):
        state = {
            "online": True,
            "boot": self.boot,
            "reset": self.health.reset_cause,
            "error": self.health.last_error,
            "fw": VERSION,
            "build": self._build,
            "update": self._update if self.trial is None or self.trial.active else "",  # it has ended well
            "config": self.settings["version"],
            "board": self.settings["board"],
            "clock": self.clock.source,
            "next": self.journal.next,
        }
        if self.desired.on:
            state["config_trial"] = True
        if self.desired.error:
            state["config_refused"] = self.desired.refused
            state["config_error"] = self.desired.error
        return state


def _idf_heap():
    """What the heap of network and TLS has left, which is not Python's: its free sum and its largest block."""
    regions = [region for region in esp32.idf_heap_info(esp32.HEAP_DATA) if region[0] < _PSRAM_BYTES]
    free = sum([region[1] for region in regions])
    return ("node/idf-free", free), ("node/idf-largest", max([region[2] for region in regions]))


def _count_boot(path="boot"):
    """How often this board has started, this time included."""
    try:
        boot = int(flash.read(path)) + 1
    except ValueError:
        boot = 1
    flash.keep(path, str(boot), "boot")
    return boot


async def _for_ever(name, task, health=None):
    """A task that fails is named on the console and in `state`, and begins again; the others never notice."""
    while True:
        try:
            await task()
            return
        except Exception as error:
            complain(name, error)
            if health is not None:
                health.note("%s: %s %s" % (name, type(error).__name__, error))
        await asyncio.sleep(_RESTART_PAUSE_S)


def _configuration():
    """(desired.Desired, secrets, ""); (None, None, what is wrong) where there is none to start with."""
    with lent("node.startup", "node.config", "node.calibration") as startup:
        try:
            return startup.choose(), startup.config.load_secrets(), ""
        except startup.config.ConfigError as error:
            return None, None, str(error)


async def main():
    """Read the configuration, then be that node for ever."""
    wanted, secrets, problem = _configuration()
    if wanted is None:
        await _tell_no_config(problem)
        return
    try:
        node = Node(wanted, secrets)
    except Exception as error:
        if wanted.on:
            wanted.roll_back("%s %s" % (type(error).__name__, error))
            machine.reset()
        raise
    await node.run()


async def _tell_no_config(problem):
    """No configuration, no point: say why on the console, for ever.

    The lamp stays dark: which pin it has is in the configuration, and another pin may be what a sensor drives.
    """
    while True:
        log("E", "config", problem)
        await asyncio.sleep(_SAY_AGAIN_S)
