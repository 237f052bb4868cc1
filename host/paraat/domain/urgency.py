"""Which point needs somebody first: the order of the page and of the dashboards. Pure."""

from paraat.domain.model import PointView
from paraat.domain.readiness import Verdict

# Worst first. A point that fell silent in a blackout may be worse off than one that says what it lacks.
_ORDER = (Verdict.NOT_READY, Verdict.SILENT, Verdict.UNKNOWN, Verdict.LIMITED, Verdict.READY)
_RANK = {verdict: rank for rank, verdict in enumerate(_ORDER)}

Place = tuple[bool, bool, int, float, str, str]


def worst_first(view: PointView, critical: bool) -> Place:
    """What to sort points by: in use, late, the worst, the fewest hours. critical: a critical alert fires for it."""
    left = view.fuel_left if view.has_tank else view.off_grid
    hours = None if left is None else left.hours
    found = view.activation
    return place(as_urgent(view.verdict, critical), hours, view.name, view.point, in_use=found.in_use, late=found.late)


def as_urgent(verdict: Verdict, critical: bool) -> Verdict:
    """Among which a point stands: one with a critical alert, whatever its verdict, among those that are not ready."""
    return Verdict.NOT_READY if critical else verdict


def place(verdict: Verdict, hours: float | None, name: str, point: str, *, in_use: bool, late: bool) -> Place:
    """As worst_first, for who has the figures alone. hours: of fuel, or of the battery where there is no tank; None: not known."""
    return not in_use, not late, _RANK[verdict], -1.0 if hours is None else hours, name, point
