"""The journal of a site that runs an older release: it opens, and says what it said."""

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from paraat.alerts.engine import Engine
from paraat.alerts.rules import make_rules
from paraat.domain.facts import Author, BoardState
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.profiles import Profile
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts
from paraat.journal import Journal

T0 = 1764000000.0
DUMP = Path(__file__).parent / "version_2.sql"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal as the code of that time wrote it: two points, a call for help that is over, four kinds of alert."""
    found = tmp_path / "journal.sqlite"
    db = sqlite3.connect(found)
    db.executescript(DUMP.read_text())
    db.close()
    return found


def test_every_alert_keeps_its_id_its_state_and_its_figures(path: Path) -> None:
    db = sqlite3.connect(path)
    before = {alert_id: json.loads(body) for alert_id, body in db.execute("SELECT id, body FROM alert")}
    db.close()
    journal = Journal(path)
    found = {alert.id: alert for alert in journal.alerts(50)}
    journal.close()
    about = {alert.id: (alert.rule, alert.subject, alert.state) for alert in found.values()}
    linde, baken = Subject("point", "nsp-0101"), Subject("point", "nsp-0102")
    assert about == {
        1: ("low_fuel", linde, "firing"),
        2: ("certificate_expiry", linde, "firing"),
        3: ("certificate_expiry", baken, "firing"),
        4: ("own_certificate", Subject("certificate", "broker"), "firing"),
        5: ("help_asked", linde, "resolved"),
        6: ("point_silent", baken, "firing"),
        7: ("point_silent", linde, "firing"),
    }
    for alert_id, alert in found.items():
        told = msgspec.to_builtins(alert)
        assert told.pop("subject")["id"] == before[alert_id].pop("point").removeprefix("_own/")
        assert told.pop("wording") == "firing", "texts of that time are sent already"
        told = {key: value for key, value in told.items() if key in before[alert_id]}  # the others have their defaults
        assert told == before[alert_id]


def test_the_engine_goes_on_with_them_and_their_deliveries_are_still_theirs(path: Path) -> None:
    journal = Journal(path)
    engine = Engine(make_rules(Alerts()), journal.open_alerts())
    assert sorted(alert.id for alert in engine.active()) == [1, 2, 3, 4, 6, 7]
    assert [(d.reason, d.state) for d in journal.deliveries(5)][-1] == ("resolved", "due")
    assert [d.address for d in journal.deliveries(4)] == ["nsp@example.org"]
    journal.close()


def test_what_the_boards_sent_and_what_influxdb_has_is_unchanged(path: Path) -> None:
    journal = Journal(path)
    assert (journal.stored("nsp-0101"), journal.missing("nsp-0101"), journal.cursor("influx")) == (15, 0, 5)
    assert [state.point for state in journal.last_states()] == ["nsp-0101", "nsp-0102"]
    assert [letter.reason for letter in journal.dead_letters(9)] == ["not-json"]
    journal.close()


def test_the_last_state_of_each_board_becomes_a_fact_and_the_past_can_be_asked(path: Path) -> None:
    journal = Journal(path)
    states = journal.facts(BoardState)
    assert [(fact.author, fact.t, fact.told) for fact in states] == [
        (Author(name=state.point, way="board"), state.received_at, BoardState(state=state))
        for state in sorted(journal.last_states(), key=lambda state: state.received_at)
    ]
    point = Point(
        id="nsp-0101",
        name="",
        municipality="",
        capacity=1,
        tank=Tank(capacity_l=400, burn_l_per_h=10, reserve_l=0),
        board=PointBoard(type="esp32_devkitc_ve"),
    )

    def litres(t: float) -> float | None:
        past = journal.past(
            t,
            {point.id: point},
            Alerts(),
            {point.id: Profile(target_h=72.0, resources={})},
            sets=None,
            certificate_until=lambda _point, _now: None,
        )
        return past.views[0].litres

    assert litres(T0) is None
    assert litres(T0 + 800) == pytest.approx(50.0, abs=0.2)  # less a minute of the generator
    journal.close()
