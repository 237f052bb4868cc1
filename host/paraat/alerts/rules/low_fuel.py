"""The fuel runs out: by hours left while it is needed, by level always."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import LastFuel, PointView
from paraat.domain.thresholds import LowFuel

NAME = "low_fuel"


class LowFuelRule(PointRule):
    """Raises below raise_hours or raise_percent; clears only above both clear_* on fresh figures.

    Hours count while the generator runs or the mains are out. In standby, with the mains there and the generator off,
    the level alone counts: "six hours if it ran" is no emergency, a tank at 15 % is a job for today. An exercise of the
    generator therefore alarms only when the fuel is low indeed. A gauge that tells nothing keeps no alert back, and one that
    cannot be believed ends none.
    """

    wordings = worded(firing=CRITICAL, level=CRITICAL, standby=WARNING, unmeasured=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        limits = self.limits(view.point).low_fuel
        mains, generator = view.value("power/mains"), view.value("power/generator")
        standby = mains is True and generator is False
        if view.fuel_percent is None:
            return self._by_last_level(view.last_fuel, limits, standby)
        # The cautious end: better told an hour early than one late.
        hours = None if view.autonomy is None else view.autonomy.hours_low
        raise_hours, clear_hours = _within_reach(view, limits)
        low_hours = not standby and hours is not None and hours < raise_hours
        low_level = view.fuel_percent < limits.raise_percent
        if low_hours or low_level:
            wording = "standby" if standby else "level" if hours is None else "firing"
            rank = 0.0 if standby else _rank(hours if low_hours else None, limits)
            return self.raised(_detail(view, low_hours, standby), wording, rank=rank)
        # Old figures may raise an alert, because the estimate goes on falling; they never clear one.
        after_s = self.silent_after_s(view)
        fresh = view.fuel_t is not None and view.now - view.fuel_t <= after_s
        surely_standby = view.fresh("power/mains", after_s) is True and view.fresh("power/generator", after_s) is False
        enough_hours = surely_standby or (hours is not None and hours >= clear_hours)
        enough = enough_hours and view.fuel_percent >= limits.clear_percent
        if fresh and enough and not view.fuel_doubtful:
            return self.cleared(_detail(view, False, standby))
        return self.held()

    def _by_last_level(self, last: LastFuel | None, limits: LowFuel, standby: bool) -> Judgement:
        """The gauge tells nothing: what it told last, less what can have been burnt. That raises, and never clears."""
        if last is None:
            return self.held()
        low_hours = not standby and last.hours_low < limits.raise_hours
        if not low_hours and last.percent >= limits.raise_percent:
            return self.held()
        detail: Detail = {
            "by": "last",
            "standby": int(standby),
            "percent": last.percent,
            "litres": last.litres,
            "hours_low": last.hours_low,
            "refuel_before": last.refuel_before,
            "data_t": last.t,
        }
        return self.raised(detail, "unmeasured", rank=_rank(last.hours_low if low_hours else None, limits))


def _rank(hours: float | None, limits: LowFuel) -> float:
    """How bad: each step down the hours is told anew. None: by the level alone."""
    return 1.0 if hours is None else 2.0 + sum(hours <= step for step in limits.worse_hours)


def _within_reach(view: PointView, limits: LowFuel) -> tuple[float, float]:
    """The two thresholds for this tank: where a full one does not hold clear_hours, below what it does hold.

    An alert that a full tank cannot end would be heard for ever, and then by nobody.
    """
    full_h = None if view.autonomy is None else view.autonomy.hours_full
    filled_h = None if full_h is None else full_h * limits.full_percent / 100
    if filled_h is None or filled_h > limits.clear_hours:
        return limits.raise_hours, limits.clear_hours
    return min(limits.raise_hours, limits.short_percent / 100 * filled_h), filled_h


def _detail(view: PointView, by_hours: bool, standby: bool) -> Detail:
    left = view.autonomy
    return {
        "by": "hours" if by_hours else "level",
        "standby": int(standby),
        "percent": view.fuel_percent,
        "litres": view.litres,
        "hours": left.hours if left else None,
        "hours_low": left.hours_low if left else None,
        "hours_high": left.hours_high if left else None,
        "empty_at": left.empty_at if left else None,
        "refuel_before": left.refuel_before if left else None,
        "data_t": view.fuel_t,
    }
