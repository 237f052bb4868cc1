"""What the words of alerts need: an alert of every rule and wording, with every figure that a rule may tell."""

from collections.abc import Iterator

from paraat.alerts.rules import make_rules
from paraat.domain.model import AlertState, PointView
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts

POINT = Point(
    id="nsp-0101", name="De Linde", municipality="Voorbeeldstad", capacity=150,
    tank=Tank(capacity_l=400, burn_l_per_h=9.5), board=PointBoard(type="esp32_devkitc_ve"),
)  # fmt: skip
# What an alert about the coordination point is about, by its rule.
_OWN = {"own_certificate": Subject("certificate", "broker")}


def detail(now: float) -> dict[str, float | int | str | None]:
    """Every figure, told at `now`."""
    return {
        "by": "hours", "standby": 0, "percent": 18.75, "litres": 76.4, "hours": 5.12, "hours_low": 4.2, "hours_high": 11.6,
        "empty_at": now + 3600, "refuel_before": now + 1800, "data_t": now - 60, "heard_at": now - 600, "days": 42.0,
        "ends_at": now + 42 * 86400, "ended": 0, "asked_at": now - 3600, "came_at": now, "loss": "leak", "lost_l": 31.4,
        "fell_at": now - 3600,
    }  # fmt: skip


def every_alert(now: float) -> Iterator[tuple[AlertState, str, Point | None]]:
    """(alert, its transition, its point) of every wording of every rule, and of its end."""
    for name, rule in make_rules(Alerts()).items():
        point = POINT if rule.judges is PointView else None
        subject = Subject("point", POINT.id) if point else _OWN[name]
        for wording, severity in (*rule.wordings.items(), ("resolved", rule.wordings["firing"])):
            transition = "resolved" if wording == "resolved" else "firing"
            alert = AlertState(
                rule=name, subject=subject, state=transition, since=now - 120, fired_at=now, severity=severity, id=12,
                detail=detail(now), wording="firing" if wording == "resolved" else wording,
            )  # fmt: skip
            yield alert, transition, point
