"""Ten alerts of one night, and what a lead gets of each: by the real renderer, as mail and as SMS."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from paraat.alerts.outgoing import Outgoing
from paraat.alerts.rendering import Renderer
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person
from paraat.domain.subjects import Subject
from paraat.site import paths
from paraat.site.site import load_site

ZONE = ZoneInfo("Europe/Amsterdam")
NIGHT = datetime(2026, 11, 27, 3, 12, tzinfo=ZONE).timestamp()
LEAD = Person(id="anna", name="Anna", reach={"email": ("anna@example.org",), "sms": ("+31612345678",)}, role="lead")
MINUTE, HOUR = 60.0, 3600.0


class Text(NamedTuple):
    """What a lead gets."""

    sms: str
    subject: str
    body: str


class _Answers:
    def code(self, alert: int, person: str) -> str:
        return f"{4000 + alert}"

    def link(self, alert: int, person: str, message_key: str, now: float) -> str | None:
        return f"https://cp.example.nl/seen/{alert}"

    def list_code(self, row: int, person: str) -> str:
        return f"{50_000 + row}"

    def list_link(self, row: int, person: str, now: float) -> str | None:
        return f"https://cp.example.nl/seen/L{row}"


def _alert(number: int, rule: str, severity: str = "critical", wording: str = "firing", **detail: object) -> AlertState:
    return AlertState(
        rule=rule, subject=Subject("point", "nsp-0101"), state="firing", since=NIGHT - 4 * MINUTE, fired_at=NIGHT - 2 * MINUTE,
        turned_at=NIGHT - 2 * MINUTE, severity=severity, wording=wording, id=number, detail=detail, role="lead",
    )  # fmt: skip


def _row(alert: AlertState, reason: str = "turn-1", rung: str = "lead", due_s: float = 0.0) -> Delivery:
    due_at = NIGHT - due_s
    return Delivery(
        alert_id=alert.id, reason=reason, rung=rung, person=LEAD.id, channel="sms", address="+31612345678", created_at=due_at,
        due_at=due_at, first_due_at=due_at, id=alert.id,
    )  # fmt: skip


def texts() -> list[Text]:
    """The ten, in the order of the night."""
    fuel = {"percent": 17.0, "litres": 68.0, "data_t": NIGHT - MINUTE}
    hours = {
        "hours": 4.2,
        "hours_low": 3.6,
        "hours_high": 5.0,
        "empty_at": NIGHT + 4.2 * HOUR,
        "refuel_before": NIGHT + 3.6 * HOUR,
    }
    low = _alert(11, "low_fuel", by="hours", standby=0, **fuel, **hours)
    worse_hours = {
        "hours": 1.4,
        "hours_low": 1.1,
        "hours_high": 1.7,
        "empty_at": NIGHT + 1.4 * HOUR,
        "refuel_before": NIGHT + 1.1 * HOUR,
    }
    worse = msgspec.structs.replace(low, id=12, turn=3, detail=low.detail | worse_hours)
    unmeasured = {
        "by": "last",
        "percent": 55.0,
        "litres": 220.0,
        "hours_low": 4.0,
        "refuel_before": NIGHT + 4 * HOUR,
        "data_t": NIGHT - 9 * HOUR,
    }
    down = _alert(14, "generator_down", off_at=NIGHT - 4 * MINUTE, battery_h=6.0, data_t=NIGHT - MINUTE)
    late = msgspec.structs.replace(
        low, id=17, since=NIGHT - 5 * HOUR, fired_at=NIGHT - 5 * HOUR, turned_at=NIGHT - 5 * HOUR
    )
    over = msgspec.structs.replace(
        low, id=20, state="resolved", resolved_at=NIGHT, detail=low.detail | {"percent": 92.0, "litres": 368.0}
    )
    found = [
        [(low, _row(low))],
        [(worse, _row(worse, "turn-3"))],
        [((a := _alert(13, "low_fuel", wording="unmeasured", **unmeasured)), _row(a))],
        [(down, _row(down))],
        [((a := _alert(15, "bad_air", wording="exhaust", ppm=1900.0, limit_ppm=1500.0, data_t=NIGHT - MINUTE)), _row(a))],
        [((a := _alert(16, "point_silent", "warning", heard_at=NIGHT - 20 * MINUTE)), _row(a, rung="deputy"))],
        [(late, _row(late, due_s=5 * HOUR))],
        [((a := _alert(18, "fuel_loss", loss="leak", lost_l=21.0, fell_at=NIGHT - 50 * MINUTE, percent=61.0, data_t=NIGHT)), _row(a, "reminder-1-1"))],
        [(one, _row(one)) for one in (msgspec.structs.replace(down, id=19), msgspec.structs.replace(low, id=21, subject=Subject("point", "nsp-0102")))],
        [(over, _row(over, "resolved"))],
    ]  # fmt: skip
    site = load_site(paths.example_site_dir())
    linde = msgspec.structs.replace(site.points["nsp-0101"], phone="030-1234567")
    site = msgspec.structs.replace(site, points=site.points | {linde.id: linde})
    renderer = Renderer(site, _Answers(), lambda _: 0)
    said = []
    for pairs in found:
        outgoing = Outgoing(LEAD, "sms", "+31612345678", tuple(row for _, row in pairs))
        message = renderer.message(outgoing, {alert.id: alert for alert, _ in pairs}, NIGHT)
        assert renderer.failed == {}, renderer.failed
        said.append(Text(message.short, message.subject, message.body))
    return said
