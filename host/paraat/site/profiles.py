"""profiles/*.toml, of a site or shipped with Paraat, read and checked; and what holds for each point."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from paraat.domain.fields import Part
from paraat.domain.points import NOT_GIVEN, Point
from paraat.domain.profiles import (
    ALWAYS_CRITICAL,
    POWER,
    RESOURCES,
    ClimateChange,
    PeopleChange,
    Profile,
    Resource,
    ResourceChange,
    capacity_of,
    with_changes,
)
from paraat.site.errors import SettingsError
from paraat.site.tables import either, read_table
from paraat.texts import Phrase
from paraat_wire import metrics

_SHIPPED = Path(__file__).parent / "profiles"
_OF_METRIC = ("metric", "ready_from", "limited_from", "ready_to", "limited_to")


def shipped() -> list[str]:
    """The names of the profiles that come with Paraat."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def read_profiles(directory: Path) -> dict[str, tuple[Path, Profile]]:
    """Every profile by its name, each with its file: those of a site's folder, and the shipped ones beside them.

    A site's own stands in for the shipped one of the same name. Raises SettingsError.
    """
    paths = {path.stem: path for folder in (_SHIPPED, directory) for path in sorted(folder.glob("*.toml"))}
    found = {}
    for name, path in sorted(paths.items()):
        profile = read_table(path, Profile)
        _check_whole(path, profile)
        found[name] = (path, profile)
    return found


def profile_of(path: Path, point: Point, profiles: Mapping[str, tuple[Path, Profile]]) -> Profile:
    """What a point, described in `path`, is judged by. Raises SettingsError."""
    if point.profile not in profiles:
        raise SettingsError(
            path, "profile", repr(point.profile), Phrase("one of: {known}", known=", ".join(sorted(profiles)))
        )
    _, profile = profiles[point.profile]
    own = with_changes(
        profile,
        point.resources,
        target_h=point.target_h,
        open_within_h=point.open_within_h,
        alerted_h=point.alerted_h,
        upkeep=point.upkeep,
        people=point.people,
        climate=point.climate,
    )
    _check(path, own, point.resources)
    _check_plans(path, own, point.people, point.climate)
    _check_clock(path, own, clock_of_profile=point.alerted_h is None)
    _check_source(path, point, own)
    return own


def with_capacity(path: Path, point: Point, profile: Profile) -> Point:
    """The point with the number of people that it is meant for. Raises SettingsError where neither says it."""
    if point.capacity != NOT_GIVEN:
        return point
    town = point.inhabitants
    capacity = None if town is None else capacity_of(profile.people, town)
    if capacity is not None:
        return msgspec.structs.replace(point, capacity=capacity)
    bands = profile.people.bands
    if not bands:
        expected = Phrase("the number of people that the point is meant for: this key is required")
    else:
        least = min(band.inhabitants_from for band in bands)
        expected = Phrase(
            "the number of people that the point is meant for: this key is required; profile {profile} knows a number only"
            " where inhabitants = {least} or more",
            profile=repr(point.profile),
            least=least,
        )
    raise SettingsError(path, "capacity", Phrase("nothing"), expected)


def _check_plans(
    path: Path, profile: Profile, people: PeopleChange | None = None, climate: ClimateChange | None = None
) -> None:
    """[people] and [climate]: what must come after what. people, climate: what `path` says of them, where it is a point's.

    Raises SettingsError.
    """
    tables = (
        ("people", profile.people, people, (("busy_percent", "full_percent"),)),
        (
            "climate",
            profile.climate,
            climate,
            (("cold_c", "cool_c"), ("cool_c", "warm_c"), ("warm_c", "hot_c"), ("stuffy_ppm", "foul_ppm")),
        ),
    )
    for table, plan, told, pairs in tables:
        for least, most in pairs:
            if getattr(plan, most) < getattr(plan, least):
                raise _disorder(path, table, plan, told, least, most)


def _disorder(
    path: Path, table: str, whole: Part, told: Part | None, least: str, most: str, *, rather: str = ""
) -> SettingsError:
    """Of two keys that are in disorder: that which `path` has itself, or of both `rather`, else the greater one.

    told: what `path` says; None: all of it.
    """
    blamed = rather or most
    if told is not None and getattr(told, blamed) is None:
        blamed = least if blamed == most else most
    other = least if blamed == most else most
    limit = f"{getattr(whole, other):g}"
    most_of = Phrase("no more than {key} ({limit})", key=other, limit=limit)
    least_of = Phrase("no less than {key} ({limit})", key=other, limit=limit)
    expected = least_of if blamed == most else most_of
    return SettingsError(path, f"{table}.{blamed}", f"{getattr(whole, blamed):g}", expected)


def _check_whole(path: Path, profile: Profile) -> None:
    _check(path, profile, profile.resources)
    _check_plans(path, profile)
    for name in ALWAYS_CRITICAL:
        if name not in profile.resources:
            raise SettingsError(
                path,
                f"resources.{name}",
                Phrase("nothing"),
                Phrase('a table; need = "not-required" where it is not there by design'),
            )
    _check_clock(path, profile)


def _check_clock(path: Path, profile: Profile, *, clock_of_profile: bool = False) -> None:
    """clock_of_profile: alerted_h is not what `path` says, but what its profile does."""
    limit, planned = profile.open_within_h, profile.alerted_h
    if planned is None or (limit is not None and planned < limit):
        return
    if limit is None:
        raise SettingsError(path, "alerted_h", f"{planned:g}", Phrase("{key} beside it", key="open_within_h"))
    if clock_of_profile:
        expected = Phrase("more than {key} ({limit})", key="alerted_h", limit=f"{planned:g}")
        raise SettingsError(path, "open_within_h", f"{limit:g}", expected)
    raise SettingsError(
        path, "alerted_h", f"{planned:g}", Phrase("less than open_within_h ({limit})", limit=f"{limit:g}")
    )


def _check_source(path: Path, point: Point, profile: Profile) -> None:
    """Of what a point lives without the grid. Raises SettingsError where its file says of nothing."""
    if point.tank is not None:
        return
    if point.generator is not None:
        raise SettingsError(path, "generator", Phrase("a table"), Phrase("{key} beside it", key="[tank]"))
    power = profile.resources[POWER]
    if point.battery is None and power.need != "not-required":
        raise SettingsError(
            path,
            "tank",
            Phrase("nothing"),
            Phrase(
                "a table; or [battery], of a point that has no generator and lives on that; or need = {need} in [resources.power]",
                need='"not-required"',
            ),
        )


def _check(path: Path, profile: Profile, told: Mapping[str, Resource | ResourceChange]) -> None:
    """told: the resources that `path` speaks of, as it does."""
    for name, change in told.items():
        _check_resource(path, name, profile.resources[name], change)


def _check_resource(path: Path, name: str, resource: Resource, told: Resource | ResourceChange) -> None:
    key = f"resources.{name}"
    if name not in RESOURCES:
        raise SettingsError(path, key, Phrase("an unknown key"), Phrase("one of: {known}", known=", ".join(RESOURCES)))
    if name in ALWAYS_CRITICAL and resource.need != "not-required":
        if resource.need != "required":
            raise SettingsError(path, f"{key}.need", repr(resource.need), either(("required", "not-required")))
        if not resource.critical:
            raise SettingsError(path, f"{key}.critical", "false", Phrase("true: without it no point is ready"))
    if resource.by == "hours" and name != POWER:
        raise SettingsError(
            path,
            f"{key}.by",
            "'hours'",
            Phrase("'metric' or 'word'; only {power} lasts for hours", power=POWER),
        )
    if name == POWER and resource.by != "hours" and resource.need != "not-required":
        raise SettingsError(path, f"{key}.by", repr(resource.by), either(("hours",)))
    for of_metric in _OF_METRIC if resource.by != "metric" else ():
        if (value := getattr(told, of_metric)) is not None:
            found = repr(value) if isinstance(value, str) else f"{value:g}"
            raise SettingsError(path, f"{key}.{of_metric}", found, Phrase("{key} beside it", key='by = "metric"'))
    if resource.by == "metric":
        _check_limits(path, key, resource, told)
    elif resource.by == "word" and resource.renew_days >= resource.valid_days:
        if told.renew_days is None:
            more = Phrase("more than {key} ({limit})", key="renew_days", limit=f"{resource.renew_days:g}")
            raise SettingsError(path, f"{key}.valid_days", f"{resource.valid_days:g}", more)
        raise SettingsError(
            path,
            f"{key}.renew_days",
            f"{resource.renew_days:g}",
            Phrase("less than valid_days ({valid_days})", valid_days=f"{resource.valid_days:g}"),
        )


def _check_limits(path: Path, key: str, resource: Resource, told: Resource | ResourceChange) -> None:
    row = metrics.lookup(resource.metric or "")
    if row is None or row[2] or row[0][metrics.SOURCE] != metrics.TELEMETRY or row[0][metrics.TYPE] == metrics.BOOL:
        found = Phrase("nothing") if resource.metric is None else repr(resource.metric)
        raise SettingsError(
            path, f"{key}.metric", found, Phrase("a figure that boards send, such as climate/temperature")
        )
    if resource.ready_from is None and resource.ready_to is None:
        raise SettingsError(path, f"{key}.ready_from", Phrase("nothing"), Phrase("a limit: ready_from or ready_to"))
    for end, low, high in (("from", "limited_from", "ready_from"), ("to", "ready_to", "limited_to")):
        ready, limited = getattr(resource, f"ready_{end}"), getattr(resource, f"limited_{end}")
        if limited is not None and ready is None:
            beside = Phrase("{key} beside it", key=f"ready_{end}")
            raise SettingsError(path, f"{key}.limited_{end}", f"{limited:g}", beside)
        if limited is not None and getattr(resource, low) > getattr(resource, high):
            raise _disorder(path, key, resource, told, low, high, rather=f"limited_{end}")
    lowest, highest = resource.ready_from, resource.ready_to
    if lowest is not None and highest is not None and highest < lowest:
        raise _disorder(path, key, resource, told, "ready_from", "ready_to")
