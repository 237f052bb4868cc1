"""Which point needs somebody first: the order of the page and of the dashboards. Pure."""

from paraat.domain.model import PointView
from paraat.domain.readiness import Verdict

# Worst first. A point that fell silent in a blackout may be worse off than one that says what it lacks.
_ORDER = (Verdict.NOT_READY, Verdict.SILENT, Verdict.UNKNOWN, Verdict.LIMITED, Verdict.READY)
_RANK = {verdict: rank for rank, verdict in enumerate(_ORDER)}

Place = tuple[bool, bool, int, float, str, str]


def worst_first(view: PointView, critical: bool) -> Place:
    """What to sort points by: in use, late, the worst, the fewest hours. critical: a critical alert fires for it."""
    hours = -1.0 if view.autonomy is None else view.autonomy.hours
    found = view.activation
    rank = 0 if critical else _RANK[view.verdict]
    return not found.in_use, not found.late, rank, hours, view.name, view.point
