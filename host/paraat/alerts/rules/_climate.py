"""What the rules about the air in a point share."""

from paraat.domain.activation import Phase
from paraat.domain.model import PointView
from paraat.domain.remarks import Remark

_OPEN = (Phase.OPENING, Phase.OPERATIONAL, Phase.CLOSING)


def worst(view: PointView, *codes: str) -> Remark | None:
    """Of the remarks of these codes a bad one, or else any; None without one."""
    found = [remark for remark in view.remarks if remark.code in codes]
    return max(found, key=lambda remark: remark.bad, default=None)


def has_people(view: PointView) -> bool:
    """Whether people are there, or may be: it is open, or somebody was counted."""
    return view.activation.phase in _OPEN or (view.people is not None and view.people.people > 0)


def all_measured(view: PointView, metric: str, silent_after_s: float) -> bool:
    """Whether every sensor of a kind gives a value now: one at fault may be where it is bad."""
    names = view.named(metric)
    return bool(names) and all(view.fresh(name, silent_after_s) is not None for name in names)
