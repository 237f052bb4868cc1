"""The InfluxDB sink, and a real InfluxDB that fails in many ways."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from influx_at_the_wire import NO_INFLUX, VERSION_3, Answered, Scripted, said, said_by_3
from paraat.domain.facts import HOST, Named
from paraat.domain.model import Derived, SampleSet, Value
from paraat.journal import Journal, JournalError
from paraat.runtime.counters import Counters
from paraat.simulate.servers import InfluxServer
from paraat.sinks.influx import SINK, InfluxSink
from paraat.sinks.lines import Places, lines
from paraat.sinks.server import Target
from paraat.site.influx import InfluxSettings
from waiting import LIMIT_S, wait_for

T0 = 1764000000


def a_set(seq: int, values: dict[str, Value], *, t: float | None = None) -> SampleSet:
    return SampleSet(
        point="nsp-0101",
        kind="telemetry",
        seq=seq,
        t=T0 + seq if t is None else t,
        received_at=T0 if t is None else t,
        values=values,
        faults={},
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


class Running:
    """A sink with its thread."""

    def __init__(self, journal: Journal, url: str, **settings: object) -> None:
        self.counters = Counters()
        self.stop = threading.Event()
        fields = {"url": url, "bucket": "paraat", "timeout_s": 60.0, **settings}
        self.sink = InfluxSink(
            InfluxSettings(**fields),  # type: ignore[arg-type]
            "secret:token",
            journal,
            self.counters,
            self.stop,
            now=lambda: T0 + 3600,
            linger_s=0.0,
            retry_min_s=0.01,
        )
        self.thread = threading.Thread(target=self.sink.run)
        self.thread.start()

    def close(self) -> None:
        self.stop.set()
        self.sink.notify()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()
        self.sink.close()

    def drain(self, journal: Journal) -> None:
        """Wait until the sink has everything."""
        self.sink.notify()
        wait_for(lambda: journal.backlog(SINK) == 0)

    def metric(self, name: str) -> float:
        found = [
            line.rpartition(" ")[2]
            for line in self.counters.render().decode().splitlines()
            if line.startswith(name + " ")
        ]
        return float(found[0])


# --- against a real InfluxDB -----------------------------------------------------------------


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with InfluxServer(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture
def fresh(influx: InfluxServer) -> InfluxServer:
    influx.start()
    influx.query("DROP DATABASE paraat", method="POST")
    influx.create_database("paraat")
    return influx


def levels(influx: InfluxServer) -> list[float]:
    return [row["level_percent"] for row in influx.query("SELECT level_percent FROM fuel", "paraat")]


@pytest.mark.needs("influxdb")
def test_everything_arrives_with_its_type(journal: Journal, fresh: InfluxServer) -> None:
    values: dict[str, Value] = {"fuel/level": 60.0, "power/mains": True, "people/present": 12}
    journal.store([a_set(1, values)], [], [])
    journal.store_derived([Derived(point="nsp-0101", t=T0, values={"fuel/hours": 5.5})])
    running = Running(journal, fresh.url)
    running.drain(journal)
    running.close()
    kinds = {(row["fieldKey"], row["fieldType"]) for row in fresh.query("SHOW FIELD KEYS", "paraat")}
    assert kinds == {
        ("level_percent", "float"),
        ("fuel_hours", "float"),
        ("mains", "boolean"),
        ("present", "integer"),
    }
    assert fresh.query("SELECT present FROM people WHERE point = 'nsp-0101'", "paraat") == [
        {"time": T0 + 1, "present": 12}
    ]
    assert running.metric("paraat_influx_lines_total") == 4


@pytest.mark.needs("influxdb")
def test_names_of_every_kind_come_back_as_they_are(journal: Journal, fresh: InfluxServer) -> None:
    names = ("De Linde", "A, b=c\\ d", 'Zaal "1" \\', "'s-Gravenhage", "Súdwest-Fryslân €")
    for n, name in enumerate(names):
        told = Named(point=f"nsp-{n}", name=name, municipality=name, region="Midden")
        journal.record(told, HOST, t=T0, now=T0)
    journal.store_derived([Derived(point=f"nsp-{n}", t=T0, values={"point/verdict": 2}) for n in range(len(names))])
    running = Running(journal, fresh.url)
    running.drain(journal)
    running.close()
    rows = fresh.query("SELECT label, municipality FROM point GROUP BY point", "paraat")
    assert [(row["label"], row["municipality"]) for row in rows] == [
        (f"{name} (nsp-{n})", name.rstrip("\\")) for n, name in enumerate(names)
    ]
    assert journal.refused_lines(SINK, 9) == []


@pytest.mark.needs("influxdb")
def test_a_type_conflict_costs_only_the_lines_in_conflict(
    journal: Journal, fresh: InfluxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else's integer stands in a float field: InfluxDB answers 400 to the whole batch."""
    stamp = T0 * 1_000_000_000
    foreign = f"battery,point=nsp-0101 voltage_v=12i {stamp}"
    running = Running(journal, fresh.url)
    running.sink._writer.write(Target.raw("paraat"), [foreign.encode()])
    journal.store([a_set(n, {"fuel/level": float(n), "battery/voltage": 12.5}) for n in range(1, 41)], [], [])
    with caplog.at_level(logging.WARNING):
        running.drain(journal)
    running.close()
    assert levels(fresh) == [float(n) for n in range(1, 41)]
    refused = journal.refused_lines(SINK, 100)
    assert len(refused) == 40
    assert all(line.startswith(b"battery,") and "conflict" in error for line, error in refused)
    assert running.metric("paraat_influx_refused_lines_total") == 40
    assert any("would not have 40 lines" in record.getMessage() for record in caplog.records)


@pytest.mark.needs("influxdb")
def test_a_line_beyond_the_retention_is_refused_and_the_rest_arrives(journal: Journal, fresh: InfluxServer) -> None:
    fresh.query('CREATE RETENTION POLICY "short" ON "paraat" DURATION 1h REPLICATION 1', method="POST")
    journal.store([a_set(1, {"fuel/level": 1.0}, t=1_700_000_000.0)], [], [])
    running = Running(journal, fresh.url, bucket="paraat/short", raw_days=0)
    running.drain(journal)
    assert "would not have one line" in running.sink.problem
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 10)
    assert line.startswith(b"fuel,point=nsp-0101 level_percent=1.0")
    assert error.startswith("400: ")


@pytest.mark.needs("influxdb")
def test_what_influxdb_keeps_no_more_is_not_written(journal: Journal, fresh: InfluxServer) -> None:
    journal.store([a_set(1, {"fuel/level": 1.0}, t=T0 - 31 * 86400), a_set(2, {"fuel/level": 2.0})], [], [])
    running = Running(journal, fresh.url)
    running.drain(journal)
    running.close()
    assert levels(fresh) == [2.0]
    assert journal.refused_lines(SINK, 10) == []
    assert running.metric("paraat_influx_old_lines_total") == 1


@pytest.mark.needs("influxdb")
def test_what_was_set_aside_is_written_when_its_cause_is_mended(journal: Journal, fresh: InfluxServer) -> None:
    """A field of another type, which somebody drops later."""
    stamp = T0 * 1_000_000_000
    running = Running(journal, fresh.url)
    running.sink._writer.write(Target.raw("paraat"), [f"battery,point=nsp-0101 voltage_v=12i {stamp}".encode()])
    journal.store([a_set(n, {"fuel/level": float(n), "battery/voltage": 12.5}) for n in range(1, 4)], [], [])
    running.drain(journal)
    wait_for(lambda: running.metric("paraat_influx_poison_lines") == 3)
    running.sink.retry_poison()
    assert journal.refused_count(SINK) == 3, "it is not time"
    fresh.query("DROP MEASUREMENT battery", "paraat", method="POST")
    later = Running(journal, fresh.url)  # a start tries at once
    wait_for(lambda: journal.refused_count(SINK) == 0)
    wait_for(lambda: not later.sink.problem)
    assert later.metric("paraat_influx_poison_lines") == 0
    for one in (running, later):
        one.close()
    assert len(fresh.query("SELECT voltage_v FROM battery", "paraat")) == 3


@pytest.mark.needs("influxdb")
def test_an_outage_costs_nothing_and_is_said_once(
    journal: Journal, fresh: InfluxServer, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(journal, fresh.url)
    journal.store([a_set(1, {"fuel/level": 1.0})], [], [])
    running.drain(journal)
    fresh.kill()
    with caplog.at_level(logging.INFO, "paraat.sinks.influx"):
        for n in range(2, 30):
            journal.store([a_set(n, {"fuel/level": float(n)})], [], [])
            running.sink.notify()
        wait_for(lambda: running.sink.problem)
        assert "does not answer" in running.sink.problem
        assert fresh.url in running.sink.problem
        fresh.start()
        running.drain(journal)
        wait_for(lambda: [one for one in caplog.messages if "takes our lines again" in one])
    running.close()
    assert levels(fresh) == [float(n) for n in range(1, 30)]
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "does not answer" in line]) == 1
    assert len([line for line in said if "takes our lines again" in line]) == 1
    assert running.metric("paraat_influx_backlog") == 0


@pytest.mark.needs("influxdb")
def test_a_missing_bucket_waits_until_somebody_makes_it(journal: Journal, fresh: InfluxServer) -> None:
    fresh.query("DROP DATABASE paraat", method="POST")
    journal.store([a_set(1, {"fuel/level": 1.0})], [], [])
    running = Running(journal, fresh.url)
    running.sink.notify()
    wait_for(lambda: running.sink.problem)
    assert "404" in running.sink.problem
    assert "it has no paraat" in running.sink.problem
    assert "`paraat influx setup`" in running.sink.problem
    assert journal.backlog(SINK) == 1
    journal.store([a_set(2, {"fuel/level": 2.0})], [], [])
    wait_for(lambda: running.metric("paraat_influx_backlog") == 2, "the gauge follows while InfluxDB is away")
    fresh.create_database("paraat")
    running.drain(journal)
    running.close()
    assert levels(fresh) == [1.0, 2.0]
    assert journal.refused_lines(SINK, 10) == []


@pytest.mark.needs("influxdb")
def test_a_restart_goes_on_where_the_cursor_stands(journal: Journal, fresh: InfluxServer) -> None:
    for first in (1, 11):
        journal.store([a_set(n, {"fuel/level": float(n)}) for n in range(first, first + 10)], [], [])
        running = Running(journal, fresh.url, batch_points=15)
        running.drain(journal)
        running.close()
    assert levels(fresh) == [float(n) for n in range(1, 21)]
    # A cut between the write and the cursor: the same lines once more.
    journal.advance(SINK, 5)
    running = Running(journal, fresh.url)
    running.drain(journal)
    running.close()
    assert levels(fresh) == [float(n) for n in range(1, 21)]


# --- what Debian's InfluxDB never answers ----------------------------------------------------


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def twenty(journal: Journal) -> list[bytes]:
    sets = [a_set(n, {"fuel/level": float(n)}) for n in range(1, 21)]
    journal.store(sets, [], [])
    return [line for entry in journal.entries_after(0, 100) for line in lines(entry, Places(), "nl")]


def test_413_makes_smaller_requests(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    scripted.limit_bytes = 200
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert sorted(scripted.readings()) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []


def test_lines_that_are_too_large_by_themselves_are_kept_aside(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    scripted.limit_bytes = 20  # the line that tries has 10
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert {line for line, _ in journal.refused_lines(SINK, 100)} == set(expected)


@pytest.mark.parametrize(
    "answered",
    [said(422, "field type conflict"), said(500, "unexpected error writing points: points beyond retention policy")],
    ids=["422", "500"],
)
def test_the_one_bad_line_is_found_set_aside_and_shown(
    journal: Journal, scripted: Scripted, answered: Answered
) -> None:
    expected = twenty(journal)
    scripted.poison = {b"level_percent=13.0": answered}
    running = Running(journal, scripted.url)
    running.drain(journal)
    wait_for(lambda: "would not have one line" in running.sink.problem)
    assert running.metric("paraat_influx_poison_lines") == 1
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 100)
    assert line == expected[12]
    assert error.startswith(f"{answered[0]}: ")
    assert sorted(scripted.readings()) == sorted(set(expected) - {line})


def test_a_trouble_of_a_moment_costs_no_line(journal: Journal, scripted: Scripted) -> None:
    """A 500 for the batch and, while the bad line is looked for, one for a line that is well."""
    expected = twenty(journal)
    taken, failing, answer = (204, {}, b""), said(500, "timeout"), scripted.write
    script = [failing, taken, failing]  # the batch, the line that tries, the first half

    def write(body: bytes) -> Answered:
        if not script:
            return answer(body)
        answered = script.pop(0)
        return answer(body) if answered is taken else answered

    scripted.write = write  # type: ignore[method-assign]
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert sorted(scripted.readings()) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []


def test_a_single_line_is_to_blame_only_when_it_fails_twice(journal: Journal, scripted: Scripted) -> None:
    journal.store([a_set(1, {"fuel/level": 1.0})], [], [])
    answer, failures = scripted.write, [1]

    def write(body: bytes) -> Answered:
        if b"fuel" in body and failures:
            failures.pop()
            return said(500, "timeout")
        return answer(body)

    scripted.write = write  # type: ignore[method-assign]
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert len(scripted.readings()) == 1
    assert journal.refused_lines(SINK, 10) == []


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_no_line_is_skipped_while_no_other_is_taken(journal: Journal, scripted: Scripted, status: int) -> None:
    """A full disk, a limit of nothing, a server that fails: whatever it says of a line, it says it of every line."""
    expected = twenty(journal)
    answer = scripted.write
    scripted.write = lambda body: said(status, "no")  # type: ignore[method-assign]
    running = Running(journal, scripted.url)
    wait_for(lambda: "takes no line at all" in running.sink.problem)
    assert journal.backlog(SINK) == 20
    assert journal.refused_lines(SINK, 10) == []
    scripted.write = answer  # type: ignore[method-assign]
    running.drain(journal)
    running.close()
    assert sorted(scripted.readings()) == sorted(expected)


# --- InfluxDB 3 Core, as its source says; no such server was run -----------------------------


@pytest.fixture
def core() -> Iterator[Scripted]:
    server = Scripted((200, VERSION_3, b'{"product_name":"InfluxDB 3 Core","version":"3.10.0"}'))
    yield server
    server.close()


def test_influxdb_3_is_written_to_by_bucket_and_token(journal: Journal, core: Scripted) -> None:
    expected = twenty(journal)
    running = Running(journal, core.url)
    running.drain(journal)
    running.close()
    assert sorted(core.readings()) == sorted(expected)
    assert core.tokens == {"Token secret:token"}
    assert {one.path for one in core.wire.asked} == {"/ping", "/api/v2/write"}
    assert {one.params["bucket"] for one in core.wire.asked if one.params} <= {"paraat", "paraat/means"}


def test_the_bad_line_of_a_partial_write_of_influxdb_3_is_found(journal: Journal, core: Scripted) -> None:
    """It stores the others and says neither which one it was nor that it was one: 500, "internal error"."""
    expected = twenty(journal)
    partial, answer = said_by_3("internal error", "partial write of line protocol occurred"), core.write

    def write(body: bytes) -> Answered:
        well = [line for line in body.split(b"\n") if b"level_percent=13.0" not in line]
        if well:
            answer(b"\n".join(well))
        return (204, NO_INFLUX, b"") if well == body.split(b"\n") else partial

    core.write = write  # type: ignore[method-assign]
    running = Running(journal, core.url)
    running.drain(journal)
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 100)
    assert (line, error) == (expected[12], "500: partial write of line protocol occurred")
    assert set(core.readings()) == set(expected) - {line}, "some of them twice, and twice is once there"


@pytest.mark.parametrize(
    ("answered", "problem"),
    [
        (said_by_3("invalid", "error from wal: no space left on device"), "takes no line at all"),
        (said_by_3("request too large", "max request size exceeded"), "takes no line at all"),
        (said_by_3("unauthorized", "unauthorized access"), "it does not know the token"),
        (said_by_3("forbidden", "the request was forbidden"), "the token may not do this"),
        ((401, NO_INFLUX, b'{"error": "the request was not authenticated"}'), "it does not know the token"),
    ],
    ids=["full disk", "limit", "token", "forbidden", "token, before it looks"],
)
def test_no_line_is_skipped_by_influxdb_3_that_takes_none(
    journal: Journal, core: Scripted, answered: Answered, problem: str
) -> None:
    expected = twenty(journal)
    answer = core.write
    core.write = lambda body: answered  # type: ignore[method-assign]
    running = Running(journal, core.url)
    wait_for(lambda: problem in running.sink.problem)
    assert (journal.backlog(SINK), journal.refused_lines(SINK, 10)) == (20, [])
    core.write = answer  # type: ignore[method-assign]
    running.drain(journal)
    running.close()
    assert sorted(core.readings()) == sorted(expected)


PROXIES = {
    "nginx": (
        400,
        NO_INFLUX,
        b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
    ),
    "too large": (413, NO_INFLUX, b"<html><h1>413 Request Entity Too Large</h1></html>"),
    "gateway": (500, NO_INFLUX, b"Internal Server Error"),
    "not found": (404, NO_INFLUX, b"404 page not found\n"),
}


@pytest.mark.parametrize("answered", PROXIES.values(), ids=PROXIES)
def test_no_line_is_skipped_by_what_a_proxy_says(journal: Journal, scripted: Scripted, answered: Answered) -> None:
    expected = twenty(journal)
    scripted.answers = [answered] * 3
    running = Running(journal, scripted.url)
    wait_for(lambda: "not InfluxDB's own answer" in running.sink.problem)
    assert journal.backlog(SINK) == 20
    running.drain(journal)
    running.close()
    assert sorted(scripted.readings()) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "it does not know the token in influx.token, or the token has expired: run `paraat influx setup`"),
        (403, "the token may not do this: run `paraat influx setup`"),
        (404, "it has no paraat, or not in this organisation: run `paraat influx setup`"),
        (429, "waiting for it"),
        (503, "waiting for it"),
    ],
)
def test_what_is_no_fault_of_a_line_waits_with_advice(
    journal: Journal, scripted: Scripted, status: int, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = twenty(journal)
    scripted.answers = [(status, {"Retry-After": "soon"}, said(status, "what it says")[2])] * 3
    with caplog.at_level(logging.WARNING, "paraat.sinks.influx"):
        running = Running(journal, scripted.url, token_file="influx.token")
        running.drain(journal)
        running.close()
    assert sorted(scripted.readings()) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []
    assert scripted.tokens == {"Token secret:token"}
    (warned,) = [record.getMessage() for record in caplog.records]
    assert f"{scripted.url} answers {status}: what it says; {advice}" in warned
    assert "20 entries wait" in warned
    assert "secret:token" not in warned


def test_no_server_at_all(journal: Journal, scripted: Scripted) -> None:
    twenty(journal)
    url = scripted.url
    scripted.wire.server.server_close()
    running = Running(journal, url)
    running.sink.notify()
    wait_for(lambda: running.sink.problem)
    assert "does not answer" in running.sink.problem
    assert url in running.sink.problem
    assert journal.backlog(SINK) == 20
    running.close()


def test_a_server_that_never_answers_is_given_up_in_time(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    release = threading.Event()
    answer = scripted.write

    def hang_once(body: bytes) -> Answered:
        if not release.is_set():
            release.wait(LIMIT_S)
            return 503, {}, b""
        return answer(body)

    scripted.write = hang_once  # type: ignore[method-assign]
    running = Running(journal, scripted.url, timeout_s=0.5)
    running.sink.notify()
    wait_for(lambda: "does not answer" in running.sink.problem)
    release.set()
    running.drain(journal)
    running.close()
    assert set(scripted.readings()) == set(expected)


def test_a_name_from_a_newer_version_is_kept_aside(journal: Journal, scripted: Scripted) -> None:
    journal.store_derived([Derived(point="nsp-0101", t=T0, values={"made/up": 1})])
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 10)
    assert b"made/up" in line
    assert "not in the tables" in error
    assert running.metric("paraat_influx_refused_lines_total") == 1
    assert running.metric("paraat_influx_lines_total") == 0


def test_a_journal_that_fails_for_a_while_ends_nothing(
    journal: Journal, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = twenty(journal)
    advance, full = journal.advance, threading.Event()
    full.set()

    def advance_or_fail(*args: Any) -> None:
        if full.is_set():
            raise JournalError("journal.sqlite: database or disk is full")
        advance(*args)

    monkeypatch.setattr(journal, "advance", advance_or_fail)
    running = Running(journal, scripted.url)
    wait_for(lambda: running.metric("paraat_journal_errors_total") >= 2)
    full.clear()
    running.drain(journal)
    running.close()
    assert set(scripted.readings()) == set(expected)
    assert running.sink.problem == "", "InfluxDB has done nothing wrong"


@pytest.mark.parametrize("answers", [[], [said(400, "unable to parse")]], ids=["before the means", "while it halves"])
def test_a_sink_that_is_ended_blames_nobody(
    journal: Journal, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, answers: list[Answered]
) -> None:
    twenty(journal)
    scripted.answers = answers
    write, asked, stopped = scripted.write, threading.Event(), threading.Event()

    def write_once_stopped(body: bytes) -> Answered:
        asked.set()
        assert stopped.wait(LIMIT_S)
        return write(body)

    monkeypatch.setattr(scripted, "write", write_once_stopped)
    running = Running(journal, scripted.url)
    assert asked.wait(LIMIT_S)
    running.stop.set()
    stopped.set()
    running.close()
    assert running.sink.problem == ""


def test_an_idle_sink_asks_nothing(journal: Journal, scripted: Scripted) -> None:
    running = Running(journal, scripted.url)
    wait_for(lambda: running.metric("paraat_influx_backlog") == 0)
    running.close()
    assert scripted.tokens == set()
