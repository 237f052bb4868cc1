"""The whole node: what runs beside what is in main(). Everything else is one task each."""

import asyncio
import gc
import json
import random
import time

import machine
from micropython import const

from node import VERSION, config, link, local_alarm
from node.clock import Clock
from node.hardware import Hardware
from node.journal import EVENT, TELEMETRY, Journal
from node.log import complain, log
from node.mqtt import MQTTClient, MQTTError
from node.sampler import Sampler
from paraat_wire import codec, topics

_PACK_BYTES = const(
    160
)  # packed, of the readings in one message: as JSON some twenty times that, three times in the heap
_PACK_ENTRIES = const(10)
_IN_FLIGHT = const(64)  # entries that may wait for the host's ack
_BACKLOG_PAUSE_MS = const(50)  # between two packs: the radio and the broker have other work too
_ACK_WAIT_MAX_S = const(600)
_HELP_PRESS_MS = const(3000)
_DEBOUNCE_MS = const(30)
_RESTART_PAUSE_S = const(5)

_RESET_CAUSES = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")


class Node:
    """One board. settings: the checked configuration; secrets: may be empty."""

    def __init__(self, settings, secrets):
        self.settings = settings
        self.secrets = secrets
        self.point = settings["point"]
        self.hw = Hardware(settings)
        self.boot = _count_boot()
        self.clock = Clock()
        self.journal = Journal(settings["journal"]["directory"], settings["journal"]["max_bytes"], self.boot)
        self.sampler = Sampler(settings, self.hw)
        self.alarm = local_alarm.LocalAlarm(settings["alarm"], self.sampler.names)
        self.link = None
        self._generator = None  # last known state, to tell of a change
        self._wake = asyncio.Event()  # the uplink has something to do
        self._ended = None  # the error that ended the connection
        self._ack_wait_s = settings["broker"]["ack_timeout_s"]
        self._state_sent = None

    # --- sampling: never waits for the network ---

    async def sample(self):
        """Read all sensors on a fixed beat, alarm, and keep the set."""
        interval_ms = self.settings["interval_s"] * 1000
        due = time.ticks_ms()
        while True:
            values, faults = await self.sampler.sample()
            for name, on in self.alarm.update(values, faults):
                self.record_event(name, on)
            self._watch_generator(dict(values).get("power/generator"))
            self._record(TELEMETRY, values + self._own_values(), faults)
            due = time.ticks_add(due, interval_ms)
            late_ms = time.ticks_diff(time.ticks_ms(), due)
            if late_ms > 0:  # missed beats are left out, never made up for in a burst
                due = time.ticks_add(due, (late_ms // interval_ms + 1) * interval_ms)
            await asyncio.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))

    def _own_values(self):
        gc.collect()
        values = [
            ("node/uptime", self.clock.uptime_s()),
            ("node/heap", gc.mem_free()),
            ("node/backlog", self.journal.backlog),
            ("node/dropped", self.journal.dropped),
        ]
        rssi = self.link.rssi() if self.link is not None else None
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
        t, dated = self.clock.now()
        try:
            self.journal.append(kind, t, dated, values, faults)
        except OSError as error:  # flash full or worn: sampling and alarming go on
            complain("journal", error)
        self._wake.set()

    # --- lamp, buzzer, button ---

    async def signal(self):
        """Show the alarm's state on the lamp, and let the buzzer go along while nobody has acknowledged."""
        led = self.hw.named_out("led")
        buzzer = self.hw.named_out("buzzer")
        while True:
            pattern = local_alarm.PATTERNS[self.alarm.state]
            sounds = self.alarm.sounds
            for i, ms in enumerate(pattern):
                on = i % 2 == 0
                if led is not None:
                    led.value(on)
                if buzzer is not None:
                    buzzer.value(on and sounds)
                await asyncio.sleep_ms(ms)
                if self.alarm.sounds != sounds:
                    break

    async def button(self):
        """A press acknowledges the alarm; a press of three seconds asks for help."""
        pin = self.hw.named_button("button")
        if pin is None:
            return
        pressed = asyncio.ThreadSafeFlag()
        pin.irq(lambda _pin: pressed.set(), pin.IRQ_FALLING)
        while True:
            await pressed.wait()
            await asyncio.sleep_ms(_DEBOUNCE_MS)
            if pin.value():
                continue
            start = time.ticks_ms()
            while not pin.value() and time.ticks_diff(time.ticks_ms(), start) < _HELP_PRESS_MS:
                await asyncio.sleep_ms(_DEBOUNCE_MS)
            if not pin.value():
                self.record_event("button/help", True)
            elif self.alarm.acknowledge():
                self.record_event("button/ack", True)
            while not pin.value():
                await asyncio.sleep_ms(_DEBOUNCE_MS)

    # --- uplink ---

    async def uplink(self):
        """Bring the journal to the host, for ever, whatever happens to the link and the broker."""
        broker = self.settings["broker"]
        wait_s = broker["retry_min_s"]
        while True:
            if self.link is None:
                self.link = link.make(self.settings, self.secrets)
            self._state_sent = None
            try:
                await self.link.up()
                await self._session()
            except (OSError, ValueError, MQTTError, link.LinkError) as error:
                complain("uplink", error)
            if self._state_sent is not None:  # it was a real session: begin anew
                wait_s = broker["retry_min_s"]
            self.alarm.linked = False
            # Jitter: after a blackout hundreds of boards meet one broker.
            await asyncio.sleep_ms(int(wait_s * (500 + random.getrandbits(10) * 1000 // 1024)))
            wait_s = min(wait_s * 2, broker["retry_max_s"])

    async def _session(self):
        """One connection, until it fails: birth, then the newest sets first, then the backlog."""
        broker = self.settings["broker"]
        password = self.secrets.get("mqtt", {}).get("password")
        client = MQTTClient(
            broker["host"],
            broker["port"],
            self.point,
            self._on_message,
            username=self.point,
            password=password,
            will=(topics.topic(self.point, topics.STATE), codec.encode_state({"online": False})),
            keepalive_s=broker["keepalive_s"],
            timeout_s=broker["timeout_s"],
        )
        reader = None
        self._ended = None
        try:
            kept = await client.connect()
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([topics.topic(self.point, topics.ACK), topics.TIME])
            log(
                "I",
                "uplink",
                "connected to %s:%d, session %s" % (broker["host"], broker["port"], "kept" if kept else "new"),
            )
            self.journal.send_again()
            while self._ended is None:
                if self._state_sent != self.clock.source:
                    self._state_sent = self.clock.source
                    await client.publish(
                        topics.topic(self.point, topics.STATE), codec.encode_state(self._state()), retain=True
                    )
                await self._send_some(client)
            raise self._ended
        finally:
            if reader is not None:
                reader.cancel()
            await client.close()

    async def _read(self, client):
        try:
            await client.serve()
        except (OSError, ValueError, MQTTError) as error:
            self._ended = error
            self._wake.set()

    async def _send_some(self, client):
        """One pack, or a wait until there is one to send."""
        entries = []
        if self.journal.in_flight < _IN_FLIGHT:
            entries = self.journal.take(_PACK_BYTES, _PACK_ENTRIES)
        if entries:
            leaf = topics.EVENT if entries[0].kind == EVENT else topics.TELEMETRY
            pack = codec.encode_pack([self._encode(entry) for entry in entries])
            await client.publish(topics.topic(self.point, leaf), pack)
            await asyncio.sleep_ms(_BACKLOG_PAUSE_MS)
            return
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), self._ack_wait_s)
        except asyncio.TimeoutError:
            pass
        if self.journal.send_again(self._ack_wait_s * 1000):
            # The broker takes our sets and the host does not answer: it is away. Ask ever more seldom.
            self.alarm.linked = False
            self._ack_wait_s = min(self._ack_wait_s * 2, max(_ACK_WAIT_MAX_S, self.settings["broker"]["ack_timeout_s"]))

    def _encode(self, entry):
        bt, unsure = self.clock.bt(entry, self.boot)
        faults = entry.faults
        if unsure:
            faults = faults + [("node/clock", "unsure")]
        return codec.encode_set(self.point, entry.seq, bt, codec.encode_records(entry.values, faults))

    def _on_message(self, topic, payload):
        try:
            if topic == topics.TIME:
                wrong_s = self.clock.set_from_host(codec.read_time(payload))
                if wrong_s is not None and abs(wrong_s) > 60:
                    log("W", "clock", "was wrong by %d s" % wrong_s)
            elif topic == topics.topic(self.point, topics.ACK):
                self.journal.ack(codec.read_ack(payload))
                self._ack_wait_s = self.settings["broker"]["ack_timeout_s"]
                self.alarm.linked = True
        except codec.WireError as error:
            complain("uplink", error)
        self._wake.set()

    def _state(self):
        return {
            "online": True,
            "boot": self.boot,
            "reset": _reset_cause(),
            "fw": VERSION,
            "config": self.settings["version"],
            "board": self.settings["board"],
            "clock": self.clock.source,
            "next": self.journal.next,
        }


def _reset_cause():
    cause = machine.reset_cause()
    for name in _RESET_CAUSES:
        if getattr(machine, name, None) == cause:
            return name[:-6].lower()
    return "unknown"


def _count_boot(path="boot"):
    """How often this board has started, this time included."""
    try:
        with open(path) as f:
            boot = int(f.read()) + 1
    except (OSError, ValueError):
        boot = 1
    try:
        with open(path, "w") as f:
            f.write(str(boot))
    except OSError as error:
        complain("boot", error)
    return boot


async def _for_ever(name, task):
    """A task that fails is named on the console and begins again; the others never notice."""
    while True:
        try:
            await task()
            return
        except Exception as error:
            complain(name, error)
        await asyncio.sleep(_RESTART_PAUSE_S)


async def main():
    """Read the configuration, then run four tasks beside each other for ever."""
    try:
        settings = config.load()
        secrets = config.load_secrets()
    except config.ConfigError as error:
        await _tell_no_config(error)
        return
    node = Node(settings, secrets)
    ready = {
        "point": node.point,
        "boot": node.boot,
        "config": settings["version"],
        "fw": VERSION,
        "next": node.journal.next,
    }
    print(json.dumps({"ready": ready}))
    await asyncio.gather(
        _for_ever("sample", node.sample),  # sensors -> alarm and journal
        _for_ever("signal", node.signal),  # lamp and buzzer
        _for_ever("button", node.button),  # acknowledge, ask for help
        _for_ever("uplink", node.uplink),  # journal -> host
    )


async def _tell_no_config(error):
    """No configuration, no point: blink on the lamp of most boards, and say why on the console, for ever."""
    led = machine.Pin(2, machine.Pin.OUT)
    while True:
        log("E", "config", str(error))
        for _ in range(5):
            for i, ms in enumerate(local_alarm.PATTERNS["no-config"]):
                led.value(i % 2 == 0)
                await asyncio.sleep_ms(ms)
