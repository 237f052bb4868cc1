"""The host service whole: real broker, journal and page; killed, restarted, fed with garbage."""

import json
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from host.served import ON_MAINS, POINT, T0, Broker, FakeBoard, Served, StillClock, a_site, get, view_of
from paraat.domain import facts
from paraat.domain.facts import (
    HOST,
    Attested,
    Author,
    ClockSetBack,
    Counted,
    Fact,
    GeneratorRan,
    PhaseChanged,
    Started,
    Told,
)
from paraat.domain.model import AlertState, HelpCall, SampleSet, Value
from paraat.domain.own import HostPower
from paraat.domain.readiness import Verdict
from paraat.domain.subjects import Subject, View
from paraat.domain.tracker import HISTORY_SAMPLES
from paraat.fleet import commission
from paraat.fleet.commission import Commissioned, Ticked
from paraat.journal import Journal, JournalError
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import BROKER_DAYS
from paraat.runtime.clock import Clock, ScaledClock, SystemClock
from paraat.runtime.host_probe import HostProbe
from paraat.service import Service, ServiceError
from paraat.simulate.servers import EmbeddedBroker, InfluxServer, free_port
from paraat.site.influx import InfluxSettings
from paraat.site.site import Site, WebSettings
from paraat_wire import topics
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")

Run = Callable[..., Service]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a service, and stop it at the end of the test unless the test did."""
    services: list[Service] = []

    def start(site: Site, clock: Clock | None = None, **options: bool) -> Service:
        service = Service(site, clock=clock or SystemClock(), **options)
        service.start()
        services.append(service)
        wait_for(lambda: all(check.ok for check in service.health()))
        return service

    yield start
    for service in services:
        if not service._stop.is_set():
            service.stop()


@pytest.fixture
def boards() -> Iterator[Callable[..., FakeBoard]]:
    made: list[FakeBoard] = []

    def make(port: int, point: str = POINT) -> FakeBoard:
        made.append(FakeBoard(port, point))
        return made[-1]

    yield make
    for board in made:
        board.close()


Boards = Callable[..., FakeBoard]


def be_silent(service: Service, clock: StillClock) -> None:
    """Let time pass until the silence of all five points is an alert."""

    def silent(state: str) -> bool:
        return [alert.state for alert in service.alerts() if alert.rule == "point_silent"] == [state] * 5

    rule = service.site.alerts.point_silent
    clock.t += rule.after_s + 1
    wait_for(lambda: silent("pending"))
    clock.t += rule.hold_s
    wait_for(lambda: silent("firing"))


def metric(service: Service, sample: str) -> float:
    found = [
        line.rpartition(" ")[2] for line in service.metrics().decode().splitlines() if line.startswith(sample + " ")
    ]
    return float(found[0]) if found else 0.0


def test_a_set_goes_all_the_way(broker: Broker, tmp_path: Path, run: Run, boards: Boards) -> None:
    service = run(a_site(tmp_path, broker.port), ScaledClock(T0, 10.0))
    seen: list[Verdict] = []
    end = service.subscribe(lambda: seen.append(view_of(service, T0 + 5).verdict))
    board = boards(broker.port)
    board.tell(1, ON_MAINS, T0)
    wait_for(lambda: Verdict.NOT_READY in seen, "who watches is told")
    view = view_of(service, T0 + 5)
    assert (view.value("fuel/level"), view.value("people/present")) == (80.0, 0)
    assert (view.stored, view.missing) == (1, 0)
    others = [view.verdict for view in service.views(T0 + 5) if view.point != POINT]
    assert others == [Verdict.UNKNOWN] * 4
    points = json.loads(get(service, "/api/v1/points"))["points"]
    assert [point["status"] for point in points if point["point"] == POINT] == ["alarm"]
    assert b"paraat_sets_stored_total 1.0" in get(service, "/metrics")
    assert get(service, "/healthz")
    end()
    end()


def test_a_board_that_starts_is_told_the_time(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    """The clock stands still, so the minute in which all are told never comes."""
    run(a_site(tmp_path, embedded.port), StillClock())
    board = boards(embedded.port)
    for _ in range(3):  # one of them may be what the host said when it came
        told = len(board.times)
        board.say(topics.topic(POINT, topics.STATE), b'{"online":true,"clock":"none"}')
        wait_for(lambda told=told: len(board.times) > told)  # type: ignore[misc]
    assert set(board.times) == {T0}


def test_what_a_start_brings_back(embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards) -> None:
    site = a_site(tmp_path, embedded.port)
    service = run(site, ScaledClock(T0, 1.0))
    board = boards(embedded.port)
    for seq in range(1, 20):
        board.read(seq, {**ON_MAINS, "fuel/level": 90.0 - seq}, T0 - 60 * (20 - seq))
    board.send()
    wait_for(lambda: len(board.acked) == 19)
    board.say(topics.topic(POINT, topics.STATE), b'{"online":true,"fw":"0.1.0"}')
    # The journal has what came before the points do.
    wait_for(lambda: view_of(service, T0 + 30.0).node and view_of(service, T0 + 30.0).stored == 19)
    before = service.views(T0 + 30.0)
    service.stop()
    service = Service(site, clock=ScaledClock(T0, 1.0), serve_web=False)
    after = service.views(T0 + 30.0)
    service.stop()
    assert [view.verdict for view in before] == [view.verdict for view in after]
    since = {"watched_since": 0.0}
    assert [msgspec.structs.replace(view, **since) for view in before] == [
        msgspec.structs.replace(view, **since) for view in after
    ]


def test_low_fuel_fires_is_told_and_resolves(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    clock = StillClock()
    service = run(a_site(tmp_path, embedded.port), clock)
    heard: list[AlertState] = []
    service.on_alert(heard.append)
    board = boards(embedded.port)
    low: dict[str, Value] = {"power/mains": False, "power/generator": True, "fuel/level": 10.0}
    seq = 0

    def report(values: dict[str, Value]) -> None:
        nonlocal seq
        seq += 1
        clock.t += 30
        board.tell(seq, values, clock.now())

    def fuel_alerts(state: str) -> list[AlertState]:
        return [a for a in service.alerts() if a.rule == "low_fuel" and a.state == state]

    def report_until(values: dict[str, Value], state: str) -> AlertState:
        def seen() -> bool:
            report(values)
            return bool(fuel_alerts(state))

        wait_for(seen)
        return fuel_alerts(state)[0]

    firing = report_until(low, "firing")
    assert firing.point == POINT
    assert metric(service, 'paraat_alerts_firing{rule="low_fuel"}') == 1
    assert view_of(service, clock.now()).verdict == Verdict.NOT_READY
    wait_for(lambda: {d.state for d in service.journal.deliveries(firing.id)} == {"sent"})
    resolved = report_until({**low, "fuel/level": 95.0}, "resolved")
    assert resolved.id == firing.id
    wait_for(lambda: metric(service, 'paraat_alerts_firing{rule="low_fuel"}') == 0)
    wait_for(lambda: {d.state for d in service.journal.deliveries(firing.id)} == {"sent"})
    reasons = [d.reason for d in service.journal.deliveries(firing.id)]
    assert (reasons[0], reasons[-1]) == ("turn-1", "resolved")
    told = [alert.state for alert in heard if alert.rule == "low_fuel"]
    assert told == ["firing"] * (len(reasons) - 1) + ["resolved"], "each worse turn too"


def test_silence_fires_and_a_restart_neither_forgets_nor_repeats_it(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    site = a_site(tmp_path, embedded.port)
    clock = StillClock()
    service = run(site, clock)
    board = boards(embedded.port)
    board.tell(1, ON_MAINS, clock.now())

    def silent(service: Service) -> list[AlertState]:
        return [
            alert
            for alert in service.alerts()
            if (alert.rule, alert.point, alert.state) == ("point_silent", POINT, "firing")
        ]

    be_silent(service, clock)
    (alert,) = silent(service)
    wait_for(lambda: [d.state for d in service.journal.deliveries(alert.id)] == ["sent"])
    service.stop()
    service = run(site, clock)
    assert [(a.id, a.since) for a in silent(service)] == [(alert.id, alert.since)]
    board.tell(2, ON_MAINS, clock.now())

    def resolved() -> bool:
        clock.t += 30
        board.tell(max(board.kept) + 1, ON_MAINS, clock.now())
        return not silent(service)

    wait_for(resolved)
    assert [d.reason for d in service.journal.deliveries(alert.id)] == ["turn-1", "resolved"]


def test_a_point_that_opened_days_ago_is_open_after_a_restart_too_and_its_call_for_help_stands(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port())
    events: dict[int, dict[str, Value]] = {2: {"button/help": True}, 3: {"point/open": True}}
    sets = [
        SampleSet(
            point=POINT, kind="event" if n in events else "telemetry", seq=n, t=T0 + 60.0 * n,
            received_at=T0 + 60.0 * n, values=events.get(n, ON_MAINS), faults={},
        )
        for n in range(1, HISTORY_SAMPLES + 100)
    ]  # fmt: skip
    journal = Journal(site.path(site.region.journal))
    journal.store(sets, [], [])
    journal.close()
    service = Service(site, clock=SystemClock(), serve_web=False)
    view = service.views(T0 + 10_000_000.0)[0]
    service.stop()
    assert (view.latest["point/open"].value, view.latest["point/open"].t) == (True, T0 + 180.0)
    assert view.help_call == HelpCall(T0 + 120.0, T0 + 120.0)


def firing(service: Service) -> set[str]:
    return {alert.rule for alert in service.alerts() if alert.state == "firing"}


def test_a_board_that_sends_as_nobody_is_told_also_after_a_restart_until_its_point_is_there(
    tmp_path: Path, embedded: EmbeddedBroker, run: Run, boards: Boards
) -> None:
    site, clock = a_site(tmp_path, embedded.port), StillClock()
    service = run(site, clock)
    stranger = boards(embedded.port, "nsp-0999")
    stranger.read(1, ON_MAINS)
    stranger.send()
    wait_for(lambda: "unknown_board" in firing(service))
    service.stop()
    service = run(site, clock)
    assert "unknown_board" in firing(service)
    service.stop()
    moved = msgspec.structs.replace(site.points[POINT], id="nsp-0999")
    profiles = site.profiles | {"nsp-0999": site.profiles[POINT]}
    service = run(msgspec.structs.replace(site, points=site.points | {"nsp-0999": moved}, profiles=profiles), clock)
    wait_for(lambda: "unknown_board" not in firing(service))


def test_a_broker_that_is_gone_and_a_database_that_is_behind_are_told_to_the_coordination_point(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port(), influx=InfluxSettings(url=f"http://127.0.0.1:{free_port()}", bucket="paraat"))
    journal = Journal(site.path(site.region.journal))
    journal.store(
        [SampleSet(point=POINT, kind="telemetry", seq=1, t=T0, received_at=T0, values=ON_MAINS, faults={})], [], []
    )
    journal.close()
    service = Service(site, clock=StillClock(), serve_web=False)
    for t in (1000.0, 1061.0):
        service._judge(T0 + t)
    assert {"broker_unreachable", "database_behind"} <= firing(service)
    service.stop()


class MadeUpProbe(HostProbe):
    """A machine on its UPS."""

    def views(self) -> list[View]:
        return [HostPower(now=T0, on_battery=True, charge_percent=30.0)]


def test_what_is_measured_of_the_machine_is_judged(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port())
    service = Service(site, clock=StillClock(), serve_web=False, host_probe=MadeUpProbe(tmp_path))
    for t in (0.0, 31.0):
        service._judge(T0 + t)
    assert "on_battery" in firing(service)
    service.stop()


def test_the_end_of_the_brokers_own_certificate_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    site = a_site(tmp_path, free_port())
    Authority.create(tmp_path, "Proef", "made for a test only", ("cp.lan",), datetime.fromtimestamp(T0, UTC))
    service = Service(site, clock=SystemClock(), serve_web=False)
    later = T0 + (BROKER_DAYS - 30) * 86400.0
    for t in (later, later + 601):
        service._judge(t)
    (alert, *_) = [a for a in service._watch.engine.active() if a.state == "firing" and a.point is None]
    assert (alert.rule, alert.subject) == ("own_certificate", Subject("certificate", "broker"))
    with caplog.at_level("WARNING"):
        while service._dispatcher.send_next("log", later + 601):
            pass
    service.stop()
    assert "Certificaat van de broker verloopt, nog 29 dagen" in caplog.text  # and 23 hours


def test_the_past_is_what_it_was_and_starts_and_clocks_that_are_set_back_are_kept(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    clock = StillClock()
    service = run(a_site(tmp_path, embedded.port), clock)
    board = boards(embedded.port)
    seen = {}
    for seq in (1, 2, 3):
        board.tell(seq, ON_MAINS | {"fuel/level": 80.0 - seq}, clock.t)
        wait_for(lambda seq=seq: view_of(service, clock.t).stored == seq)  # type: ignore[misc]
        seen[clock.t] = service.views(clock.t)
        clock.t += 60
    for t, views in seen.items():
        assert service.past(t).views == views
        alone = [view for one in service.site.points for view in service.past(t, one).views]
        assert {view.point: view for view in alone} == {view.point: view for view in views}
    wait_for(lambda: service._ticked_at == clock.t)
    clock.t -= 30
    wait_for(lambda: len(service.journal.facts(ClockSetBack)) == 1)
    (started,), (back,) = service.journal.facts(Started), service.journal.facts(ClockSetBack)
    assert (started.t, started.author) == (T0, HOST)
    assert back.t == clock.t


def test_who_acknowledged_is_kept_and_only_of_what_fires(embedded: EmbeddedBroker, tmp_path: Path, run: Run) -> None:
    clock = StillClock()
    site = a_site(tmp_path, embedded.port)
    service = run(site, clock)
    be_silent(service, clock)
    alert = next(alert for alert in service.alerts() if alert.point == POINT)
    by = Author(name="Jan", role="lead", way="page")
    assert service.acknowledge(alert.id + 99, by) is None
    fact = service.acknowledge(alert.id, by)
    assert fact is not None
    assert (fact.author, fact.t) == (by, clock.t)
    assert service.acknowledged(alert.id) == fact
    service.stop()
    again = Service(site, clock=clock, serve_web=False)
    assert again.acknowledged(alert.id) == fact
    assert again.past(clock.t).standing.acknowledged(alert.id) == fact
    again.stop()


def test_what_is_attested_changes_the_verdict_and_outlives_a_restart(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run
) -> None:
    clock = StillClock()
    site = a_site(tmp_path, embedded.port)
    service = run(site, clock)
    by = Author(name="Jan", role="lead", way="cli")

    def water(of: Service) -> tuple[str, str, str]:
        (found,) = [one for one in view_of(of, clock.t).resources if one.resource == "water"]
        return found.state.value, found.code, found.by

    assert water(service) == ("unknown", "never-attested", "")
    service.keep(Attested(point=POINT, resource="water", there=True, until=clock.t + 86400), by)
    assert water(service) == ("ready", "attested", "Jan")
    service.stop()
    again = Service(site, clock=clock, serve_web=False)
    assert water(again) == ("ready", "attested", "Jan")
    clock.t += 86401
    assert water(again) == ("expired", "expired", "Jan")
    again.stop()


def test_the_alert_of_a_point_that_is_being_built_is_held_back_and_says_so(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run
) -> None:
    clock = StillClock()
    service = run(a_site(tmp_path, embedded.port), clock)
    be_silent(service, clock)
    heard: list[AlertState] = []
    service.on_alert(heard.append)

    def held() -> dict[str | None, str]:
        return {alert.point: alert.held_by for alert in service.alerts() if alert.state == "firing"}

    assert set(held().values()) == {""}
    by = Author(name="Jan", role="coordinator", way="cli")
    service.keep(PhaseChanged(point=POINT, phase="building"), by)
    wait_for(lambda: held()[POINT] == "building")
    service.keep(PhaseChanged(point="nsp-0102", phase="out-of-use", until=clock.t + 3600), by)
    wait_for(lambda: held()["nsp-0102"] == "out-of-use")
    assert heard == []  # nobody is told that it is over: it is not
    assert len(held()) == 5
    service.keep(PhaseChanged(point=POINT, phase="standby"), by)
    wait_for(lambda: held()[POINT] == "")


def test_a_full_disk_keeps_no_service_from_starting(
    embedded: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it started is stored when the disk works again, with the moment at which it did."""
    record, full = Journal.record, threading.Event()
    full.set()

    def record_or_fail(self: Journal, *arguments: Any, **named: Any) -> Fact:
        if full.is_set():
            raise JournalError("journal.sqlite: database or disk is full")
        return record(self, *arguments, **named)

    monkeypatch.setattr(Journal, "record", record_or_fail)
    service = Service(a_site(tmp_path, embedded.port), clock=StillClock(), serve_web=False)
    service.start()
    try:
        wait_for(lambda: not service.health()[1].ok)
        full.clear()
        wait_for(lambda: service.health()[1].ok)
        assert [fact.t for fact in service.journal.facts(Started)] == [T0]
    finally:
        service.stop()


def test_garbage_stops_nothing(broker: Broker, tmp_path: Path, run: Run, boards: Boards) -> None:
    service = run(a_site(tmp_path, broker.port))
    board = boards(broker.port)
    telemetry = topics.topic(POINT, topics.TELEMETRY)
    lots = random.Random(7)
    board.say(telemetry, lots.randbytes(200_000))
    board.say(telemetry, b"[" * 60_000)
    board.say(telemetry, b"\xff\xfe")
    board.say(telemetry, b'[{"bn":"nsp-0102/","bt":1764000000,"n":"seq","v":1}]')
    board.say(telemetry, b"[]", retain=True)
    board.say("paraat/v1/nsp-9999/telemetry", b"[]")
    board.say("paraat/v1/UPPER/telemetry", b"[]")
    board.say(topics.topic(POINT, topics.STATE), b'{"online":"yes"}')
    board.say("somebody/else", b"x")
    # One megabyte is more than the broker takes: it ends the sender's connection, not ours.
    rude = Client(CallbackAPIVersion.VERSION2)
    rude.connect("127.0.0.1", broker.port)
    rude.loop_start()
    gone = threading.Event()
    rude.on_disconnect = lambda *_: gone.set()
    rude.publish(telemetry, lots.randbytes(1_000_000), 1)
    assert gone.wait(LIMIT_S)
    rude.disconnect()
    rude.loop_stop()
    board.tell(1, ON_MAINS, time.time())
    expected = {
        "too-large": 1,
        "nested": 1,
        "not-utf8": 1,
        "foreign-point": 1,
        "not-a-pack": 1,  # the retained one reaches a subscriber as a live message
        "unknown-point": 1,
        "unknown-topic": 1,
        "bad-message": 1,
    }
    wait_for(lambda: len(service.journal.dead_letters(100)) == len(expected))
    for reason, count in expected.items():
        assert metric(service, f'paraat_refused_total{{reason="{reason}"}}') == count, reason
    assert all(check.ok for check in service.health())
    assert metric(service, 'paraat_thread_errors_total{thread="ingest"}') == 0


def test_a_broker_that_restarts_costs_nothing(broker: Broker, tmp_path: Path, run: Run, boards: Boards) -> None:
    service = run(a_site(tmp_path, broker.port), next_free_port=True)
    board = boards(broker.port)
    board.tell(1, ON_MAINS, time.time())
    board.subscribed.clear()
    broker.kill()
    wait_for(lambda: not service.health()[0].ok)
    assert str(broker.port) in service.health()[0].detail
    for seq in range(2, 30):
        board.read(seq, ON_MAINS, time.time())
    broker.start()
    assert board.subscribed.wait(LIMIT_S)
    wait_for(lambda: service.health()[0].ok)

    def all_acked() -> bool:
        board.send_and_wait(29)
        return len(board.acked) == 29

    wait_for(all_acked)
    assert service.journal.ranges(POINT) == [(1, 29)]


def test_kill_9_in_a_stream_loses_nothing_and_stores_nothing_twice(
    broker: Broker, tmp_path: Path, boards: Boards
) -> None:
    """What the host acknowledged is in its journal, whenever it dies; the rest comes again."""
    total = 1500
    board = boards(broker.port)
    for seq in range(1, total + 1):
        board.read(seq, {**ON_MAINS, "fuel/level": seq % 100}, T0 + seq)
    lots = random.Random(11)
    for _ in range(3):
        served = Served(tmp_path, broker.port)
        goal = len(board.acked) + lots.randrange(20, 300)
        stop = threading.Event()

        def stream(stop: threading.Event = stop) -> None:
            while not stop.is_set():
                board.send_and_wait(50)

        sender = threading.Thread(target=stream)
        sender.start()
        try:
            wait_for(lambda goal=goal: len(board.acked) >= goal)  # type: ignore[misc]
        finally:
            served.end(signal.SIGKILL)
            stop.set()
            sender.join()
        journal = Journal(tmp_path / "journal.sqlite")
        held = {seq for first, last in journal.ranges(POINT) for seq in range(first, last + 1)}
        journal.close()
        assert board.acked <= held
    served = Served(tmp_path, broker.port)

    def all_acked() -> bool:
        board.send_and_wait(200)
        return len(board.acked) == total

    try:
        wait_for(all_acked)
    finally:
        code = served.end(signal.SIGTERM)
    assert code == 0, (tmp_path / "serve.log").read_text()
    journal = Journal(tmp_path / "journal.sqlite")
    entries = journal.entries_after(0, 10 * total)
    assert journal.ranges(POINT) == [(1, total)]
    assert sorted(entry.seq for entry in entries) == list(range(1, total + 1))
    assert {entry.seq: entry.values["fuel/level"] for entry in entries} == {
        seq: seq % 100 for seq in range(1, total + 1)
    }
    assert journal.dead_letters(10) == []
    journal.close()
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


@pytest.mark.needs("influxdb")
def test_influxdb_gets_the_sets_and_what_the_host_makes_of_them(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    with InfluxServer(tmp_path / "influx") as influx:
        influx.create_database("paraat")
        settings = InfluxSettings(url=influx.url, status_interval_s=10)
        clock = ScaledClock(T0, 60.0)
        service = run(a_site(tmp_path, embedded.port, influx=settings), clock)
        board = boards(embedded.port)
        board.tell(1, ON_MAINS, T0)
        influx.stop()
        board.tell(2, {**ON_MAINS, "fuel/level": 0.0}, T0 + 60)
        wait_for(lambda: not service.health()[-1].ok)
        assert "does not answer" in service.health()[-1].detail
        assert json.loads(get(service, "/healthz"))
        influx.start()
        wait_for(lambda: service.health()[-1].ok)

        def levels() -> list[tuple[int, float]]:
            rows = influx.query(f"SELECT level_percent FROM fuel WHERE point = '{POINT}'", "paraat")
            return [(row["time"], row["level_percent"]) for row in rows]

        def states() -> list[dict[str, object]]:
            return influx.query('SELECT last("verdict") AS verdict FROM point GROUP BY point', "paraat")

        wait_for(lambda: len(levels()) == 2)
        wait_for(lambda: len(states()) == len(service.site.points))
        service.stop()
        assert levels() == [(T0, 80), (T0 + 60, 0)]
        assert {row["point"] for row in states()} == set(service.site.points)
        assert all(isinstance(row["verdict"], int) for row in states())


def test_a_journal_that_is_in_use_stops_the_start(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port())
    journal = Journal(site.path(site.region.journal))
    with pytest.raises(ServiceError, match="in use by another process"):
        Service(site, clock=SystemClock())
    journal.close()


def test_a_port_that_is_taken_stops_the_start_or_moves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site = a_site(tmp_path, free_port(), web=WebSettings(port=port))
        service = Service(site, clock=SystemClock())
        with pytest.raises(ServiceError, match=f"port {port} is taken"):
            service.start()
        # It let go of everything: the next one may start.
        service = Service(site, clock=SystemClock(), next_free_port=True)
        service.start()
        assert service.web_url not in (None, f"http://127.0.0.1:{port}")
        service.stop()


def test_a_broker_that_is_not_there_is_no_reason_not_to_start(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port())
    service = Service(site, clock=SystemClock())
    service.start()
    wait_for(lambda: "cannot be reached" in service.health()[0].detail)
    service.stop()
    assert not any(thread.is_alive() for thread in service._threads)


def test_a_text_that_fails_goes_out_in_figures_and_is_an_alert_of_its_own(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All five points are silent; their message cannot be written."""

    def broken(*_: object, **__: object) -> tuple[str, str]:
        raise KeyError("text")

    monkeypatch.setattr("paraat.alerts.texts.message", broken)
    clock = StillClock()
    service = run(a_site(tmp_path, embedded.port), clock)
    be_silent(service, clock)

    def states() -> list[list[str]]:
        silent = [alert for alert in service.alerts() if alert.rule == "point_silent"]
        return [[row.state for row in service.journal.deliveries(alert.id)] for alert in silent]

    wait_for(lambda: states() == [["sent"]] * 5)
    wait_for(lambda: "text_failed" in {alert.rule for alert in service.alerts() if alert.state == "firing"})


def test_a_disk_that_takes_no_alert_delays_and_loses_none(embedded: EmbeddedBroker, tmp_path: Path, run: Run) -> None:
    clock = StillClock()
    service = run(a_site(tmp_path, embedded.port), clock)
    heard: list[AlertState] = []
    service.on_alert(lambda alert: heard.append(alert) if alert.point is not None else None)
    save, full = service.journal.save_alert, threading.Event()
    full.set()

    def save_or_fail(alert: AlertState) -> AlertState:
        if full.is_set():
            raise JournalError("journal.sqlite: database or disk is full")
        return save(alert)

    service.journal.save_alert = save_or_fail  # type: ignore[method-assign]
    clock.t += service.site.alerts.point_silent.after_s + 1
    # Not "the health is bad": the link to the broker, which is not there at once, may have been written down before.
    wait_for(lambda: sum(alert.point is not None for alert in service._watch.engine.active()) == 5, "all are pending")
    wait_for(lambda: not service.health()[1].ok)
    assert "full" in service.health()[1].detail
    clock.t += service.site.alerts.point_silent.hold_s
    wait_for(lambda: len(heard) == 5, "the disk is still full")
    full.clear()
    wait_for(lambda: service.health()[1].ok)
    for alert in heard:
        assert alert.state == "firing"

        def sent(alert: AlertState = alert) -> bool:
            return [one.state for one in service.journal.deliveries(alert.id)] == ["sent"]

        wait_for(sent)


def test_a_mistake_in_a_thread_is_survived_and_counted(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    service = run(a_site(tmp_path, embedded.port))
    board = boards(embedded.port)
    apply = service._tracker.apply
    mistakes = [ZeroDivisionError()]

    def broken(a_set: object) -> None:
        if mistakes:
            raise mistakes.pop()
        apply(a_set)  # type: ignore[arg-type]

    service._tracker.apply = broken  # type: ignore[method-assign]
    board.tell(1, ON_MAINS, time.time())
    board.tell(2, ON_MAINS, time.time())
    assert [view.data_t is not None for view in service.views(time.time()) if view.point == POINT] == [True]
    assert metric(service, 'paraat_thread_errors_total{thread="ingest"}') == 1
    assert service.journal.ranges(POINT) == [(1, 2)]


def test_what_was_found_in_the_readings_outlives_a_restart_and_a_count_takes_the_counters_along(
    embedded: EmbeddedBroker, tmp_path: Path, run: Run, boards: Boards
) -> None:
    site, clock = a_site(tmp_path, embedded.port), StillClock()
    service, board = run(site, clock), boards(embedded.port)
    for minute in range(8):
        values: dict[str, Value] = {"power/generator": minute < 5, "people/in": minute, "people/out": 0}
        board.read(minute + 1, values, clock.t - 3600 + 60 * minute)
    board.tell(9, {"power/generator": False, "people/in": 9, "people/out": 2}, clock.t - 60)
    service.keep(Counted(point=POINT, people=40), Author(name="Jan", way="cli"))
    clock.t += 61
    wait_for(lambda: service.journal.facts(GeneratorRan))
    (ran,) = service.journal.facts(GeneratorRan)
    assert ran.told == GeneratorRan(point=POINT, ran=((T0 - 3600, T0 - 3360),))
    assert ran.author == HOST
    (count,) = service.journal.facts(Counted)
    assert isinstance(count.told, Counted)
    assert count.told.tally is not None
    assert (count.told.tally.came_in, count.told.tally.went_out) == (9, 2)
    board.tell(10, {"power/generator": False, "people/in": 14, "people/out": 4}, clock.t)
    before = view_of(service, clock.t)
    assert before.people is not None
    assert (before.people.people, before.people.counted_by) == (43, "Jan")
    service.stop()
    again = Service(site, clock=clock, serve_web=False)
    after = view_of(again, clock.t)
    assert (after.people, after.upkeep) == (before.people, before.upkeep)
    again.stop()


def test_a_check_on_the_spot_is_kept_with_name_and_date_once_however_it_comes(tmp_path: Path) -> None:
    site = a_site(tmp_path, 1)
    folder = site.directory / commission.FOLDER
    folder.mkdir()

    def write(name: str, by: str, at: float, *steps: bool, point: str = POINT) -> None:
        ticked = tuple(Ticked(step=f"step-{n}", done=done) for n, done in enumerate(steps))
        check = Commissioned(point=point, by=by, at=datetime.fromtimestamp(at, UTC), board="24:0a", steps=ticked)
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(check))

    def kept(service: Service) -> list[tuple[str, float, Told]]:
        return [(fact.author.name, fact.t, fact.told) for fact in service.journal.facts(facts.Commissioned)]

    write("one", "Jan de Wit", T0 - 5000, True, True)
    write("of-elsewhere", "Jan de Wit", T0 - 4000, True, point="nsp-9999")
    (folder / "torn.json").write_text("{")
    (folder / "one.txt").write_text("the page")
    service = Service(site, clock=StillClock(), serve_web=False)
    service.step()
    first = ("Jan de Wit", T0 - 5000, facts.Commissioned(point=POINT, board="24:0a", done=("step-0", "step-1")))
    assert kept(service) == [first]
    assert service._world.standing.checked(POINT, T0) == (T0 - 5000, "Jan de Wit")
    service.journal.close()
    write("two", "Piet", T0 + 9e6, True, False)  # by a clock that runs ahead
    service = Service(site, clock=StillClock(), serve_web=False)
    service.step()
    assert kept(service) == [
        first,
        ("Piet", T0, facts.Commissioned(point=POINT, board="24:0a", done=("step-0",), left=("step-1",))),
    ]
    assert service._world.standing.checked(POINT, T0) == (T0, "Piet")
    service.step()
    service.journal.close()
    service = Service(site, clock=StillClock(), serve_web=False)
    service.step()
    assert len(kept(service)) == 2
    service.journal.close()
