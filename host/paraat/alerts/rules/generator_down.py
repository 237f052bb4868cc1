"""No power at all: the mains are out, and the generator did not start. What runs on the battery runs out."""

from paraat.alerts.rules.base import CRITICAL, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.tracker import GENERATOR, MAINS


class GeneratorDownRule(PointRule):
    """Raises while mains and generator are both off; clears when one of them is known to be there.

    A meter that lives on the mains does not answer without them: with the generator off, that is taken for a blackout too.
    A generator that ran and stopped is generator_stopped's.
    """

    wordings = worded(firing=CRITICAL, unknown=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        if not view.has_tank:  # without a generator it is mains_out's and battery_low's
            return self.cleared({"data_t": view.data_t})
        if view.fresh(MAINS, self.silent_after_s(view)) or view.fresh(GENERATOR, self.silent_after_s(view)):
            return self.cleared({"data_t": view.data_t})
        if view.last_word(GENERATOR, self.silent_after_s(view)) is not False or ran_without_mains(view):
            return self.held()
        detail: Detail = {"off_at": view.mains_t, "battery_h": view.battery.hours if view.battery else None}
        detail["data_t"] = view.data_t
        if view.last_word(MAINS, self.silent_after_s(view)) is False:
            return self.raised(detail, rank=1.0)
        meter = view.latest.get(MAINS)
        if meter is not None and meter.fault is not None and view.is_last_word(MAINS, self.silent_after_s(view)):
            return self.raised(detail, "unknown")
        return self.held()


def ran_without_mains(view: PointView) -> bool:
    """Whether the generator has run since the mains were last known to be there."""
    return view.generator_t is not None and (view.mains_t is None or view.generator_t > view.mains_t)
