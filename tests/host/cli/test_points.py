"""`paraat status`: the worst first, and each trouble once."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from host.web.scene import NOW, alert, left, point
from paraat.cli.points import table
from paraat.domain.activation import Activation, Phase
from paraat.domain.model import PointView
from paraat.domain.readiness import ResourceState, State, Verdict
from paraat.domain.remarks import Remark
from paraat.texts.readiness import Words
from paraat.web import api
from paraat.web.roll import Roll, firing_by_point

ZONE = ZoneInfo("Europe/Amsterdam")


def printed(*views: PointView) -> list[str]:
    found = api.points(views, NOW, "Proef", "en", ZONE)
    return table(found, Words("en", ZONE))


def test_the_order_is_that_of_the_page_also_where_a_critical_alert_fires() -> None:
    views = [
        point("nsp-0101", verdict=Verdict.READY),
        point("nsp-0102", verdict=Verdict.LIMITED),
        point("nsp-0103", verdict=Verdict.READY),
        point("nsp-0104", verdict=Verdict.NOT_READY, autonomy=left(80.0)),
        point("nsp-0105", verdict=Verdict.UNKNOWN),
        point("nsp-0106", verdict=Verdict.READY),
    ]
    states = [alert("bad_air", "nsp-0103"), alert("low_fuel", "nsp-0101", severity="warning")]
    states += [alert("bad_air", "nsp-0106", state="resolved")]
    roll = Roll()
    roll.call({view.point: view for view in views}, firing_by_point(states))
    found = api.points(views, NOW, "Proef", "en", ZONE)
    lines = table(found, Words("en", ZONE), [api.alert(state, None, ()) for state in states])
    assert [line.split()[0] for line in lines[1:]] == [view.point for view in roll.points]
    assert [line for line in lines if "alert" in line] == [lines[1]]
    assert "Ready" in lines[1]
    assert "alert: Bad air (CO2)" in lines[1]


def in_phase(point_id: str, phase: Phase, verdict: Verdict, **fields: Any) -> PointView:
    return point(point_id, verdict=verdict, activation=Activation(phase=phase, since=NOW - 60, **fields))


def test_a_point_that_is_not_in_use_comes_last() -> None:
    lines = printed(
        in_phase("nsp-0101", Phase.BUILDING, Verdict.NOT_READY),
        in_phase("nsp-0102", Phase.STANDBY, Verdict.READY),
        in_phase("nsp-0103", Phase.OUT_OF_USE, Verdict.UNKNOWN),
        in_phase("nsp-0104", Phase.STANDBY, Verdict.LIMITED),
        in_phase("nsp-0105", Phase.OPENING, Verdict.READY, late=True),
    )
    assert [line.split()[0] for line in lines[1:]] == ["nsp-0105", "nsp-0104", "nsp-0102", "nsp-0101", "nsp-0103"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"forecast_at": NOW + 5400, "late": True}, "late: had to be open before 18:00, expected 18:30"),
        ({"forecast_at": NOW + 3000}, "open before 18:00, expected 17:50"),
        ({"opened_at": NOW + 3700, "late": True}, "opened late: at 18:01"),
        ({"opened_at": NOW + 3000}, None),
    ],
)
def test_the_clock_of_a_point_is_said_until_it_is_open_and_that_it_is_late(
    fields: dict[str, Any], said: str | None
) -> None:
    line = printed(
        in_phase("nsp-0101", Phase.ALERTED, Verdict.READY, alerted_at=NOW - 60, due_at=NOW + 3600, **fields)
    )[1]
    assert (said or "alerted") in line
    assert said is not None or "18:" not in line


def test_until_when_a_point_is_out_of_use_is_said() -> None:
    line = printed(in_phase("nsp-0101", Phase.OUT_OF_USE, Verdict.READY, until=NOW + 7200))[1]
    assert "out of use until 19:00" in line


def test_cold_that_keeps_a_point_from_being_ready_is_said_once() -> None:
    detail: dict[str, float | str] = {"metric": "climate/temperature", "value": 9.0, "limit": 18.0}
    heat = ResourceState(
        resource="heat", state=State.NOT_READY, need="required", critical=True, code="low", detail=detail
    )
    cold = Remark(code="cold", bad=True, metric="climate/temperature", value=9.0, limit=15.0)
    low = Remark(code="battery-low", bad=True, metric="battery/voltage", value=10.9, limit=11.8)
    line = printed(point(verdict=Verdict.NOT_READY, resources=(heat,), remarks=(cold, low)))[1]
    assert line.count("9 \u00b0C") == 1
    assert "10.9 V" in line


def test_what_to_do_about_a_danger_is_said_beside_what_keeps_a_point_from_being_ready() -> None:
    power = ResourceState(
        resource="power", state=State.NOT_READY, need="required", critical=True, code="generator-down"
    )
    exhaust = Remark(code="exhaust", bad=True, metric="climate/co2", value=1500.0, limit=1100.0)
    busy = Remark(code="busy", bad=False, metric="people/present", value=135, limit=120.0)
    line = printed(point(verdict=Verdict.NOT_READY, resources=(power,), remarks=(exhaust, busy)))[1]
    assert "start the generator; open windows" in line
    assert "prepare another" not in line
    alone = printed(point(verdict=Verdict.READY, remarks=(busy,)))[1]
    assert "prepare another" in alone
