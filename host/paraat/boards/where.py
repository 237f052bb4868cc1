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


def _end(label: str, gpio: int, colour: Phrase | None) -> Phrase:
    if colour is None:
        return Phrase("{label} to GPIO {gpio}", label=label, gpio=gpio)
    return Phrase("{label} to GPIO {gpio} ({colour})", label=label, gpio=gpio, colour=colour)
