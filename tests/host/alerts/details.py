"""Alerts made up: the numbers that a rule's texts ask for, so that words are tested without a list of all rules' details."""

import string
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from paraat.alerts.rules import make_rules
from paraat.alerts.rules.base import Judgement, Verdict
from paraat.alerts.texts import CLAUSES, message, short
from paraat.domain.model import AlertState, FailedText, OwnCertificate, PointView
from paraat.domain.neighbours import Neighbour
from paraat.domain.own import (
    Backup,
    BrokerLink,
    ChannelHealth,
    ClockDoubt,
    DatabaseLag,
    DiskSpace,
    HostPeers,
    HostPower,
    HostTime,
    JournalHealth,
    LoopProgress,
    MailboxHealth,
    Returns,
    UnknownBoard,
)
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.subjects import Subject, View
from paraat.domain.thresholds import Alerts
from paraat.texts import Words

POINT = Point(
    id="nsp-0101", name="De Linde", municipality="Voorbeeldstad", capacity=150,
    tank=Tank(capacity_l=400, burn_l_per_h=9.5), board=PointBoard(type="esp32_devkitc_ve"),
)  # fmt: skip
_MOMENTS = ("_at", "_t", "_before")  # as alerts/texts.py writes them
_ABOUT_THE_SUBJECT = {"id", "name", "municipality", "renew", "fired_at", "since"}
_MADE_OF = {"between": ("hours_low", "hours_high"), "charge": ("percent", "volts")}
_MADE_OF |= {clause: (key,) for clause, key in CLAUSES.items()}
_LISTS = {"sensors": "fuel/level:silent, climate/temperature/hall:crc", "resources": "water,heat"}
_ABOUT: dict[type[View], Subject] = {
    PointView: Subject("point", POINT.id),
    OwnCertificate: Subject("certificate", "broker"),
    Neighbour: Subject("neighbour", "regio-noord"),
    BrokerLink: Subject("broker", "broker"),
    DatabaseLag: Subject("database", "influx"),
    DiskSpace: Subject("disk", "journal"),
    HostPeers: Subject("host", "host"),
    JournalHealth: Subject("disk", "journal"),
    HostTime: Subject("clock", "clock"),
    ClockDoubt: Subject("clock", "clock"),
    HostPower: Subject("power", "power"),
    Backup: Subject("backup", "backup"),
    ChannelHealth: Subject("channel", "email"),
    MailboxHealth: Subject("mailbox", "email"),
    Returns: Subject("returns", "email"),
    LoopProgress: Subject("loop", "delivery sms"),
    UnknownBoard: Subject("unknown-board", "nsp-0999"),
    FailedText: Subject("text", "low_fuel.firing"),
}


def made_up_detail(rule: str, now: float) -> dict[str, float | int | str | None]:
    """By each {name} in the English texts of a rule a number; a moment ten minutes ago where it is one."""
    asked: set[str] = set()
    for context in ("mail subject", "mail body", "sms"):
        for key, text in Words("en", context).all().items():
            if key.partition(".")[0] == rule:
                asked |= {name for _, name, _, _ in string.Formatter().parse(text) if name}
    for name, parts in _MADE_OF.items():
        asked |= set(parts) if name in asked else set()
    made: dict[str, float | int | str | None] = {
        name: now - 600 if name.endswith(_MOMENTS) else 42.5 for name in asked - _ABOUT_THE_SUBJECT - set(_MADE_OF)
    }
    return made | {name: text for name, text in _LISTS.items() if name in asked}


def every_alert(now: float) -> Iterator[tuple[AlertState, str, Point | None]]:
    """(alert, its transition, its point) of every wording of every rule, and of its end."""
    for name, rule in make_rules(Alerts()).items():
        subject = _ABOUT[rule.judges]
        for wording, severity in (*rule.wordings.items(), ("resolved", rule.wordings["firing"])):
            transition = "resolved" if wording == "resolved" else "firing"
            alert = AlertState(
                rule=name, subject=subject, state=transition, since=now - 120, fired_at=now, severity=severity, id=12,
                detail=made_up_detail(name, now), wording="firing" if wording == "resolved" else wording,
            )  # fmt: skip
            yield alert, transition, None if subject.point is None else POINT


def say(rule: str, point: Point | None, now: float, judged: Judgement) -> None:
    """Put what a rule told into words, as a mail and as an SMS. Raises KeyError for a figure that it does not tell."""
    clear = judged.verdict is Verdict.CLEAR
    alert = AlertState(
        rule=rule, subject=_ABOUT[make_rules(Alerts())[rule].judges], state="resolved" if clear else "firing", since=now - 120,
        fired_at=now, severity=judged.severity, id=12, detail=judged.detail, wording=judged.wording,
    )  # fmt: skip
    for language in ("nl", "en"):
        zone = ZoneInfo("Europe/Amsterdam")
        subject, body = message(alert, "resolved" if clear else "firing", point, language=language, zone=zone, now=now)
        sms = short(alert, "resolved" if clear else "firing", point, language=language, zone=zone, now=now)
        assert all(text and "{" not in text for text in (subject, body, sms))
