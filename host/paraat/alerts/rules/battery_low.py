"""The battery runs down: after it the board, the radio and the light are gone too."""

from collections.abc import Sequence

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView

_CHARGE, _VOLTAGE = "battery/charge", "battery/voltage"


class BatteryLowRule(PointRule):
    """Raises below one of raise_*, of the lowest battery; clears when all that is measured is above its clear_*, and fresh.

    With the mains there it is a warning: it charges, or its charger is broken.
    """

    wordings = worded(firing=WARNING, outage=CRITICAL, alone=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        limits = self.limits(view.point).battery_low
        after_s, charges, voltages = self.silent_after_s(view), view.named(_CHARGE), view.named(_VOLTAGE)
        charge, volts = _lowest(view, charges, after_s), _lowest(view, voltages, after_s)
        detail: Detail = {"percent": charge, "volts": volts, "data_t": view.data_t}
        if (charge is not None and charge < limits.raise_percent) or (volts is not None and volts < limits.raise_v):
            mains = view.last_word("power/mains", after_s)
            outage = "outage" if view.has_tank else "alone"  # without a generator none can be started
            return self.raised(detail, "firing" if mains is True else outage)
        full = _are_from(view, charges, limits.clear_percent, after_s) and _are_from(
            view, voltages, limits.clear_v, after_s
        )
        return self.cleared(detail) if full and (charges or voltages) else self.held()


def _lowest(view: PointView, names: Sequence[str], silent_after_s: float) -> float | None:
    found = [float(value) for name in names if (value := view.last_word(name, silent_after_s)) is not None]
    return min(found) if found else None


def _are_from(view: PointView, names: Sequence[str], limit: float, silent_after_s: float) -> bool:
    """Whether every figure is there now, and at its limit or above; one at fault may be the low one."""
    return all((value := view.fresh(name, silent_after_s)) is not None and value >= limit for name in names)
