"""The mains are out, and generator or battery carry the point: nothing is wrong there, and a blackout has begun."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView
from paraat.domain.tracker import GENERATOR, MAINS


class MainsOutRule(PointRule):
    """Raises while the mains are known to be out; clears when they are back. Without a generator too it is generator_down's."""

    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, unknown=WARNING, battery=WARNING)

    def judge(self, view: PointView) -> Judgement:
        if view.fresh(MAINS, self.silent_after_s(view)):
            return self.cleared({"data_t": view.data_t})
        if not view.has_tank and view.last_word(MAINS, self.silent_after_s(view)) is False:
            lasts = view.off_grid
            found: Detail = {"off_at": view.mains_t, "battery_h": lasts.hours_low if lasts else None}
            return self.raised(found | {"data_t": view.data_t}, "battery")
        generator = view.last_word(GENERATOR, self.silent_after_s(view))
        if view.last_word(MAINS, self.silent_after_s(view)) is not False or generator is False:
            return self.held()
        detail: Detail = {
            "off_at": view.mains_t,
            "hours_low": view.fuel_left.hours_low if view.fuel_left else None,
            "data_t": view.data_t,
        }
        return self.raised(detail, "firing" if generator else "unknown")
