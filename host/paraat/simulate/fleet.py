"""Made-up points from one process: for load, and for the demo where MicroPython's unix port does not run."""

import itertools
import json
import logging
import random
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from paraat.clock import Clock, SystemClock
from paraat.domain.tanks import Tank
from paraat.simulate.hal.world import World
from paraat_wire import codec, host_codec, topics

_log = logging.getLogger(__name__)

KEEP_MAX = 5000  # sets that a point keeps until the host has acknowledged them
_IN_FLIGHT_MAX = 20_000
_DRAIN_S = 15.0
_HOST_QUIET_S = 0.5
_HOST_LIMIT_S = 10.0


class MadeUpPoint:
    """One point: a world to measure, and the sets that the host has not acknowledged."""

    def __init__(self, point_id: str, scenario: dict[str, Any], *, empty_mm: int = 1200, full_mm: int = 100) -> None:
        self.id = point_id
        self.world = World(scenario)
        self.kept: dict[int, tuple[float, str, float]] = {}  # seq -> (t, records, time.monotonic() when it was sent)
        self.next = 1
        self._empty_mm = empty_mm
        self._full_mm = full_mm

    def read(self, story_s: float) -> str:
        """The records of a set, as a board would send them, at a second of its world."""
        world = self.world
        came_in = sum(n for s, n in world.scenario.get("people", ()) if n > 0 and s <= story_s)
        present = world.people(story_s)
        values: list[tuple[str, float | int | bool]] = [
            ("fuel/distance", world.distance_mm(story_s, self._empty_mm, self._full_mm) / 1000),
            ("fuel/level", min(100.0, world.level_percent(story_s))),
            ("battery/voltage", world.battery_v(story_s)),
            ("battery/current", world.battery_a(story_s)),
            ("climate/temperature", world.temperature_c(story_s)),
            ("people/in", came_in),
            ("people/out", came_in - present),
            ("people/present", present),
            ("power/mains", world.mains(story_s)),
            ("power/generator", world.generator(story_s)),
            ("node/uptime", int(story_s)),
            ("node/backlog", len(self.kept)),
        ]
        return codec.encode_records(values, ())

    def take_seq(self) -> int:
        """The next seq."""
        seq, self.next = self.next, self.next + 1
        return seq

    def ack(self, ranges: Sequence[tuple[int, int]]) -> None:
        """The host has stored these; one beyond ours was given out by an earlier run."""
        for first, last in ranges:
            for seq in [s for s in self.kept if first <= s <= last]:
                del self.kept[seq]
            self.next = max(self.next, last + 1)


class Fleet:
    """All points over one connection. keep: hold every set until the host's `ack`, as a board does."""

    def __init__(self, host: str, port: int, points: Mapping[str, MadeUpPoint], *, keep: bool) -> None:
        self.points = points
        self.made = 0
        self._keep = keep
        self._lock = threading.Lock()
        self.in_flight = 0  # messages that the broker has not acknowledged; each publish is followed by one on_publish
        self._room = threading.Event()
        self._connected = threading.Event()
        self._acked = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="paraat-simulate", clean_session=False, reconnect_on_failure=True
        )
        self._client.reconnect_delay_set(1, 2)
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._host, self._port = host, port

    def start(self, limit_s: float) -> None:
        """Connect, and say hello for every point. Raises OSError when no broker answers within limit_s."""
        self._client.connect_async(self._host, self._port)
        self._client.loop_start()
        if not self._connected.wait(limit_s):
            self._client.loop_stop()
            self._client.reinitialise()
            raise OSError(f"no broker answers on {self._host}:{self._port}")

    def hear_host(self, quiet_s: float, limit_s: float) -> None:
        """Let the host, if one runs, tell where each point's seq goes on: until no `ack` came for quiet_s.

        A run that begins at seq 1 again sends what the host has to take for a duplicate, or for a second board.
        """
        deadline_s = time.monotonic() + limit_s
        while self._acked.wait(quiet_s) and time.monotonic() < deadline_s:
            self._acked.clear()

    def stop(self) -> None:
        """Wait until the broker has taken what is under way, then leave."""
        for _ in range(int(_DRAIN_S / 0.1)):
            if not self.in_flight or not self._client.is_connected():
                break
            self._room.clear()
            self._room.wait(0.1)
        self._client.disconnect()
        self._client.loop_stop()
        self._client.reinitialise()  # closes what paho otherwise leaves to the garbage collector

    def sample(self, point: MadeUpPoint, t: float, story_s: float) -> None:
        """Read one set at unix time t and send it. Waits where the broker falls behind."""
        with self._lock:
            records = point.read(story_s)
            seq = point.take_seq()
            self.made += 1
            if self._keep:
                point.kept[seq] = (t, records, time.monotonic())
                if len(point.kept) > KEEP_MAX:
                    del point.kept[next(iter(point.kept))]
        if self._client.is_connected() or not self._keep:
            self._send(point.id, seq, t, records)

    def send_again(self, older_than_s: float) -> None:
        """Send again what the host has not acknowledged for so long: a broker's PUBACK is no proof of anything."""
        if not self._client.is_connected():
            return
        now_s = time.monotonic()
        late = []
        with self._lock:
            for point in self.points.values():
                for seq, (t, records, sent_s) in point.kept.items():
                    if now_s - sent_s >= older_than_s:
                        late.append((point, seq, t, records))
            for point, seq, t, records in late:
                point.kept[seq] = (t, records, now_s)
        for point, seq, t, records in late:
            self._send(point.id, seq, t, records)

    def _send(self, point_id: str, seq: int, t: float, records: str) -> None:
        pack = host_codec.encode_pack([codec.encode_set(point_id, seq, int(t), records)])
        while self.in_flight >= _IN_FLIGHT_MAX:
            self._room.clear()
            self._room.wait(0.5)
        self._publish(topics.topic(point_id, topics.TELEMETRY), pack)

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        with self._lock:
            self.in_flight += 1
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _on_publish(self, *_: object) -> None:
        with self._lock:
            self.in_flight -= 1
        self._room.set()

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            _log.warning("the broker refuses: %s", reason)
            return
        client.subscribe(topics.topic("+", topics.ACK), qos=1)
        with self._lock:
            hello = [(p.id, p.next) for p in self.points.values()]
        for point_id, following in hello:
            state = {"online": True, "boot": 1, "reset": "pwron", "fw": "simulate", "clock": "host", "next": following}
            self._publish(topics.topic(point_id, topics.STATE), codec.encode_state(state), retain=True)
        self._connected.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        parsed = topics.parse(message.topic)
        point = self.points.get(parsed[0]) if parsed else None
        if point is None:
            return
        try:
            ranges = codec.read_ack(bytes(message.payload))
        except codec.WireError as error:
            _log.warning("%s: %s", message.topic, error)
            return
        with self._lock:
            point.ack(ranges)
        self._acked.set()


def made_up_ids(count: int) -> list[str]:
    """The ids of so many points that no site knows."""
    return [f"sim-{number:05d}" for number in range(1, count + 1)]


def make_up(point_ids: Iterable[str], seed: int) -> dict[str, MadeUpPoint]:
    """Points with different tanks and different days; the same seed makes up the same."""
    chance = random.Random(seed)
    points = {}
    for point_id in point_ids:
        tank = Tank(capacity_l=chance.choice((150, 200, 400, 600, 1000)), burn_l_per_h=chance.uniform(4, 18))
        fails_s = chance.uniform(0, 6 * 3600)
        arrivals = sorted(chance.uniform(fails_s, fails_s + 8 * 3600) for _ in range(chance.randint(0, 120)))
        points[point_id] = MadeUpPoint(
            point_id,
            {
                "tank": {"capacity_l": tank.capacity_l},
                "fuel_l": tank.capacity_l * chance.uniform(0.2, 1.0),
                "burn_l_per_h": tank.burn_l_per_h,
                "mains": [[0, True], [fails_s, False]],
                "generator": [[0, False], [fails_s + 60, True]],
                "people": [[s, 1] for s in arrivals],
                "temperature_c": [[0, chance.uniform(12, 21)], [12 * 3600, chance.uniform(12, 21)]],
                "battery_v": [[0, chance.uniform(12.4, 13.8)]],
            },
        )
    return points


def run(
    host: str,
    port: int,
    *,
    point_ids: Sequence[str],
    interval_s: float,
    duration_s: float | None,
    seed: int,
    stop: threading.Event,
    clock: Clock | None = None,
) -> int:
    """`paraat simulate`: publish until the duration is over or stop is set, then print what was sent as JSON.

    The sets of all points are spread evenly over the interval. Returns the exit code.
    """
    clock = clock or SystemClock()
    points = len(point_ids)
    fleet = Fleet(host, port, make_up(point_ids, seed), keep=False)
    try:
        fleet.start(10.0)
    except OSError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    fleet.hear_host(_HOST_QUIET_S, _HOST_LIMIT_S)
    begin = clock.now()
    turn = itertools.cycle(fleet.points.values())
    total = None if duration_s is None else max(1, round(points * duration_s / interval_s))
    for number in itertools.count() if total is None else range(total):
        due = begin + number * interval_s / points
        while (wait_s := due - clock.now()) > 0 and not stop.is_set():
            clock.wait(stop, wait_s)
        if stop.is_set():
            break
        now = clock.now()
        fleet.sample(next(turn), now, now - begin)
    while duration_s is not None and (wait_s := begin + duration_s - clock.now()) > 0 and not stop.is_set():
        clock.wait(stop, wait_s)
    fleet.stop()
    seconds = clock.now() - begin
    summary = {
        "points": points,
        "interval_s": interval_s,
        "duration_s": round(seconds, 3),
        "sets": fleet.made,
        "sets_per_s": round(fleet.made / seconds, 1) if seconds else None,
        "unacknowledged_by_broker": fleet.in_flight,
        "last_seq": {point.id: point.next - 1 for point in fleet.points.values()},
    }
    print(json.dumps(summary))
    return 1 if fleet.in_flight else 0
