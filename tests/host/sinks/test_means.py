"""Means of five minutes: each window by all that ever came in of it, also hours late."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from influx_at_the_wire import Scripted
from paraat.domain.model import Derived, Row, SampleSet, Value
from paraat.journal import Journal
from paraat.runtime.counters import Counters
from paraat.simulate.servers import InfluxServer
from paraat.sinks import schema
from paraat.sinks.lines import Line, Places
from paraat.sinks.means import MeansSink, means, of_window, window_of
from paraat.sinks.server import Http, InfluxError
from paraat.sinks.writer import Writer
from paraat.site.influx import InfluxSettings

T0 = 1764000000  # a window begins there


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def a_set(seq: int, t: float, level: float, received_at: float | None = None) -> SampleSet:
    values: dict[str, Value] = {"fuel/level": level, "power/mains": level > 50, "people/present": seq}
    return SampleSet(
        point="nsp-0101", kind="telemetry", seq=seq, t=t, received_at=received_at or t, values=values, faults={}
    )  # fmt: skip


class Bench:
    """A sink of means whose clock stands where the test says."""

    def __init__(self, journal: Journal, url: str, **settings: int) -> None:
        self.now = float(T0)
        self.settings = InfluxSettings(url=url, **settings)  # type: ignore[arg-type]
        self.link = Http(url, 60)
        self.sink = MeansSink(
            self.settings,
            Writer(self.settings, self.link, "", threading.Event()),
            journal,
            Places(),
            Counters(),
            now=lambda: self.now,
            language="nl",
        )

    def drain(self, now: float) -> int:
        """How many steps it had to do."""
        self.now, steps = now, 0
        while self.sink.step():
            steps += 1
        return steps


def test_a_float_has_its_mean_and_anything_else_its_last() -> None:
    def line(stamp: int, *fields: tuple[str, str, Value | str]) -> Line:
        return Line("fuel", (("point", "a"),), fields, stamp)

    found = means(
        [
            line(5, ("level", schema.FLOAT, 20.0), ("n", schema.INT, 5), ("on", schema.BOOL, True)),
            line(1, ("level", schema.FLOAT, 10.0), ("n", schema.INT, 9), ("code", schema.TEXT, "crc")),
            Line("fuel", (("point", "b"),), (("level", schema.FLOAT, 1.0),), 3),
            Line(schema.EVENT, (("kind", "refuel"),), (("text", schema.TEXT, "x"),), 7),
        ],
        300,
    )
    assert found == [
        b'event,kind=refuel text="x" 7',
        b'fuel,point=a level=15.0,n=5i,code="crc",on=true 300000000000',
        b"fuel,point=b level=1.0 300000000000",
    ]


def test_a_window_is_made_once_it_is_over_and_anew_when_something_of_it_comes_late(
    journal: Journal, tmp_path: Path
) -> None:
    wire = Scripted()
    bench = Bench(journal, wire.url)
    journal.store([a_set(1, T0 + 10, 60.0), a_set(2, T0 + 70, 40.0), a_set(3, T0 + 310, 30.0)], [], [])
    assert bench.drain(T0 + 299) == 0, "it is not over"
    assert bench.drain(T0 + 320) == 1
    first = [line for line in wire.means if line.startswith(b"fuel")]
    assert first == [b"fuel,point=nsp-0101 level_percent=50.0 1764000000000000000"]
    assert bench.drain(T0 + 330) == 0
    # Two days later the board sends what it had kept.
    late = T0 + 2 * 86400
    journal.store([a_set(4, T0 + 20, 80.0, late)], [], [])
    wire.means.clear()
    assert bench.drain(late + 300) == 1
    assert [line for line in wire.means if line.startswith(b"fuel,")] == [
        b"fuel,point=nsp-0101 level_percent=60.0 1764000000000000000",
        b"fuel,point=nsp-0101 level_percent=30.0 1764000300000000000",
    ]
    bench.link.close()
    wire.close()


def test_a_backlog_is_made_window_by_window_and_a_trouble_costs_none(journal: Journal) -> None:
    wire = Scripted()
    bench = Bench(journal, wire.url)
    journal.store([a_set(n, T0 + 60 * n, 60.0) for n in range(300)], [], [])
    journal.store_derived([Derived(point="nsp-0101", t=T0, values={"made/up": 1})], T0 + 18000)
    url, bench.link._host = bench.link._host, "127.0.0.1:1"
    with pytest.raises(InfluxError, match="does not answer"):
        bench.drain(T0 + 18300)
    bench.link._host = url
    assert bench.drain(T0 + 18300) == 6, "twelve windows at a time, and the first one once more"
    windows = {line.rpartition(b" ")[2] for line in wire.means if line.startswith(b"fuel,")}
    assert len(windows) == 60
    bench.link.close()
    wire.close()


def test_what_is_older_than_means_are_kept_is_left_out(journal: Journal) -> None:
    wire = Scripted()
    bench = Bench(journal, wire.url, means_days=10)
    now = T0 + 11 * 86400
    journal.store([a_set(1, T0, 60.0), a_set(2, now - 600, 60.0)], [], [])
    bench.drain(now)
    assert [line for line in wire.means if line.startswith(b"fuel,")] == [
        f"fuel,point=nsp-0101 level_percent=60.0 {window_of(now - 600)}000000000".encode()
    ]
    bench.link.close()
    wire.close()


def test_rows_of_the_host_are_in_it(journal: Journal) -> None:
    values: dict[str, Value] = {"fuel/hours": 5.0, "point/verdict": 2, "point/ready": 1}
    journal.store_derived([Derived(point="nsp-0101", t=T0 + 60 * n, values=values) for n in range(5)])
    row = Row(
        point="nsp-0101", t=T0 + 7, measurement=schema.EVENT, tags={"kind": "help", "way": "cli"}, fields={"text": "x"}
    )
    journal.store_derived([row])
    found = of_window(journal, T0, Places(), "nl")
    assert [line.split(b" ")[1] for line in found] == [b'text="x"', b"fuel_hours=5.0,verdict=2i,ready=1i"]


@pytest.mark.needs("influxdb")
def test_debians_influxdb_takes_them_and_a_missing_place_is_said(journal: Journal, tmp_path: Path) -> None:
    with InfluxServer(tmp_path / "influx") as influx:
        influx.create_database("paraat")
        bench = Bench(journal, influx.url)
        journal.store([a_set(1, T0 + 10, 60.0), a_set(2, T0 + 70, 40.0)], [], [])
        bench.drain(T0 + 600)
        assert influx.query('SELECT * FROM "means".fuel', "paraat") == [
            {"time": T0, "point": "nsp-0101", "level_percent": 50}
        ]
        influx.query('DROP RETENTION POLICY "means" ON "paraat"', method="POST")
        journal.store([a_set(3, T0 + 700, 60.0)], [], [])
        with pytest.raises(InfluxError, match="`paraat influx setup`"):
            bench.drain(T0 + 1200)
        bench.link.close()
