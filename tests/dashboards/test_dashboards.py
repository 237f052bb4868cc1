"""Every query of every dashboard runs against the real InfluxDB, filled through the project's own sink."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import dashboards
from paraat.domain.model import Derived, SampleSet, Value
from paraat.domain.tracker import Tracker
from paraat.journal import Journal
from paraat.runtime.counters import Counters
from paraat.simulate.servers import InfluxServer
from paraat.sinks.influx import InfluxSink
from paraat.sinks.status import derive
from paraat.site import paths
from paraat.site.site import InfluxSettings, load_site

pytestmark = pytest.mark.needs("influxdb")
DATABASE = "paraat"
POINTS = ("nsp-0101", "nsp-0102", "nsp-0201")


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """InfluxDB with ten minutes of three points; the fourth and fifth of the site were never heard."""
    directory = tmp_path_factory.mktemp("dashboards")
    with InfluxServer(directory / "influx") as server:
        server.create_database(DATABASE)
        fill(server, directory)
        yield server


def fill(server: InfluxServer, directory: Path) -> None:
    site = load_site(paths.example_site_dir())
    now = time.time()  # the queries ask for InfluxDB's own "now"
    journal = Journal(directory / "journal.sqlite")
    tracker = Tracker(
        site.points,
        site.alerts,
        profiles=site.profiles,
        since=now - 3600,
        counts=lambda p: (journal.stored(p), journal.missing(p)),
    )
    sets = [
        SampleSet(
            point=point, kind="telemetry", seq=i + 1, t=now - 600 + 60 * i, received_at=now - 600 + 60 * i,
            values={
                "fuel/level": 60.0 - i, "fuel/distance": 0.5, "battery/voltage": 12.5, "people/present": 7,
                "climate/temperature": 19.5, "climate/temperature/hall": 12.0,
                "power/mains": False, "power/generator": True,
            },
            faults={"climate/humidity": "silent"},
        )
        for point in POINTS
        for i in range(10)
    ]  # fmt: skip
    for new in journal.store(sets, [], []).new:
        tracker.apply(new)
    firing = {"nsp-0101": {"low_fuel"}}
    journal.store_derived(derive(view, firing.get(view.point, ()), 900.0) for view in tracker.views(now))
    # Written before the host's clock was set right; no query may take it for the newest.
    ahead: dict[str, Value] = {"point/ready": 1, "point/not-ready": 0, "point/verdict": 2, "fuel/hours": 99.0}
    journal.store_derived(Derived(point=point, t=now + 3600, values=ahead) for point in site.points)
    settings = InfluxSettings(url=server.url, bucket=DATABASE)
    sink = InfluxSink(settings, "", journal, Counters(), threading.Event())
    while sink.step():
        pass
    assert journal.backlog("influx") == 0
    assert journal.refused_lines("influx", 10) == []
    sink.close()
    journal.close()


def targets() -> list[tuple[str, str, str]]:
    """(dashboard, panel, query) of all of them, with Grafana's own words replaced."""
    found = []
    for path in dashboards.files():
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel["targets"]:
                query = target["query"].replace("$timeFilter", "time > now() - 24h").replace("$__interval", "1m")
                assert "$" not in query, query
                found.append((path.stem, panel["title"], query))
    return found


@pytest.mark.parametrize(("board", "panel", "query"), targets(), ids=lambda text: str(text)[:40])
def test_every_query_returns_rows(influx: InfluxServer, board: str, panel: str, query: str) -> None:
    rows = influx.query(query, DATABASE)
    assert rows, (board, panel)
    values = [value for row in rows for key, value in row.items() if key not in ("time", "point")]
    assert any(value is not None for value in values), (board, panel, rows)


def one(influx: InfluxServer, title: str) -> Any:
    (query,) = [query for board, panel, query in targets() if board == "regional_overview" and panel == title]
    (row,) = influx.query(query, DATABASE)
    return next(value for key, value in row.items() if key != "time")


def test_the_counts_are_right_and_silent_points_are_among_them(influx: InfluxServer) -> None:
    assert one(influx, "Punten") == 5
    assert one(influx, "Onbekend") == 2  # never heard
    assert one(influx, "Stil") == 0
    assert one(influx, "Niet gereed") == 3
    assert one(influx, "Beperkt") == 0
    assert one(influx, "Brandstof raakt op") == 1
    assert one(influx, "Meldingen") == 1
    assert one(influx, "Gereed") == 0


def test_a_named_sensor_does_not_take_the_place_of_the_plain_one(influx: InfluxServer) -> None:
    queries = [query for board, _, query in targets() if board == "regional_overview" and "celsius" in query]
    (query,) = queries
    assert {row["celsius"] for row in influx.query(query, DATABASE)} == {19.5}


def test_a_silent_host_shows_as_unknown_and_not_as_zero(influx: InfluxServer) -> None:
    for board, panel, query in targets():
        if board == "regional_overview" and "FROM (SELECT" in query:
            later = query.replace("now() - 5m", "now() + 1h")
            assert influx.query(later, DATABASE) == [], panel


def test_the_json_files_are_what_the_code_builds() -> None:
    for path, content in dashboards.files().items():
        assert path.read_text(encoding="utf-8") == content, f"{path.name} is out of date: run `make dashboards`"


def test_both_languages_ask_the_same() -> None:
    queries = {
        language: [q for b, _, q in targets() if b.endswith(".en") == (language == "en")] for language in ("nl", "en")
    }
    assert queries["nl"] == queries["en"]


def test_panels_do_not_overlap_and_have_dutch_titles() -> None:
    board = json.loads(dashboards.render("regional_overview", "nl"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        position = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(position["x"], position["x"] + position["w"])
            for y in range(position["y"], position["y"] + position["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["fieldConfig"]["defaults"]["noValue"] == "onbekend"
    assert board["timezone"] == "Europe/Amsterdam"


@pytest.mark.parametrize(
    "path", sorted((dashboards.FOLDER / "provisioning").rglob("*.yaml")), ids=lambda p: p.parent.name
)
def test_provisioning_is_yaml_without_a_secret(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["apiVersion"] == 1
    for source in content.get("datasources", []):
        assert all("$" in value for value in source.get("secureJsonData", {}).values())
