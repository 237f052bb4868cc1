"""Every query of every panel, variable and annotation runs against the real InfluxDB, filled with 60 points over 72 hours by our sink.

expected.json says of each how many series it must give, which columns, and the first row; PARAAT_EXPECT=1 writes it anew, to be
read before it is committed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from grafana_queries import Asked, Series, answer, asked, filled, firsts, write
from paraat.domain.readiness import Verdict
from paraat.domain.refuel import Stop, stops
from paraat.simulate.servers import InfluxServer
from paraat.texts.readiness import Words
from paraat.web.roll import Roll, firing_by_point
from played_regions import BROKEN_WIRE, DATABASE, NEVER_HEARD, PLANNED, SILENT, Play, Region, perform

pytestmark = pytest.mark.needs("influxdb")
EXPECTED = Path(__file__).with_name("expected.json")
REGIONS = ("Veiligheidsregio Noord", "Veiligheidsregio Oost (proef)", "Veiligheidsregio Zuid/West")
EMPTY = "empty"
POINT = "nsp-0001"
BROKEN, QUIET, NEVER = (f"nsp-{1 + number:04}" for number in (BROKEN_WIRE, SILENT, NEVER_HEARD))
ALL = list(asked())
FIRSTS = [one for one in ALL if re.search(r"\b(bottom|top)\(", one.query)]


class Played:
    """The InfluxDB, and the hosts that filled it."""

    def __init__(self, server: InfluxServer, regions: list[Region]) -> None:
        self.server, self.regions = server, regions

    def ask(self, query: str, database: str = DATABASE, point: str = ".*", region: str = ".*") -> list[Series]:
        """As a dashboard would, of the 73 hours before now, an hour a point."""

        def plainly(text: str, first: Mapping[str, str] | None = None) -> list[Series]:
            asked_for = filled(text, point=point, region=region, first=first, hours=73, every="1h")
            return answer(self.server, database, asked_for)

        hidden = [one for one in FIRSTS if one.where in query]
        return plainly(query, firsts(plainly, hidden))

    def rows(self, board: str, panel: str, ref: str = "A", **chosen: str) -> dict[str, dict[str, Any]]:
        """What a panel of newest rows shows, by point."""
        (query,) = [one.query for one in ALL if (one.board, one.where, one.ref) == (board, panel, ref)]
        return {
            series["tags"]["point"]: dict(zip(series["columns"], series["values"][0], strict=True))
            for series in self.ask(query, **chosen)
        }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    directory = tmp_path_factory.mktemp("dashboards")
    with InfluxServer(directory / "influx") as server:
        server.create_database(DATABASE)
        server.create_database(EMPTY)
        regions = perform(directory, server, Play(regions=REGIONS))
        yield Played(server, regions)
        for one in regions:
            one.close()


def _name(one: Asked) -> str:
    return f"{one.board}/{one.where}/{one.ref}".rstrip("/")


def _seen(one: Asked, series: list[Series]) -> dict[str, Any]:
    """What a change of the judgement leaves as it is: how many series, the columns, and of the first row what each one holds.

    That the values are right is held by the other tests, against the host. How many alerts and events there were is its own
    matter; and whether there was one at all, of those that are marked.
    """
    lively = re.search(r'FROM "(alert|event)"', one.query)
    if lively and one.where.startswith("@"):
        return {}
    if not series:
        return {"series": "some" if lively else 0}
    first = min(series, key=lambda found: sorted(found.get("tags", {}).items()))
    columns = first["columns"][1:]
    row = next((row for row in first["values"] if any(value is not None for value in row[1:])), [None])
    held = {} if lively else {name: _kind(value) for name, value in zip(columns, row[1:], strict=False)}
    return {
        "series": "some" if lively else len(series),
        "columns": columns,
        "tags": sorted(first.get("tags", {})),
        "first": held,
    }


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    return "none" if value is None else "text" if isinstance(value, str) else "number"


def _point(one: Asked) -> str:
    return POINT if one.board == "support_point" else ".*"


def test_every_query_gives_the_rows_columns_and_first_point_that_are_expected(played: Played) -> None:
    found = {_name(one): _seen(one, played.ask(one.query, point=_point(one))) for one in ALL}
    if os.environ.get("PARAAT_EXPECT") == "1":
        EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert set(found) == set(expected)
    assert {name: seen for name, seen in found.items() if seen != expected[name]} == {}


def test_no_query_gives_an_error_on_an_empty_database(played: Played) -> None:
    for one in ALL:
        found = played.ask(one.query, EMPTY, point=_point(one))
        assert found == [], _name(one)


def test_one_region_is_chosen_by_its_name_whatever_is_in_it(played: Played) -> None:
    for name in REGIONS:
        chosen = re.escape(name).replace("/", r"\/")  # as Grafana's regex format does
        found = played.rows("regional_overview", "Punten, het dringendste eerst", region=chosen)
        assert len(found) == 20, name


def test_the_counts_are_those_of_the_page(played: Played) -> None:
    views = [view for one in played.regions for view in one.service.views(one.end)]
    used = [view for view in views if view.activation.in_use]
    for panel, ref, count in (
        ("Wat de punten doen", "A", len(used)),
        ("Hoe de punten ervoor staan", "A", sum(view.last_verdict is Verdict.NOT_READY for view in used)),
        ("Hoe de punten ervoor staan", "B", sum(view.last_verdict is Verdict.UNKNOWN for view in used)),
        ("Hoe de punten ervoor staan", "C", sum(view.verdict is Verdict.SILENT for view in used)),
        ("Hoe de punten ervoor staan", "D", sum(view.last_verdict is Verdict.LIMITED for view in used)),
        ("Hoe de punten ervoor staan", "E", sum(view.verdict is Verdict.READY for view in used)),
        ("Wat de punten doen", "D", sum(view.activation.opened_at is not None for view in used)),
    ):
        for board in ("regional_overview", "national"):
            (query,) = [one.query for one in ALL if (one.board, one.where, one.ref) == (board, panel, ref)]
            ((_, value),) = played.ask(query)[0]["values"]
            assert value == count, (board, panel, ref)


def test_the_order_is_that_of_the_page(played: Played) -> None:
    one = played.regions[0]
    name = REGIONS[0]
    shown = played.rows("regional_overview", "Punten, het dringendste eerst", region=name)
    page = Roll()
    page.call({view.point: view for view in one.service.views(one.end)}, firing_by_point(one.service.alerts()))
    assert sorted(shown, key=lambda point: shown[point]["rank"]) == [view.point for view in page.points]


def test_a_ready_point_is_not_among_the_first_while_others_are_not(played: Played) -> None:
    """On the page one that opened too late stands before one that is not ready; five bars on a wall are for those that are not."""
    found = played.rows("wall", "Wat eerst; leeg: de host is stil")
    by_rank = sorted(found.values(), key=lambda row: row["rank"])
    ready = [row["verdict"] == Verdict.READY for row in by_rank]
    assert True in ready
    assert ready == sorted(ready)


def test_a_figure_is_the_same_as_on_the_page(played: Played) -> None:
    shown = played.rows("regional_overview", "Punten, het dringendste eerst")
    why = played.rows("regional_overview", "Punten, het dringendste eerst", "B")
    for one in played.regions:
        words = Words("nl", ZoneInfo(one.site.region.timezone))
        for view in one.service.views(one.end):
            row = shown[view.point]
            silent = view.verdict is Verdict.SILENT
            percent = None if silent or view.fuel_doubtful else view.fuel_percent
            assert row["percent"] == (percent if percent is None else pytest.approx(percent, abs=0.05)), view.point
            assert row["people"] == (None if silent or view.people is None else view.people.people), view.point
            # How many hours there are may have changed since the sentence was written, at most a quarter of an hour ago.
            said = [re.sub(r"\d+", "#", line.text) for line in words.of(view)]
            assert re.sub(r"\d+", "#", why[view.point]["text"]) == (said[0] if said else ""), view.point


def test_the_lines_of_the_first_twelve_are_those_of_the_refuel_round(played: Played) -> None:
    """Of sixty points, the twelve that the pages' rounds put first; of one region the first of its own page."""
    (query,) = [
        one.query
        for one in ALL
        if (one.board, one.where) == ("fuel_round", "Brandstof in de tanks van de eerste twaalf")
    ]
    assert len(played.ask(query)) <= 12
    one = played.regions[0]
    stand = stops(one.service.views(one.end), one.site.points, one.site.profiles, one.service._world.standing)
    never_read = {stop.point for stop in stand[:12] if stop.point == NEVER}
    are_first({series["tags"]["point"] for series in played.ask(query, region=REGIONS[0])} | never_read, stand)
    (urgent,) = [one.query for one in FIRSTS if one.where == "$urgent"]
    (found,) = played.ask(urgent, region=REGIONS[0])
    ids = {f"{one.site.points[stop.point].name} ({stop.point})": stop.point for stop in stand}
    are_first({ids[label] for _, label in found["values"]}, stand)


def are_first(points: set[str], stand: list[Stop]) -> None:
    """The order was written at most a quarter of an hour ago: those beside each other may have changed places since."""
    hours = {stop.point: stop.hours_low for stop in stand}
    assert len(points) == 12
    for point in points ^ {stop.point for stop in stand[:12]}:
        assert hours[point] == pytest.approx(stand[11].hours_low, rel=0.05), point


def test_what_is_planned_is_in_the_refuel_round(played: Played) -> None:
    shown = played.rows("fuel_round", "Brandstofronde, het dringendste eerst; onbekend: ga kijken")
    planned = {point: (row["planned"], row["planned_in"]) for point, row in shown.items() if row["planned"] is not None}
    assert planned == {f"nsp-{1 + 100 * n + PLANNED:04}": (400.0, pytest.approx(2.0, abs=0.01)) for n in range(3)}


def test_hours_of_a_region_are_those_of_the_point_that_lasts_the_shortest(played: Played) -> None:
    (query,) = [one.query for one in ALL if (one.board, one.where) == ("national", "Regio's; wie ontbreekt is stil")]
    found = {}
    for series in played.ask(query):
        found[series["tags"]["region"]] = dict(zip(series["columns"], series["values"][0], strict=True))
    for name, one in zip(REGIONS, played.regions, strict=True):
        used = [view for view in one.service.views(one.end) if view.activation.in_use]
        known = {view.point: view.off_grid for view in used if view.off_grid and view.verdict is not Verdict.SILENT}
        least = min(known.values(), key=lambda hours: hours.hours_low)
        row = found[name]
        assert (row["low"], row["likely"], row["high"]) == (least.hours_low, least.hours, least.hours_high)
        assert row["hours_unknown"] == len(used) - len(known)
        wanted = {point: one.site.profiles[point].target_h for point in known}
        assert row["short"] == sum(known[point].hours_low < wanted[point] for point in known)


def test_a_line_begins_with_what_the_board_read_first(played: Played) -> None:
    first = min(played.regions[0].service.journal.replay(POINT), key=lambda a_set: a_set.t)
    for panel, name in (
        ("Brandstof in de tank", "fuel/level"),
        ("Accu", "battery/voltage"),
        ("Lucht", "climate/temperature"),
        ("Gevraagd vermogen", "power/load"),
    ):
        (query, *_) = [one.query for one in ALL if (one.board, one.where) == ("support_point", panel)]
        (series,) = played.ask(query, point=POINT)
        found = next(value for _, value in series["values"] if value is not None)
        assert found == pytest.approx(first.values[name], abs=0.2), panel


def test_a_tank_that_nobody_can_read_has_no_figure_anywhere(played: Played) -> None:
    shown = played.rows("regional_overview", "Punten, het dringendste eerst")[BROKEN]
    assert (shown["percent"], shown["likely"]) == (None, None)
    assert (
        played.rows("fuel_round", "Brandstofronde, het dringendste eerst; onbekend: ga kijken")[BROKEN]["refuel"]
        is None
    )
    for board, panel in (
        ("support_point", "Brandstof in de tank"),
        ("fuel_round", "Brandstof in de tanks van de eerste twaalf"),
    ):
        (query,) = [one.query for one in ALL if (one.board, one.where) == (board, panel)]
        (series,) = played.ask(query, point=BROKEN)
        values = [value for _, value in series["values"]]
        assert values[-2:] == [None, None], panel  # a gap, not a line that goes on
        assert any(value is not None for value in values), panel


def test_a_silent_point_and_one_that_was_never_heard_are_not_fine(played: Played) -> None:
    shown = played.rows("regional_overview", "Punten, het dringendste eerst")
    assert (shown[QUIET]["verdict"], shown[NEVER]["verdict"]) == (int(Verdict.SILENT), int(Verdict.UNKNOWN))
    for point in (QUIET, NEVER):
        assert {shown[point][key] for key in ("percent", "low", "likely", "high", "volts", "celsius")} == {None}


def test_a_host_that_fell_silent_leaves_no_figure_and_no_zero(played: Played) -> None:
    for one in ALL:
        if "now() - 5m" in one.query or "now() - 20m" in one.query:
            later = re.sub(r"now\(\) - (5|20)m AND time < now\(\) \+ 5m", "now() + 1h AND time < now() + 2h", one.query)
            assert later != one.query
            assert played.ask(later, point=_point(one)) == [], _name(one)


def test_what_a_host_wrote_whose_clock_was_fast_is_not_the_newest(played: Played) -> None:
    """A row of an hour ahead stays out of everything that says "now"."""
    shown = played.rows("regional_overview", "Punten, het dringendste eerst")[POINT]
    ahead = f"point,point={POINT},name=x,region=y verdict=2i,rank=0i {int((played.regions[0].end + 3600) * 1e9)}"
    write(played.server, DATABASE, ahead)
    assert played.rows("regional_overview", "Punten, het dringendste eerst")[POINT] == shown
