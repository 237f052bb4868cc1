"""The generator ran for want of mains, and stopped: of itself, because it is broken or out of fuel, or by a mistake."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.alerts.rules.generator_down import ran_without_mains
from paraat.domain.model import PointView
from paraat.domain.tracker import GENERATOR, MAINS


class GeneratorStoppedRule(PointRule):
    """Raises when it stopped and the mains are not known to be back; clears when one of the two is known to be there.

    A point whose mains were never measured ends each test run so: nothing is judged there.
    """

    wordings = worded(firing=CRITICAL, unknown=WARNING)

    def judge(self, view: PointView) -> Judgement:
        if not view.has_tank:
            return self.cleared({"data_t": view.data_t})
        if view.fresh(MAINS, self.silent_after_s(view)) or view.fresh(GENERATOR, self.silent_after_s(view)):
            return self.cleared({"data_t": view.data_t})
        if view.last_word(GENERATOR, self.silent_after_s(view)) is not False or not ran_without_mains(view):
            return self.held()
        detail: Detail = {"stopped_at": view.generator_t, "data_t": view.data_t, "percent": view.fuel_percent}
        if view.last_word(MAINS, self.silent_after_s(view)) is False:
            return self.raised(detail, rank=1.0)
        return self.raised(detail, "unknown") if MAINS in view.latest else self.held()
