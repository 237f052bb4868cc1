"""The battery runs down: after it the board, the radio and the light are gone too."""

from collections.abc import Iterator

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.thresholds import BatteryLow

_CHARGE, _VOLTAGE = "battery/charge", "battery/voltage"


class BatteryLowRule(PointRule):
    """Raises below one of raise_*, of the lowest battery; clears when all that is measured is above its clear_*, and fresh.

    With the mains there it is a warning: it charges, or its charger is broken.
    """

    wordings = worded(firing=WARNING, outage=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        limits = self.limits(view.point).battery_low
        charge, volts = (self._lowest(view, name) for name in (_CHARGE, _VOLTAGE))
        detail: Detail = {"percent": charge, "volts": volts, "data_t": view.data_t}
        if (charge is not None and charge < limits.raise_percent) or (volts is not None and volts < limits.raise_v):
            mains = view.last_word("power/mains", self.silent_after_s(view))
            return self.raised(detail, "firing" if mains is True else "outage")
        if _is_full(view, limits, self.silent_after_s(view)):
            return self.cleared(detail)
        return self.held()

    def _lowest(self, view: PointView, name: str) -> float | None:
        found = [view.last_word(one, self.silent_after_s(view)) for one in view.named(name)]
        return min((float(value) for value in found if value is not None), default=None)


def _is_full(view: PointView, limits: BatteryLow, silent_after_s: float) -> bool:
    """Whether every figure is there now, and above its limit; one at fault may be the low one."""
    measured = list(_measured(view, limits))
    return bool(measured) and all(
        (value := view.fresh(name, silent_after_s)) is not None and value >= limit for name, limit in measured
    )


def _measured(view: PointView, limits: BatteryLow) -> Iterator[tuple[str, float]]:
    yield from ((name, limits.clear_percent) for name in view.named(_CHARGE))
    yield from ((name, limits.clear_v) for name in view.named(_VOLTAGE))
