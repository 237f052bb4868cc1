"""The fuel runs out: by hours left while it is needed, by level always."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "low_fuel"


class LowFuelRule:
    """Raises below raise_hours or raise_percent; clears only above both clear_* on fresh figures.

    Hours count while the generator runs or the mains are out. In standby, with the mains there and the generator off,
    the level alone counts: "six hours if it ran" is no emergency, a tank at 15 % is a job for today. An exercise of the
    generator therefore alarms only when the fuel is low indeed.
    """

    judges = PointView

    def __init__(self, alerts: Alerts) -> None:
        self._limits = alerts.low_fuel
        self._silent_after_s = alerts.point_silent.after_s
        self.hold_s = alerts.low_fuel.hold_s

    def judge(self, view: PointView) -> Judgement:
        limits = self._limits
        if view.fuel_percent is None:
            return Judgement(verdict=Verdict.HOLD)
        mains, generator = view.value("power/mains"), view.value("power/generator")
        standby = mains is True and generator is False
        hours = None if view.autonomy is None else view.autonomy.hours
        low_hours = not standby and hours is not None and hours < limits.raise_hours
        low_level = view.fuel_percent < limits.raise_percent
        if low_hours or low_level:
            wording = "standby" if standby else "level" if hours is None else "firing"
            detail = self._detail(view, low_hours, standby)
            return Judgement(verdict=Verdict.RAISE, detail=detail, wording=wording)
        # Old figures may raise an alert, because the estimate goes on falling; they never clear one.
        fresh = view.fuel_t is not None and view.now - view.fuel_t <= self._silent_after_s
        surely_standby = (
            view.fresh("power/mains", self._silent_after_s) is True
            and view.fresh("power/generator", self._silent_after_s) is False
        )
        enough_hours = surely_standby or (hours is not None and hours >= limits.clear_hours)
        if fresh and enough_hours and view.fuel_percent >= limits.clear_percent:
            return Judgement(verdict=Verdict.CLEAR, detail=self._detail(view, False, standby))
        return Judgement(verdict=Verdict.HOLD)

    @staticmethod
    def _detail(view: PointView, by_hours: bool, standby: bool) -> dict[str, float | int | str | None]:
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
