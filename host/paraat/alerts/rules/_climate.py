"""What the rules about the air in a point share."""

from typing import ClassVar

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.activation import Phase
from paraat.domain.model import PointView
from paraat.domain.remarks import TEMPERATURE, Remark

_OPEN = (Phase.OPENING, Phase.OPERATIONAL, Phase.CLOSING)


def worst(view: PointView, *codes: str) -> Remark | None:
    """Of the remarks of these codes a bad one, or else any; None without one."""
    if not view.remarks:
        return None
    found = [remark for remark in view.remarks if remark.code in codes]
    return max(found, key=lambda remark: remark.bad, default=None)


def has_people(view: PointView) -> bool:
    """Whether people are there, or may be: it is open, or somebody was counted."""
    return view.activation.phase in _OPEN or (view.people is not None and view.people.people > 0)


def all_measured(view: PointView, metric: str, silent_after_s: float) -> bool:
    """Whether every sensor of a kind gives a value now: one at fault may be where it is bad."""
    names = view.named(metric)
    return bool(names) and all(view.fresh(name, silent_after_s) is not None for name in names)


class TemperatureRule(PointRule):
    """Raises on a bad remark of this code anywhere in the point; clears without one, on values of every sensor."""

    code: ClassVar[str]  # of domain.remarks
    wordings = worded(firing=WARNING, people=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        """Judge a point. With people it is critical."""
        remark = worst(view, self.code)
        if remark is not None and remark.bad:
            people = has_people(view)
            detail: Detail = {
                "temperature": remark.value,
                "limit": remark.limit,
                "data_t": view.latest[remark.metric].t,
            }
            return self.raised(detail, "people" if people else "firing", rank=float(people))
        if remark is None and all_measured(view, TEMPERATURE, self.silent_after_s(view)):
            return self.cleared({"data_t": view.data_t})
        return self.held()
