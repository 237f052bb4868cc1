"""Where on the board each reading comes from: the part, its terminals, and the wires by their GPIO and their colour in the picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from paraat.boards import wiring
from paraat.boards.node_config import board_of, point_path, point_sensors
from paraat.boards.parts import GIVES, part_of
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
    for metric in GIVES[sensor["driver"]] or (sensor["metric"],):
        yield f"{metric}/{name}" if name and not metric.startswith(("power/mains", "power/generator")) else metric


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
            metric = resource.metric or ""
            if resource.need == "required" and resource.by == "metric" and metric not in given:
                others = sorted(other for other in given if other.startswith(f"{metric}/"))
                found.setdefault((name, metric, others[0] if others else ""), []).append(point.id)
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
            "resources.{name}: no sensor of {points} gives {metric}, so it is never known there; expected a sensor for it, or"
            ' by = "word" where people attest it',
            name=name,
            points=", ".join(ids),
            metric=metric,
        )
        for (name, metric, other), ids in sorted(found.items())
    ]


def _end(label: str, gpio: int, colour: Phrase | None) -> Phrase:
    if colour is None:
        return Phrase("{label} to GPIO {gpio}", label=label, gpio=gpio)
    return Phrase("{label} to GPIO {gpio} ({colour})", label=label, gpio=gpio, colour=colour)
