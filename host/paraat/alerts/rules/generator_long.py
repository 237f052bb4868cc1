"""The generator runs longer than planned: a test that nobody ended, or so long that it wants oil."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.tracker import GENERATOR, MAINS

_HOUR_S = 3600.0


class GeneratorLongRule(PointRule):
    """Raises above mains_h since the mains are there, above outage_h without them; clears when it is known to be off."""

    wordings = worded(firing=WARNING, outage=WARNING)

    def judge(self, view: PointView) -> Judgement:
        running, run = view.fresh(GENERATOR, self.silent_after_s(view)), view.upkeep.run
        if running is False:
            return self.cleared({"data_t": view.data_t})
        if not running or run is None or view.now - run.until > self.silent_after_s(view):
            return self.held()
        limits = self.limits(view.point).generator_long
        mains = view.fresh(MAINS, self.silent_after_s(view)) is True
        hours = (view.now - run.since) / _HOUR_S
        beside_h = (view.now - (run.alone_until or run.since)) / _HOUR_S  # a generator that runs on cools down first
        detail: Detail = {"ran_from_at": run.since, "run_h": hours, "data_t": view.data_t}
        if beside_h > limits.mains_h if mains else hours > limits.outage_h:
            return self.raised(detail, "firing" if mains else "outage")
        return self.held()
