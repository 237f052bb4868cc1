"""How long the battery lasts, and what the point can do without the grid: fuel and battery together."""

from collections.abc import Callable

from paraat.domain.model import Autonomy, BatteryLeft, OffGrid
from paraat.domain.points import Battery

CHARGE = "battery/charge"
VOLTAGE = "battery/voltage"
CURRENT = "battery/current"
TIME_LEFT = "battery/time-left"  # h, that a battery monitor reckons itself
LOAD = "power/load"
SPREAD = 0.2  # how far a charge and a load of now are trusted for the hours to come, as a part
_LEAST_W = 1.0  # below this nothing is drawn that could be reckoned with


Known = Callable[[str], float | int | bool | None]


def left(battery: Battery, known: Known) -> BatteryLeft | None:
    """Hours that the battery lasts at the load of now; None while neither its charge nor its monitor tells.

    The monitor learns what is drawn; its own hours go before ours. It stops at the charge that it is set to stop at.

    known: the value of a metric now, None where it is not known.
    """
    told = known(TIME_LEFT)
    if told is not None:
        drawn = _drawn(known)
        return BatteryLeft(hours=float(told), load_w=drawn, source="monitor")
    charge = known(CHARGE)
    if charge is None:
        return None
    load_w, source = _load(battery, known)
    usable_wh = max(0.0, charge - battery.empty_percent) / 100 * battery.capacity_ah * battery.nominal_v
    return BatteryLeft(hours=usable_wh / load_w, load_w=load_w, source=source)


def _load(battery: Battery, known: Known) -> tuple[float, str]:
    """What is drawn from the battery. While it discharges its own current tells; else the load that it would carry."""
    drawn = _drawn(known)
    if drawn is not None:
        return drawn, "current"
    load = known(LOAD)
    if load is not None and load > _LEAST_W:
        return float(load), "load"
    return battery.load_w, "record"


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
