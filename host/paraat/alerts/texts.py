"""What an alert says: the contexts "mail subject", "mail body", "sms" and "mail" of the catalogues.

One action in each text of an alert that fires.
"""

from zoneinfo import ZoneInfo

from paraat.domain.model import AlertState
from paraat.domain.points import Point
from paraat.domain.subjects import CERTIFICATE
from paraat.texts import Words
from paraat.texts.gsm7 import SMS, gsm7
from paraat.texts.localtime import local, marked

# What a text says only where it is known, with the figure of a detail.
CLAUSES = {
    "battery_left": "battery_h",
    "fuel_left": "hours_low",
    "tank_was": "percent",
    "ups_charge": "percent",
    "ups_left": "left_h",
}
_BEGAN = "off_at"  # where it is not known, the alert itself says since when
_LASTS = ("hours", "hours_low", "hours_high", "battery_h", "left_h")  # as the page says them
_ONE_DECIMAL = ("volts", "temperature", "limit")  # a whole number of them says too little


def local_time(t: float, now: float, zone: ZoneInfo, language: str) -> str:
    """14:30, or 24-11 14:30 on another day than today. In the hour that comes twice the zone's name stands behind it."""
    moment = local(t, zone)
    same_day = moment.date() == local(now, zone).date()
    return marked(moment, Words(language).moment(moment, "clock" if same_day else "day and clock"))


def number(value: float, language: str) -> str:
    """One decimal below ten, none above."""
    return Words(language).number(value, 1 if value < 10 else 0)


def days(value: float, language: str) -> str:
    """Whole days, none of them promised that is not there."""
    words = Words(language, "mail")
    return words("days.none") if value < 1 else words.count("days", int(value))


def message(
    alert: AlertState, transition: str, point: Point | None, *, language: str, zone: ZoneInfo, now: float
) -> tuple[str, str]:
    """(subject, body) of an alert that fires or is resolved. Raises KeyError for a rule without words.

    point: None for an alert about the coordination point itself.
    """
    values = _values(alert, point, language, zone, now)
    key = _key(alert, transition)
    return Words(language, "mail subject")(key, **values), Words(language, "mail body")(key, **values)


def short(
    alert: AlertState,
    transition: str,
    point: Point | None,
    *,
    language: str,
    zone: ZoneInfo,
    now: float,
    limit: int = SMS,
) -> str:
    """The same in at most `limit` characters of GSM-7, for an SMS: a name that is too long is cut. Raises KeyError."""
    values = _values(alert, point, language, zone, now)
    say, key = Words(language, "sms"), _key(alert, transition)
    text = gsm7(say(key, **values))
    name = gsm7(str(values.get("name", "")))
    if len(text) > limit and name:
        fewer = max(0, len(name) - (len(text) - limit) - 2)
        text = gsm7(say(key, **values | {"name": f"{name[:fewer]}.."}))
    return text[:limit]


def _key(alert: AlertState, transition: str) -> str:
    return f"{alert.rule}.{alert.wording if transition == 'firing' else transition}"


def _values(alert: AlertState, point: Point | None, language: str, zone: ZoneInfo, now: float) -> dict[str, object]:
    """What stands in the braces of the texts."""
    words = Words(language, "mail")
    values: dict[str, object] = {"id": alert.id}
    if point is not None:
        values |= {"name": point.name, "municipality": point.municipality}
        values["whom"] = point.phone or Words(language, "sms")("whom")
        values["its_phone"] = words("its-phone", phone=point.phone) if point.phone else ""
    if alert.subject.kind == CERTIFICATE:
        kind = alert.subject.id
        values |= {"name": words(f"certificate.{kind}"), "renew": words(f"renew.{kind}")}
    for key, value in alert.detail.items():
        figure = alert.since if key == _BEGAN and value is None else value
        values[key] = _said(key, figure, language, zone, now)
    for clause, key in CLAUSES.items():
        there = alert.detail.get(key) is not None
        values[clause] = words(f"clause.{clause}", n=values[key]) if there else ""
    if alert.detail.get("hours_high") is not None:
        low, high = values["hours_low"], values["hours_high"]
        values["between"] = "" if low == high else words("hours.between", low=low, high=high)
    if "volts" in alert.detail:
        known = [name for name in ("percent", "volts") if alert.detail.get(name) is not None]
        values["charge"] = ", ".join(words(f"charge.{name}", n=values[name]) for name in known)
    values["since"] = local_time(alert.since, now, zone, language)
    values["fired_at"] = local_time(alert.fired_at or alert.since, now, zone, language)
    return values


def _said(key: str, value: float | int | str | None, language: str, zone: ZoneInfo, now: float) -> str:
    """A figure of a detail in words, by its name; what is not known is said to be so."""
    if value is None:
        return Words(language, "mail")("not-known")
    if isinstance(value, str):
        return _listed(key, value, language)
    if key.endswith(("_at", "_t", "_before")):
        return local_time(value, now, zone, language)
    if key == "days":
        return days(value, language)
    if key in _LASTS:
        return Words(language).hours(value)
    if key in _ONE_DECIMAL:
        return Words(language).number(value, 1)
    return Words(language).number(value, 0) if isinstance(value, int) else number(value, language)


def _listed(key: str, value: str, language: str) -> str:
    """What a rule names by its code: sensors with their faults ("fuel/level:silent"), resources."""
    if key == "resources":
        return ", ".join(Words(language, "readiness").code("resource", name) for name in value.split(","))
    if key != "sensors":
        return value
    words = Words(language, "web")
    told: dict[str, None] = {}
    for one in value.split(","):
        name, _, fault = one.strip().partition(":")
        group, _, rest = name.partition("/")
        instance = rest.partition("/")[2]
        what = " ".join(filter(None, (words.code("sensor", group), instance)))
        told[words("fault", what=what, why=words.code("fault", fault))] = None
    return ", ".join(told)
