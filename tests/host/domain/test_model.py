"""What is read off a point as it is seen, and off an alert."""

import msgspec
import pytest

from paraat.domain.fuel_events import LEAK, STUCK, FuelEvent
from paraat.domain.model import (
    ACKNOWLEDGED,
    AlertState,
    Delivery,
    FailedText,
    Latest,
    OwnCertificate,
    PointView,
)
from paraat.domain.subjects import CERTIFICATE, TEXT, Subject
from tracker_bench import POINT, T0, Bench

NOW = T0 + 10_000.0
SILENT_S = 600.0
CO2 = "climate/co2"


def view(*, heard_at: float | None = NOW, data_t: float | None = NOW, **latest: Latest) -> PointView:
    """Of a point at NOW. latest: by metric, with "__" for "/"."""
    plain = Bench().view(NOW)
    return msgspec.structs.replace(
        plain, heard_at=heard_at, data_t=data_t, latest={name.replace("__", "/"): one for name, one in latest.items()}
    )


def test_how_long_ago_a_point_was_heard() -> None:
    assert view(heard_at=NOW - 30).age_s == 30.0
    assert view(heard_at=NOW + 30).age_s == 0.0, "its host's clock was set back"
    assert view(heard_at=None).age_s is None
    assert view().subject.point == POINT.id


def test_a_value_is_fresh_for_as_long_as_was_asked() -> None:
    seen = view(climate__co2=Latest(900, None, NOW - 60), power__mains=Latest(None, "x", NOW))
    assert (seen.value(CO2), seen.value("power/mains"), seen.value("none")) == (900, None, None)
    assert (seen.fresh(CO2, 60.0), seen.fresh(CO2, 59.9), seen.fresh("none", 60.0)) == (900, None, None)


@pytest.mark.parametrize(
    ("heard_s", "data_s", "read_s", "is_last"),
    [
        (0, 0, SILENT_S, True),
        (0, 0, SILENT_S + 1, False),  # it speaks, and not of this
        (SILENT_S, 0, SILENT_S + 1, False),  # not silent yet
        (SILENT_S + 1, 5000, 5000, True),  # silent: among the last that it said
        (SILENT_S + 1, 5000, 5000 + SILENT_S, True),
        (SILENT_S + 1, 5000, 5001 + SILENT_S, False),
        (None, 5000, 5000, True),  # of a board that was never heard by birth or will
        (None, None, 5000, False),
    ],
)
def test_what_a_silent_point_said_last_stands(
    heard_s: float | None, data_s: float | None, read_s: float, is_last: bool
) -> None:
    seen = view(
        heard_at=None if heard_s is None else NOW - heard_s,
        data_t=None if data_s is None else NOW - data_s,
        climate__co2=Latest(900, None, NOW - read_s),
    )
    assert seen.is_last_word(CO2, SILENT_S) is is_last
    assert seen.last_word(CO2, SILENT_S) == (900 if is_last else None)
    assert not seen.is_last_word("none", SILENT_S)
    assert seen.last_word("none", SILENT_S) is None


def test_the_metrics_of_a_kind_are_the_plain_one_and_those_of_sensors_with_a_name() -> None:
    one = Latest(1, None, NOW)
    seen = view(climate__co2__hall=one, climate__co2=one, climate__co2x=one, climate__co2__cellar=one, power__load=one)
    assert seen.named(CO2) == (CO2, "climate/co2/cellar", "climate/co2/hall")
    assert seen.named("power/load") == ("power/load",)
    assert seen.named("power") == ("power/load",)
    assert seen.named("people/in") == ()


def test_a_gauge_that_is_stuck_is_doubtful() -> None:
    stuck = FuelEvent(kind=STUCK, since=NOW - 3600, until=NOW, litres=9.0)
    for fuel_t, event, doubtful in (
        (NOW, stuck, True),
        (None, stuck, False),
        (NOW, msgspec.structs.replace(stuck, kind=LEAK), False),
    ):
        assert msgspec.structs.replace(view(), fuel_t=fuel_t, fuel_events=(event,)).fuel_doubtful is doubtful


def alert(state: str = "firing", **more: float | None) -> AlertState:
    return AlertState(
        rule="low_fuel", subject=Subject(TEXT, "x"), state=state, since=100.0, severity="warning", detail={}, **more  # type: ignore[arg-type]
    )  # fmt: skip


def test_an_alert_counts_from_its_last_turn() -> None:
    assert alert().told_since == 100.0
    assert alert(fired_at=200.0).told_since == 200.0
    assert alert(fired_at=200.0, turned_at=300.0).told_since == 300.0
    assert alert().point is None


@pytest.mark.parametrize(
    ("state", "acknowledged_t", "stage"),
    [
        ("firing", None, "firing"),
        ("firing", 299.9, "firing"),
        ("firing", 300.0, ACKNOWLEDGED),
        ("firing", 300.1, ACKNOWLEDGED),
        ("resolved", 300.1, "resolved"),
        ("pending", 300.1, "pending"),
    ],
)
def test_an_alert_is_acknowledged_while_it_fires_and_until_it_gets_worse(
    state: str, acknowledged_t: float | None, stage: str
) -> None:
    assert alert(state, fired_at=200.0, turned_at=300.0).stage(acknowledged_t) == stage


def test_what_else_is_judged_has_its_subject_and_a_delivery_is_one_for_ever() -> None:
    assert OwnCertificate(kind="host", now=0.0, until=1.0).subject == Subject(CERTIFICATE, "host")
    assert FailedText(text="low_fuel.firing", now=0.0, failed_at=0.0).subject == Subject(TEXT, "low_fuel.firing")
    sent = Delivery(
        alert_id=7, reason="fires", rung="lead", person="anna", channel="email", address="a@example.org",
        created_at=1.0, due_at=2.0, first_due_at=3.0, id=4,
    )  # fmt: skip
    assert sent.key == (7, "fires", "anna", "email", "a@example.org")
