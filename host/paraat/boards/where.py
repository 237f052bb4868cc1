"""Where on the board each reading comes from: the part, its terminals, and the wires by their GPIO and their colour in the picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from paraat.boards import wiring
from paraat.boards.node_config import board_of, point_path, point_sensors
from paraat.boards.parts import GIVES, part_of
from paraat.domain.points import Point
from paraat.domain.profiles import POWER, Resource
from paraat.site.site import Site
from paraat.texts import Phrase, Words


def wires(site: Site, point_id: str, language: str) -> dict[str, str]:
    """By metric, as it stands on the wire: "A02YYUW: TX to GPIO 18 (blue)". Raises SettingsError."""
    point, path = site.points[point_id], point_path(site, point_id)
    board, words = board_of(path, point), Words(language)
    names = wiring.colours(board)
    found: dict[str, str] = {}
    for sensor in point_sensors(board, path, point):
        part, gpios = part_of(sensor.table), wiring.gpios(board, sensor.table)
        ends = ", ".join(
            words.say(_end(terminal.label, gpios[terminal.to], names.get(gpios[terminal.to])))
            for terminal in part.terminals
            if terminal.to in gpios
        )
        said = words.say(Phrase("{part}: {ends}", part=part.title, ends=ends))
        for metric in metrics_of(sensor.table):
            found.setdefault(metric, said)
    return found


def metrics_of(sensor: Mapping[str, Any]) -> Iterator[str]:
    """What a sensor's table gives, with its own name where it has one."""
    name = sensor.get("name")
    for metric in _given(sensor):
        yield f"{metric}/{name}" if name and not metric.startswith(("power/mains", "power/generator")) else metric


def _given(sensor: Mapping[str, Any]) -> Iterator[str]:
    """Of what its driver can give, what it does as its table has it: one line of the power, or a charger that knows no charge."""
    driver = sensor["driver"]
    never: tuple[str, ...] = ()
    if driver == "pzem004t":
        never = ("power/mains",) if sensor.get("feeds") == "generator" else ("power/generator",)
    elif driver == "ve_direct" and sensor.get("device") == "mppt":
        never = ("battery/charge", "battery/time-left")
    return (metric for metric in GIVES[driver] or (sensor["metric"],) if metric not in never)


def never_measured(site: Site) -> list[Phrase]:
    """What points are judged by and no sensor of theirs gives: with that they are never ready. A line for each kind.

    Raises SettingsError.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for point in site.points.values():
        path = point_path(site, point.id)
        given = {
            metric for one in point_sensors(board_of(path, point), path, point) for metric in metrics_of(one.table)
        }
        for name, resource in site.profiles[point.id].resources.items():
            asked = _asked(resource, point) if resource.need == "required" else ()
            for metric in (metric for metric in asked if metric not in given):
                of_own_name = sorted(one for one in given if resource.by == "metric" and one.startswith(f"{metric}/"))
                found.setdefault((name, metric, of_own_name[0] if of_own_name else ""), []).append(point.id)
    return [
        Phrase(
            'resources.{name}: no sensor of {points} gives {metric}, so it is never known there; expected metric = "{other}"',
            name=name,
            points=", ".join(ids),
            metric=metric,
            other=other,
        )
        if other
        else Phrase(
            "resources.{name}: no sensor of {points} gives {metric}, so it is never known there; expected a sensor for it that has"
            " no name of its own",
            name=name,
            points=", ".join(ids),
            metric=metric,
        )
        if name == POWER
        else Phrase(
            "resources.{name}: no sensor of {points} gives {metric}, so it is never known there; expected a sensor for it, or"
            ' by = "word" where people attest it',
            name=name,
            points=", ".join(ids),
            metric=metric,
        )
        for (name, metric, other), ids in sorted(found.items())
    ]


def _asked(resource: Resource, point: Point) -> tuple[str, ...]:
    """The metrics without which nobody knows how a resource stands."""
    if resource.by == "hours":
        tank = point.tank
        if tank is None:
            return ("power/mains", "battery/charge")
        return ("power/mains", "fuel/distance" if tank.by == "distance" else "fuel/level")
    return (resource.metric or "",) if resource.by == "metric" else ()


def _end(label: str, gpio: int, colour: Phrase | None) -> Phrase:
    if colour is None:
        return Phrase("{label} to GPIO {gpio}", label=label, gpio=gpio)
    return Phrase("{label} to GPIO {gpio} ({colour})", label=label, gpio=gpio, colour=colour)
