import asyncio
import json
import os
import sys
import time

import esp32
import kernel
import machine
import simboard
import wiring
from bundles import lay_out, write
from fake_broker import FakeBroker
from node import VERSION, app, config, local_alarm
from node import node as node_module
from node.desired import Desired
from node.node import Node, for_ever
from node.startup import count_boot, read_notes
from world import World

from paraat_wire import host_codec, topics

POINT = "nsp-0123"
NOON = 1795521600
SENSORS = [
    {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200},
    {"driver": "ina226", "bus": "i2c0", "address": 64, "shunt_milliohm": 2.0},
    {"driver": "digital_input", "pin": 34, "metric": "power/mains"},
    {"driver": "digital_input", "pin": 35, "metric": "power/generator"},
]
CONFIG = {
    "point": POINT,
    "version": 3,
    "board": "bench",
    "interval_s": 60,
    "broker": {"host": "127.0.0.1", "port": 1, "retry_max_s": 30, "ack_timeout_s": 30, "keepalive_s": 600},
    "buses": {
        "uart2": {"kind": "uart", "rx": 16, "tx": 17},
        "i2c0": {"kind": "i2c", "scl": 22, "sda": 21},
    },
    "pins": {"led": 2, "buzzer": 25, "button": 0},
    "sensors": SENSORS,
}


def node(port=1, scenario=None, **other):
    """A node on simulated hardware: a tank of 100 l that is 60 % full, mains on. other: keys of its configuration."""
    settings = json.loads(json.dumps(dict(CONFIG, **other)))
    settings["broker"]["port"] = port
    world = World(dict({"tank": {"capacity_l": 100}, "fuel_l": 60}, **(scenario or {})))
    wiring.levels[0] = 1
    simboard.wire(settings, world)
    return Node(Desired(config.check(settings), read_notes()), {"wifi": {"ssid": "bench"}}, count_boot())


class Host:
    """What the host does: reads packs, stores them, and acknowledges unless it is away."""

    def __init__(self, broker):
        self.broker = broker
        self.away = False
        self.order = []  # seqs as they came
        self.sets = {}
        self.states = []
        self.replies = []
        broker.on_publish = self._on_publish

    def _on_publish(self, topic, payload):
        point, leaf = topics.parse(topic)
        assert point == POINT
        if leaf == topics.STATE:
            self.states.append(host_codec.read_state(payload))
            return
        if leaf == topics.REPLY:
            self.replies.append(host_codec.read_reply(payload))
            return
        if self.away:
            return
        sets = host_codec.read_pack(point, leaf, payload, NOON)
        assert len(payload) <= 8192, len(payload)
        for s in sets:
            assert not s.refused, s
            self.order.append(s.seq)
            if s.seq < 30:
                self.sets[s.seq] = s
        ack = host_codec.encode_ack([(s.seq, s.seq) for s in sets])
        asyncio.create_task(self.broker.publish(topics.topic(POINT, topics.ACK), ack, 1))

    async def tell_time(self, unix_s):
        await self.broker.publish(topics.TIME, host_codec.encode_time(unix_s))


async def run(seconds, *tasks):
    """Run tasks for so many virtual seconds."""
    running = [asyncio.create_task(task()) for task in tasks]
    await asyncio.sleep(seconds)
    for task in running:
        task.cancel()
    await asyncio.sleep(0)


async def until(condition, limit_s=600):
    for _ in range(limit_s * 10):
        if condition():
            return
        await asyncio.sleep_ms(100)
    raise AssertionError("not within %d s" % limit_s)


def events_of(n):
    """The events in the journal, oldest first."""
    events = []
    while True:
        entries = n.journal.take(4096, 20)
        if not entries:
            return events
        events = [e.values for e in reversed(entries) if e.kind == 1] + events


async def test_it_samples_and_alarms_when_no_broker_ever_answers():
    n = node(scenario={"fuel_l": 10})
    await run(3600, n.sample, n.panel.signal, n.panel.button, n.uplink.run)
    assert n.journal.backlog == 60 + 1, n.journal.backlog  # a set a minute, and the alarm
    kinds = []
    while True:
        entries = n.journal.take(4096, 20)
        if not entries:
            break
        kinds += [(e.kind, e.values) for e in entries]
    assert [values for kind, values in kinds if kind == 1] == [[("alarm/low-fuel", True)]]
    assert n.alarm.state == "alarm/low-fuel"
    assert len(wiring.outputs[2]) > 50
    assert len(wiring.outputs[25]) > 50  # the buzzer goes along


async def test_the_beat_does_not_drift():
    n = node()
    await run(3600 - 5, n.sample)
    times = [e.t for e in reversed(n.journal.take(100000, 100))]
    assert [b - a for a, b in zip(times, times[1:])] == [60] * 59


async def test_a_reading_leaves_the_journal_only_when_the_host_has_stored_it():
    broker = await FakeBroker().start()
    host = Host(broker)
    host.away = True
    n = node(broker.port)
    running = [asyncio.create_task(t()) for t in (n.sample, n.uplink.run)]
    await asyncio.sleep(600)
    assert broker.topics.count("paraat/v1/nsp-0123/telemetry") >= 10  # the broker took them all
    assert n.journal.backlog == 10
    assert not n.uplink.linked
    host.away = False
    await until(lambda: n.journal.backlog == 0, 1300)
    assert n.uplink.linked
    assert sorted(set(host.order)) == list(range(1, n.journal.next))
    for task in running:
        task.cancel()


async def test_a_host_that_is_away_is_asked_ever_more_seldom():
    broker = await FakeBroker().start()
    Host(broker).away = True
    n = node(broker.port)
    n.journal.append(0, 0, False, [], [])
    await run(7200, n.uplink.run)
    sent = broker.topics.count("paraat/v1/nsp-0123/telemetry")
    assert 10 < sent < 25, sent


async def test_after_an_outage_the_newest_goes_first_and_nothing_is_lost():
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node(broker.port)
    running = [asyncio.create_task(t()) for t in (n.sample, n.uplink.run)]
    await asyncio.sleep(300)
    broker.connack = b"\x20\x02\x00\x03"
    await broker.drop()
    await asyncio.sleep(2400)
    assert n.journal.backlog > 35
    before = len(host.order)
    broker.connack = b"\x20\x02\x01\x00"
    await until(lambda: n.journal.backlog == 0)
    after = host.order[before:]
    assert after[0] == max(after[:20])
    assert after[0] > after[19]
    assert sorted(set(host.order)) == list(range(1, n.journal.next))
    for task in running:
        task.cancel()


async def test_a_restart_loses_nothing_and_goes_on_counting():
    n = node()
    await run(590, n.sample)
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node(broker.port)
    assert n.boot == 2
    await run(120, n.sample, n.uplink.run)
    assert sorted(host.sets) == list(range(1, 13))
    assert host.states[0]["boot"] == 2
    old = host.sets[5]
    assert ("node/clock", "unsure") in old.faults
    assert old.aged
    assert ("node/clock", "unsure") not in host.sets[12].faults


async def test_what_was_read_before_the_clock_was_known_is_dated_right():
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node()
    await run(600, n.sample)
    n.settings["broker"]["port"] = broker.port
    running = [asyncio.create_task(t()) for t in (n.sample, n.uplink.run)]
    broker.puback = False  # nothing gets through before the time is told
    await until(lambda: broker.connections)
    await asyncio.sleep(1)
    await host.tell_time(NOON)
    await asyncio.sleep(1)
    broker.puback = True
    host.order.clear()
    host.sets.clear()
    await until(lambda: n.journal.backlog == 0)
    now, dated = n.clock.now()
    assert dated
    for s in host.sets.values():
        assert not s.aged
        age_s = n.clock.uptime_s() - dict(s.values)["node/uptime"]
        assert abs(now - age_s - s.t) <= 1, (s.seq, now - age_s - s.t)
    for task in running:
        task.cancel()


async def test_birth_and_will():
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node(broker.port)
    running = asyncio.create_task(n.uplink.run())
    await until(lambda: host.states)
    first, hello = broker.received[0]
    assert first == 0x10
    assert b'{"online": false}' in hello
    assert b"paraat/v1/nsp-0123/state" in hello
    state = host.states[0]
    assert state == {
        "online": True, "boot": 1, "reset": "pwron", "error": "", "fw": VERSION, "build": 0, "update": "", "config": 3, "board": "bench", "clock": "none", "next": 1,
        "idf_free": sum([region[1] for region in esp32.regions]), "idf_largest": max([region[2] for region in esp32.regions]),
    }  # fmt: skip
    await host.tell_time(NOON)
    await until(lambda: len(host.states) == 2)
    assert host.states[1]["clock"] == "host"
    assert machine.RTC().datetime()[:3] == (2026, 11, 24)
    running.cancel()


async def test_new_firmware_is_on_trial_in_state_until_it_is_confirmed():
    lay_out(1, "a")
    lay_out(2, "b")
    write("slot.json", b'{"run": "a", "build": 1, "trial": "b", "starts": 1}')
    sys.path.insert(0, "b")
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node(broker.port)
    tasks = [asyncio.create_task(task()) for task in (n.uplink.run, n.trial.watch, n.sample)]
    await until(lambda: host.states and not host.states[-1]["update"])
    assert (host.states[0]["build"], host.states[0]["update"]) == (2, "trial")
    for task in tasks:
        task.cancel()


async def test_what_became_of_the_last_update_is_in_state():
    lay_out(1, "a")
    write("slot.json", b'{"run": "a", "build": 1, "why": "build 2 given up"}')
    sys.path.insert(0, "a")
    broker = await FakeBroker().start()
    host = Host(broker)
    running = asyncio.create_task(node(broker.port).uplink.run())
    await until(lambda: host.states)
    assert (host.states[0]["build"], host.states[0]["update"]) == (1, "build 2 given up")
    running.cancel()


async def test_nonsense_from_the_host_is_survived():
    broker = await FakeBroker().start()
    host = Host(broker)
    n = node(broker.port)
    running = asyncio.create_task(n.uplink.run())
    await until(lambda: host.states)
    for topic in (topics.TIME, topics.topic(POINT, topics.ACK)):
        for payload in (b"", b"{", b"\xff", b"[]", b'{"stored":[[5,1]]}', b'{"t":"now"}', b'{"t":1}'):
            await broker.publish(topic, payload, 9)
    n.journal.append(0, 0, False, [], [])
    n.uplink.wake()
    await until(lambda: host.order == [1])
    assert broker.connections == 1
    running.cancel()


async def test_the_button_acknowledges_and_asks_for_help():
    n = node(scenario={"fuel_l": 10})
    running = [asyncio.create_task(t()) for t in (n.sample, n.panel.signal, n.panel.button)]
    await asyncio.sleep(200)
    assert n.alarm.sounds

    async def press(ms):
        wiring.set_level(0, 0)
        await asyncio.sleep_ms(ms)
        wiring.set_level(0, 1)
        await asyncio.sleep_ms(200)

    await press(10)  # bounce is no press
    assert n.alarm.sounds
    await press(300)
    assert not n.alarm.sounds
    quiet_since = kernel.now_us
    await asyncio.sleep(60)
    assert wiring.outputs[25][-1][1] == 0
    assert wiring.outputs[25][-1][0] <= quiet_since
    await press(3500)
    assert [("button/help", True)] in events_of(n)
    for task in running:
        task.cancel()


async def test_a_task_that_fails_begins_again_and_the_others_go_on():
    n = node()
    failures = []

    async def broken():
        failures.append(time.time())
        raise ZeroDivisionError("in a task")

    await run(61, lambda: for_ever("broken", broken), n.sample)
    assert len(failures) >= 10
    assert n.journal.next >= 2


async def test_generator_start_and_stop_are_events():
    n = node(scenario={"generator": [[0, False], [120, True], [300, False]]})
    await run(500, n.sample)
    assert events_of(n) == [[("event/generator", True)], [("event/generator", False)]]


async def test_a_battery_that_gives_out_under_its_heaviest_load_alarms():
    # esphome/issues#2999: the shunt is at its end, and the voltage must not go with it.
    n = node(scenario={"battery_v": [[0, 11.2]]})
    wiring.i2c[(22, 21)][64].current_a = lambda: -60
    seq, values, faults = await n.take_set()
    assert seq is not None
    assert dict(values)["battery/voltage"] == 11.2
    assert ("battery/current", "range") in faults
    assert n.alarm.state == local_alarm.LOW_BATTERY
    assert ("alarm/low-battery", True) in [value for entry in events_of(n) for value in entry]


async def test_a_meter_on_dead_mains_does_not_keep_the_lamp_on_unknown_through_a_blackout():
    meter = {"driver": "pzem004t", "bus": "uart1", "address": 1}
    buses = dict(CONFIG["buses"], uart1={"kind": "uart", "rx": 25, "tx": 26})
    states = []
    for sensors in (SENSORS[:3] + [meter, SENSORS[3]], SENSORS[:2] + [meter, SENSORS[3]]):
        n = node(sensors=sensors, buses=buses, scenario={"mains": [[0, False]], "generator": [[0, True]]})
        await n.take_set()
        states.append(n.alarm.state)
        assert ("power/load", "silent") in n.last_set[1]
    assert states == ["no-link", "no-link"]


async def test_a_set_that_cannot_be_kept_does_not_stop_sampling():
    for error in (OSError(28), ValueError("a set of 85 readings, and their names do not fit")):
        n = node()

        def refuse(*args, error=error):
            raise error

        n.journal.append = refuse
        sets = []
        sample = n.sampler.sample

        async def counted(sample=sample, sets=sets):
            sets.append(1)
            return await sample()

        n.sampler.sample = counted
        await run(300, n.sample)
        assert n.alarm.state == "no-link"
        assert len(sets) == 5, "on its beat, not over and over"


async def test_a_journal_that_cannot_be_opened_stops_neither_sampling_nor_the_alarm():
    with open("journal", "w"):
        pass  # a file where its folder should be
    n = node(scenario={"fuel_l": 10})
    seq, values, _ = await n.take_set()
    assert seq is None
    assert dict(values)["fuel/level"] == 10
    assert n.alarm.state == local_alarm.LOW_FUEL
    assert "journal" in n.health.last_error
    n = node()
    n.uplink.linked = True  # the host answers, but what is read does not come to it
    await n.take_set()
    n.panel._state()
    assert n.alarm.state == "no-link"
    os.remove("journal")
    assert (await n.take_set())[0] == 1
    n.panel._state()
    assert n.alarm.state == "well"


async def test_a_lack_of_memory_is_named_in_state():
    n = node()

    async def sample():
        raise MemoryError("memory allocation failed, allocating 512 bytes")

    slot = n.sampler.slots[0]
    slot.ready().sample = sample
    _, _, faults = await n.take_set()
    assert dict(faults)[slot.names[0]] == "error"
    assert n._state()["error"] == "sample: not enough memory"


async def test_without_a_configuration_it_says_so_and_drives_no_pin():
    said = []
    kept, node_module.log = node_module.log, lambda level, who, text: said.append((level, who, text))
    task = asyncio.create_task(app.main())
    await asyncio.sleep(60)
    node_module.log = kept
    assert not task.done()
    assert len(said) == 6
    assert said[-1] == ("E", "config", "config.json: found nothing, expected the file that `make flash` writes")
    assert wiring.outputs == {}
    task.cancel()


async def test_main_runs_all_of_it():
    settings = json.loads(json.dumps(CONFIG))
    broker = await FakeBroker().start()
    host = Host(broker)
    settings["broker"]["port"] = broker.port
    simboard.wire(settings, World({"tank": {"capacity_l": 100}, "fuel_l": 60}))
    for name, content in (("config.json", settings), ("secrets.json", {"wifi": {"ssid": "bench"}})):
        with open(name, "w") as f:
            json.dump(content, f)
    task = asyncio.create_task(app.main())
    await until(lambda: len(host.sets) >= 3)
    names = [name for name, _ in host.sets[1].values]
    assert names[:4] == ["fuel/distance", "fuel/level", "battery/voltage", "battery/current"]
    assert "node/heap" in names
    said = dict(host.sets[1].values)
    assert said["node/idf-free"] == sum([region[1] for region in esp32.regions])
    assert said["node/idf-largest"] == max([region[2] for region in esp32.regions])
    assert os.stat("boot")
    task.cancel()
    await asyncio.sleep(0)


async def test_a_configuration_that_does_not_reach_the_host_is_given_up_and_told():
    settings = json.loads(json.dumps(CONFIG))
    broker = await FakeBroker().start()
    host = Host(broker)
    settings["broker"]["port"] = broker.port
    settings.update({"trial_s": 60, "interval_s": 300})
    simboard.wire(settings, World({"tank": {"capacity_l": 100}, "fuel_l": 60}))
    for name, content in (("config.json", settings), ("secrets.json", {"wifi": {"ssid": "bench"}})):
        with open(name, "w") as f:
            json.dump(content, f)
    resets = []
    machine.reset = lambda: resets.append(1)

    async def start_until(condition):
        task = asyncio.create_task(app.main())
        try:
            await until(condition, 1000)
        finally:
            task.cancel()
            await asyncio.sleep(0)

    async def offer(version, port):
        wanted = dict(json.loads(json.dumps(settings)), version=version)
        wanted["broker"]["port"] = port
        await broker.publish(topics.topic(POINT, topics.CONFIG), host_codec.encode_config(wanted), version)

    async def online():
        await until(lambda: host.states, 1000)
        await offer(4, 1)  # nobody listens there

    offering = asyncio.create_task(online())
    await start_until(lambda: len(resets) == 1)  # it has come
    await offering
    await start_until(lambda: len(resets) == 2)  # a minute later it is given up
    host.states.clear()
    await start_until(lambda: host.states)
    state = host.states[-1]
    assert (state["config"], state["config_refused"]) == (3, 4)
    assert state["config_error"] == "version 4: no answer from the host within 60 s"
    host.states.clear()
    running = asyncio.create_task(app.main())
    await until(lambda: host.states)
    await offer(4, 1)  # retained: it comes at every connection
    await asyncio.sleep(10)
    assert len(resets) == 2
    await offer(5, broker.port)
    await until(lambda: len(resets) == 3)
    running.cancel()
    await asyncio.sleep(0)
    host.states.clear()
    await start_until(lambda: host.states and "config_trial" not in host.states[-1])
    assert host.states[0]["config_trial"] is True
    assert host.states[-1]["config"] == 5
    assert "config_error" not in host.states[-1]
