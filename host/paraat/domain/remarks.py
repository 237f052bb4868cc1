"""Figures that must not pass for fine: an empty battery, a cold hall, more people than there is room for, bad air. Pure."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

import msgspec

from paraat.domain.air import Lowest
from paraat.domain.passages import Present
from paraat.domain.profiles import ClimatePlan, PeoplePlan

# Codes; the texts have the words.
BATTERY_LOW = "battery-low"
COLD = "cold"
WARM = "warm"
BUSY = "busy"  # detail percent of the capacity
FULL = "full"
STUFFY = "stuffy"  # carbon dioxide as a sign of a crowd
EXHAUST = "exhaust"  # carbon dioxide that rises while the generator runs, and nobody came in who could be why


VOLTAGE = "battery/voltage"
TEMPERATURE = "climate/temperature"
CO2 = "climate/co2"
_OF = {VOLTAGE: (BATTERY_LOW,), TEMPERATURE: (COLD, WARM), CO2: (STUFFY, EXHAUST)}

Value = float | int | bool


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that is not fine. bad: it is dangerous, or too much; else it wants attention. limit: in the figure's unit.

    metric: whose figure it is, as on the wire; generator: whether it runs, of bad air.
    """

    code: str
    bad: bool
    metric: str
    value: float
    limit: float
    generator: bool = False


class Figures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known now; what is old, or at fault, is not in it. generator: None where nobody knows whether it runs.

    gone: the metrics that were heard once and are not known now.
    """

    values: Mapping[str, Value]
    gone: Collection[str] = ()
    generator: bool | None
    people: Present | None
    capacity: int
    battery_low_v: float


def remarks(
    figures: Figures, lowest: Callable[[str], Lowest | None], climate: ClimatePlan, crowd: PeoplePlan
) -> tuple[Remark, ...]:
    """What is not fine, in the order of the metrics' names. lowest: of a metric's carbon dioxide, before it rose."""
    found: list[Remark] = []
    for name, value in sorted(figures.values.items()):
        remark, kind = None, _kind(name)
        if kind == VOLTAGE and value < figures.battery_low_v:
            remark = Remark(code=BATTERY_LOW, bad=True, metric=name, value=value, limit=figures.battery_low_v)
        elif kind == TEMPERATURE:
            remark = _warmth(name, float(value), climate)
        elif kind == CO2:
            remark = _air(name, float(value), lowest(name), figures, climate)
        if remark is not None:
            found.append(remark)
    if (crowded := _crowd(figures, crowd)) is not None:
        found.append(crowded)
    return tuple(found)


def judged(figures: Figures) -> tuple[str, ...]:
    """The codes of which the figures tell whether they are so; of the others nobody knows.

    With one sensor of several gone nobody knows either: it may be where it is cold.
    """
    found: list[str] = []
    known, gone = {_kind(name) for name in figures.values}, {_kind(name) for name in figures.gone}
    for kind, codes in _OF.items():
        if kind in known and kind not in gone:
            found += codes
    return (*found, *(() if figures.people is None else (BUSY, FULL)))


@lru_cache(maxsize=1024)
def _kind(name: str) -> str | None:
    """Of which figures that can be bad it is one; None: of none."""
    return next((kind for kind in _OF if name == kind or name.startswith(f"{kind}/")), None)


def _warmth(name: str, value: float, plan: ClimatePlan) -> Remark | None:
    if value < plan.cool_c:
        bad = value < plan.cold_c
        return Remark(code=COLD, bad=bad, metric=name, value=value, limit=plan.cold_c if bad else plan.cool_c)
    if value > plan.warm_c:
        bad = value > plan.hot_c
        return Remark(code=WARM, bad=bad, metric=name, value=value, limit=plan.hot_c if bad else plan.warm_c)
    return None


def _air(name: str, value: float, lowest: Lowest | None, figures: Figures, plan: ClimatePlan) -> Remark | None:
    """Not to know whether the generator runs, or who came in, does not make it a crowd."""
    if lowest is not None and figures.generator is not False and value - lowest.co2_ppm >= plan.exhaust_rise_ppm:
        here = None if figures.people is None else figures.people.people
        if here is None or lowest.people is None or here < lowest.people + plan.exhaust_people:
            limit = lowest.co2_ppm + plan.exhaust_rise_ppm
            return Remark(code=EXHAUST, bad=True, metric=name, value=value, limit=limit, generator=True)
    if value >= plan.stuffy_ppm:
        bad = value >= plan.foul_ppm
        limit = plan.foul_ppm if bad else plan.stuffy_ppm
        generator = figures.generator is not False
        return Remark(code=STUFFY, bad=bad, metric=name, value=value, limit=limit, generator=generator)
    return None


def _crowd(figures: Figures, plan: PeoplePlan) -> Remark | None:
    if figures.people is None:
        return None
    people, capacity = figures.people.people, figures.capacity
    for code, percent in ((FULL, plan.full_percent), (BUSY, plan.busy_percent)):
        if people * 100 >= percent * capacity:
            full = code == FULL
            return Remark(code=code, bad=full, metric="people/present", value=people, limit=capacity * percent / 100)
    return None
