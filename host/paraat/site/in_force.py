"""What of a site's files decides about alerts and their words: as the journal keeps it, and as it was then.

One text a point, one for all of the site, and one for each profile and each table of thresholds that some points have, by its
hash: so a change of one point is a short one, and a region of thousands takes a kilobyte of each.
"""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.telling import Telling
from paraat.domain.thresholds import Alerts
from paraat.runtime.typed import decode
from paraat.site.site import Site

_log = logging.getLogger(__name__)

WHOLE = ""  # the key of what holds for all of the site, beside those of its points
_REGION = ("region", "language", "timezone", "phone")


class _Whole(msgspec.Struct, frozen=True):
    region: dict[str, str | None]
    alerts: Alerts
    telling: Telling
    neighbours: tuple[str, ...]


class _OfPoint(msgspec.Struct, frozen=True):
    """profile, alerts: the key of its text. alerts "": those of the site."""

    point: Point
    profile: str
    alerts: str


def texts(site: Site) -> dict[str, str]:
    """By key what holds now, as JSON: WHOLE, the id of each point, and those of profiles and thresholds that they name."""
    whole = _Whole(
        {name: getattr(site.region, name) for name in _REGION},
        site.alerts,
        site.telling,
        tuple(site.watcher.neighbours),
    )
    found = {WHOLE: _text(whole)}

    def key(what: Profile | Alerts) -> str:
        text = _text(what)
        name = f"{type(what).__name__.lower()}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        found[name] = text
        return name

    for name, point in site.points.items():
        own = site.own_alerts.get(name)
        found[name] = _text(_OfPoint(point, key(site.profiles[name]), "" if own is None else key(own)))
    return found


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What is otherwise now, by key; "": what is there no more."""
    news = {name: text for name, text in now.items() if before.get(name) != text}
    return news | {name: "" for name, text in before.items() if text and name not in now}


def site_then(site: Site, told: Mapping[str, str]) -> Site:
    """The site as it was when `told` was the last that had been kept of each; what was kept of nothing is as it is now.

    What this release cannot read any more is as it is now too, and that is logged.
    """
    whole = _read(told.get(WHOLE, ""), _Whole)
    if whole is not None:
        site = msgspec.structs.replace(
            site,
            region=msgspec.structs.replace(site.region, **whole.region),
            alerts=whole.alerts,
            telling=whole.telling,
            watcher=msgspec.structs.replace(site.watcher, neighbours=whole.neighbours),
        )
    shared: dict[str, Any] = {"": None}
    points: dict[str, Point] = {}
    profiles: dict[str, Profile] = {}
    own: dict[str, Alerts] = {}
    kept = [(name, text) for name, text in told.items() if text and name != WHOLE and ":" not in name]
    for name, text in kept:
        found = _read(text, _OfPoint)
        if found is None:
            if name in site.points:
                points[name], profiles[name] = site.points[name], site.profiles[name]
                own |= {name: site.own_alerts[name]} if name in site.own_alerts else {}
            continue
        for key, kind in ((found.profile, Profile), (found.alerts, Alerts)):
            if key not in shared:
                shared[key] = _read(told.get(key, ""), kind)
        profile = shared[found.profile] or site.profiles.get(name)
        if profile is None:
            continue
        points[name], profiles[name] = found.point, profile
        if shared[found.alerts] is not None:
            own[name] = shared[found.alerts]
    return msgspec.structs.replace(site, points=points, profiles=profiles, own_alerts=own) if kept else site


def _text(what: msgspec.Struct) -> str:
    return msgspec.json.encode(what).decode()


def _read(text: str, kind: type[Any]) -> Any:
    if not text:
        return None
    try:
        return decode(text, kind)
    except msgspec.MsgspecError as error:
        _log.warning("settings of then cannot be read by this release, so those of now are taken: %s", error)
        return None
