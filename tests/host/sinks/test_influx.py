"""The InfluxDB sink, and a real InfluxDB that fails in many ways."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from paraat.domain.facts import HOST, Named
from paraat.domain.model import Derived, SampleSet, Value
from paraat.journal import Journal, JournalError
from paraat.runtime.counters import Counters
from paraat.simulate.servers import InfluxServer
from paraat.sinks.influx import SINK, InfluxSink
from paraat.sinks.lines import Places, lines
from paraat.site.site import InfluxSettings
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
            "secret-token",
            journal,
            self.counters,
            self.stop,
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
    running.sink._write_api.write("paraat", "", foreign.encode())
    journal.store([a_set(n, {"fuel/level": float(n), "battery/voltage": 12.5}) for n in range(1, 41)], [], [])
    with caplog.at_level(logging.WARNING):
        running.drain(journal)
    running.close()
    assert levels(fresh) == [float(n) for n in range(1, 41)]
    refused = journal.refused_lines(SINK, 100)
    assert len(refused) == 40
    assert all(line.startswith(b"battery,") and "conflict" in error for line, error in refused)
    assert running.metric("paraat_influx_refused_lines_total") == 40
    assert any("refused 40 lines" in record.getMessage() for record in caplog.records)


@pytest.mark.needs("influxdb")
def test_a_line_beyond_the_retention_is_refused_and_the_rest_arrives(journal: Journal, fresh: InfluxServer) -> None:
    fresh.query('CREATE RETENTION POLICY "short" ON "paraat" DURATION 1h REPLICATION 1', method="POST")
    journal.store([a_set(1, {"fuel/level": 1.0}, t=1_700_000_000.0)], [], [])
    running = Running(journal, fresh.url, bucket="paraat/short")
    running.drain(journal)
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 10)
    assert line.startswith(b"fuel,point=nsp-0101 level_percent=1.0")
    assert error.startswith("400: ")


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
        assert "503" in running.sink.problem
        assert fresh.url in running.sink.problem
        fresh.start()
        running.drain(journal)
        wait_for(lambda: [one for one in caplog.messages if "takes our lines again" in one])
    running.close()
    assert levels(fresh) == [float(n) for n in range(1, 30)]
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "answers 503" in line]) == 1
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
    assert "make the bucket paraat" in running.sink.problem
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


class Scripted:
    """A server that answers writes from a script, then takes everything."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.limit_bytes: int | None = None
        self.poison: bytes | None = None
        self.taken: list[bytes] = []
        self.tokens: set[str | None] = set()
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                script.tokens.add(self.headers["Authorization"])
                status, headers, text = script.answer(body)
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.answers:
            return self.answers.pop(0)
        if self.limit_bytes is not None and len(body) > self.limit_bytes:
            return 413, {}, b'{"code":"request too large","message":"too large"}'
        if self.poison is not None and self.poison in body:
            return 422, {}, b'{"code":"unprocessable entity","message":"field type conflict"}'
        self.taken += body.split(b"\n")
        return 204, {}, b""

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


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
    assert sorted(scripted.taken) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []


def test_one_line_that_is_too_large_by_itself_is_kept_aside(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    scripted.limit_bytes = 10
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert {line for line, _ in journal.refused_lines(SINK, 100)} == set(expected)


def test_422_finds_the_one_bad_line(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    scripted.poison = b"level_percent=13.0"
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 100)
    assert line == expected[12]
    assert error == "422: field type conflict"
    assert sorted(scripted.taken) == sorted(set(expected) - {line})


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "check the token in influx.token"),
        (403, "give the token the right to write the bucket paraat"),
        (404, "make the bucket paraat"),
        (429, "waiting for it"),
        (500, "waiting for it"),
        (503, "waiting for it"),
    ],
)
def test_what_is_no_fault_of_a_line_waits_with_advice(
    journal: Journal, scripted: Scripted, status: int, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = twenty(journal)
    scripted.answers = [(status, {"Retry-After": "soon"}, b'{"message":"what it says"}')] * 3
    with caplog.at_level(logging.WARNING, "paraat.sinks.influx"):
        running = Running(journal, scripted.url, token_file="influx.token")
        running.drain(journal)
        running.close()
    assert sorted(scripted.taken) == sorted(expected)
    assert journal.refused_lines(SINK, 10) == []
    assert scripted.tokens == {"Token secret-token"}
    (said,) = [record.getMessage() for record in caplog.records]
    assert f"{scripted.url} answers {status}: what it says; {advice}" in said
    assert "20 entries wait" in said
    assert "secret-token" not in said


def test_an_answer_that_is_no_text_waits_too(journal: Journal, scripted: Scripted) -> None:
    expected = twenty(journal)
    scripted.answers = [(500, {}, b"\xff")]
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    assert sorted(scripted.taken) == sorted(expected)


def test_no_server_at_all(journal: Journal, scripted: Scripted) -> None:
    twenty(journal)
    url = scripted.url
    scripted.server.server_close()
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
    answer = scripted.answer

    def hang_once(body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not release.is_set():
            release.wait(LIMIT_S)
            return 503, {}, b""
        return answer(body)

    scripted.answer = hang_once  # type: ignore[method-assign]
    running = Running(journal, scripted.url, timeout_s=0.5)
    running.sink.notify()
    wait_for(lambda: "does not answer" in running.sink.problem)
    release.set()
    running.drain(journal)
    running.close()
    assert set(scripted.taken) == set(expected)


def test_a_name_from_a_newer_version_is_kept_aside(journal: Journal, scripted: Scripted) -> None:
    journal.store_derived([Derived(point="nsp-0101", t=T0, values={"made/up": 1})])
    running = Running(journal, scripted.url)
    running.drain(journal)
    running.close()
    ((line, error),) = journal.refused_lines(SINK, 10)
    assert b"made/up" in line
    assert "not in the metrics table" in error
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
    assert set(scripted.taken) == set(expected)
    assert running.sink.problem == "", "InfluxDB has done nothing wrong"


def test_an_idle_sink_asks_nothing(journal: Journal, scripted: Scripted) -> None:
    running = Running(journal, scripted.url)
    wait_for(lambda: running.metric("paraat_influx_backlog") == 0)
    running.close()
    assert scripted.tokens == set()
