"""A sensor does not answer, or says what cannot be. What it measures is not known until somebody mends it."""

from paraat.alerts.rules.base import WARNING, Judgement, PointRule, Role, worded
from paraat.domain.model import AGE_UNSURE, PointView
from paraat.domain.tracker import GENERATOR, MAINS


class SensorFaultRule(PointRule):
    """Raises while a board tells of a fault; clears when each that was at fault gives a value again.

    A meter that lives on the mains cannot answer without them: in a blackout that is no fault.
    """

    for_role: Role = "technician"
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        faults = {n: one for n, one in view.latest.items() if one.fault is not None and n != AGE_UNSURE}
        heard = view.age_s is not None and view.age_s <= self.silent_after_s(view)
        if not faults:
            return self.cleared({"data_t": view.data_t}) if heard else self.held()
        now = {n: one for n, one in faults.items() if view.is_last_word(n, self.silent_after_s(view))}
        if not self._is_powered(view):
            now = {name: one for name, one in now.items() if not name.startswith("power/")}
        if now:
            told = ", ".join(f"{name}:{one.fault}" for name, one in sorted(now.items()))
            return self.raised({"sensors": told, "data_t": max(one.t for one in now.values())}, rank=float(len(now)))
        return self.held()

    def _is_powered(self, view: PointView) -> bool:
        return any(view.last_word(name, self.silent_after_s(view)) is True for name in (MAINS, GENERATOR))
