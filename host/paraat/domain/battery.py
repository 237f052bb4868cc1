"""How long the battery lasts, and what the point can do without the grid: fuel and battery together."""

from collections.abc import Callable, Mapping

from paraat.domain.model import Autonomy, BatteryLeft, OffGrid
from paraat.domain.points import Battery

CHARGE = "battery/charge"
VOLTAGE = "battery/voltage"
CURRENT = "battery/current"
TIME_LEFT = "battery/time-left"  # h, that a battery monitor reckons itself
LOAD = "power/load"
SPREAD = 0.2  # how far a charge and a load of now are trusted for the hours to come, as a part
_NEVER = (float("-inf"), 0.0)
_LEAST_W = 1.0  # below this nothing is drawn that could be reckoned with


Known = Callable[[str], float | int | bool | None]


class Told:
    """What was told last of what the battery gives, however long ago: that nobody tells it any more makes it no less.

    In whatever order sets come, the newest of each counts.
    """

    __slots__ = ("_drawn", "_idle_t", "_load", "_time_left")

    def __init__(self) -> None:
        self._drawn = self._load = self._time_left = _NEVER  # (when, how much)
        self._idle_t = _NEVER[0]  # when it last gave nothing

    def learn(self, values: Mapping[str, float | int | bool], t: float) -> None:
        """Take in a set that was read at t, unix seconds."""
        drawn = _drawn(values.get)
        if drawn is not None:
            self._drawn = max(self._drawn, (t, drawn))
        elif CURRENT in values and VOLTAGE in values:
            self._idle_t = max(self._idle_t, t)
        if (load := values.get(LOAD)) is not None:
            self._load = max(self._load, (t, float(load)))
        if (hours := values.get(TIME_LEFT)) is not None:
            self._time_left = max(self._time_left, (t, float(hours)))

    def forget_after(self, t: float) -> None:
        """Let go of what was read after t, unix seconds."""
        self._drawn, self._load, self._time_left = (
            told if told[0] <= t else _NEVER for told in (self._drawn, self._load, self._time_left)
        )
        self._idle_t = min(self._idle_t, t)

    @property
    def load_w(self) -> float:
        """W: the most of what was drawn from it and what the point took; 0 where nobody ever told."""
        return max(self._drawn[1], self._load[1])

    @property
    def time_left_h(self) -> float | None:
        """What its monitor reckoned last, unless a later set said that it gives nothing; None: it did not."""
        t, hours = self._time_left
        return hours if t >= self._idle_t and t > _NEVER[0] else None


def left(battery: Battery, known: Known, told: Told) -> BatteryLeft | None:
    """Hours that the battery lasts at the load of now; None while neither its charge nor its monitor tells.

    The monitor learns what is drawn; its own hours go before ours. It stops at the charge that it is set to stop at.

    known: the value of a metric now, None where it is not known. told: what was told last. Where a figure is missing the
    worst of what was told and of the record counts: to know less never gives more hours.
    """
    monitors = known(TIME_LEFT)
    if monitors is not None:
        return BatteryLeft(hours=float(monitors), load_w=_drawn(known), source="monitor")
    charge = known(CHARGE)
    if charge is None:
        return None
    load_w, source = _load(battery, known, told)
    usable_wh = max(0.0, charge - battery.empty_percent) / 100 * battery.capacity_ah * battery.nominal_v
    hours = usable_wh / load_w
    if told.time_left_h is not None and told.time_left_h < hours:
        return BatteryLeft(hours=told.time_left_h, load_w=load_w, source="monitor")
    return BatteryLeft(hours=hours, load_w=load_w, source=source)


def _load(battery: Battery, known: Known, told: Told) -> tuple[float, str]:
    """What is drawn from the battery. While it discharges its own current tells; else the load that it would carry."""
    drawn, load = _drawn(known), known(LOAD)
    if drawn is not None:
        return drawn, "current"
    idle = known(CURRENT) is not None and known(VOLTAGE) is not None
    if idle and load is not None and load > _LEAST_W:
        return float(load), "load"
    if not idle and load is not None and load >= max(told.load_w, _LEAST_W):
        return float(load), "load"
    return max(battery.load_w, told.load_w), "record" if battery.load_w >= told.load_w else "told"


def _drawn(known: Known) -> float | None:
    """W that the battery gives; None where it gives none, or nobody knows."""
    volts, amperes = known(VOLTAGE), known(CURRENT)
    return -volts * amperes if volts is not None and amperes is not None and -volts * amperes > _LEAST_W else None


def off_grid(fuel: Autonomy | None, battery: BatteryLeft | None) -> OffGrid | None:
    """Fuel first, then the battery; of what is not known nothing is counted. None when neither is known."""
    if fuel is None and battery is None:
        return None
    hours = battery.hours if battery else 0.0
    sources = (*(("fuel",) if fuel else ()), *(("battery",) if battery else ()))
    return OffGrid(
        hours_low=(fuel.hours_low if fuel else 0.0) + hours * (1 - SPREAD),
        hours=(fuel.hours if fuel else 0.0) + hours,
        hours_high=(fuel.hours_high if fuel else 0.0) + hours * (1 + SPREAD),
        source="+".join(sources),
    )
