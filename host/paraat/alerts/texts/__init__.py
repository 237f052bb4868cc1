"""The words of the alerts, plain Dutch first, English by the site's language. One action in each firing text."""

from collections.abc import Mapping
from types import ModuleType
from zoneinfo import ZoneInfo

from paraat.alerts.texts import en, nl
from paraat.domain.model import AlertState
from paraat.domain.points import Point
from paraat.domain.subjects import CERTIFICATE
from paraat.texts.localtime import local, marked

LANGUAGES: Mapping[str, ModuleType] = {"nl": nl, "en": en}


def local_time(t: float, now: float, zone: ZoneInfo) -> str:
    """14:30, or 24-11 14:30 on another day than today. In the hour that comes twice the zone's name stands behind it."""
    moment = local(t, zone)
    same_day = moment.date() == local(now, zone).date()
    return marked(moment, moment.strftime("%H:%M" if same_day else "%d-%m %H:%M"))


def message(
    alert: AlertState, transition: str, point: Point | None, *, language: str, zone: ZoneInfo, now: float
) -> tuple[str, str]:
    """(subject, body) of an alert that fires or is resolved. Raises KeyError for a rule without words.

    point: None for an alert about the coordination point itself.
    """
    words = LANGUAGES[language]
    values: dict[str, object] = {"id": alert.id}
    if point is not None:
        values |= {"name": point.name, "municipality": point.municipality}
    if alert.subject.kind == CERTIFICATE:
        values["name"], values["renew"] = words.OWN_CERTIFICATES[alert.subject.id]
    for key, value in alert.detail.items():
        if isinstance(value, int | float):
            if key.endswith(("_at", "_t", "_before")):
                values[key] = local_time(value, now, zone)
            elif key == "days":
                values[key] = words.days(value)
            else:
                values[key] = words.number(value)
    values["fired_at"] = local_time(alert.fired_at or alert.since, now, zone)
    wording = alert.wording if transition == "firing" else transition
    subject, body = words.TEXTS[f"{alert.rule}.{wording}"]
    return subject.format_map(values), body.format_map(values)
