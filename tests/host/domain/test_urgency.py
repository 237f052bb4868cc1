"""Which point stands at the top of the page."""

import msgspec
import pytest

from paraat.domain.activation import Activation, Phase
from paraat.domain.model import Autonomy, PointView
from paraat.domain.readiness import Verdict
from paraat.domain.urgency import worst_first
from tracker_bench import T0, Bench

LEFT = Autonomy(
    hours_low=4, hours=5, hours_high=6, burn_l_per_h=10, source="record", empty_at=T0 + 18000, refuel_before=T0 + 14400
)
LATE = Activation(phase=Phase.OPENING, late=True)


def point(name: str, verdict: Verdict, *, hours: float | None = 5.0, activation: Activation | None = None) -> PointView:
    bench = Bench()
    bench.sees(T0)
    (view,) = bench.tracker.views(T0 + 1)
    left = None if hours is None else msgspec.structs.replace(LEFT, hours=hours)
    return msgspec.structs.replace(
        view, point=name, name=name, verdict=verdict, autonomy=left, activation=activation or view.activation
    )


@pytest.mark.parametrize(
    "order",
    [
        # Verdicts, the worst first.
        [
            (point("e", Verdict.NOT_READY), False),
            (point("d", Verdict.SILENT), False),
            (point("c", Verdict.UNKNOWN), False),
            (point("b", Verdict.LIMITED), False),
            (point("a", Verdict.READY), False),
        ],
        # Of one verdict the fewest hours, before them those of which nobody knows, also where others are at the end of theirs.
        [
            (point("c", Verdict.LIMITED, hours=None), False),
            (point("b", Verdict.LIMITED, hours=0.0), False),
            (point("a", Verdict.LIMITED, hours=0.5), False),
        ],
        # A critical alert counts as the worst verdict, whatever the verdict is, and then the hours do.
        [
            (point("c", Verdict.READY, hours=1.0), True),
            (point("b", Verdict.NOT_READY, hours=2.0), False),
            (point("a", Verdict.SILENT, hours=0.5), False),
        ],
        # Who opens too late comes before all that are not late.
        [(point("b", Verdict.READY, activation=LATE), False), (point("a", Verdict.NOT_READY), True)],
        # What is not in use comes last, however bad it is.
        [
            (point("b", Verdict.READY), False),
            (point("a", Verdict.NOT_READY, activation=Activation(phase=Phase.OUT_OF_USE, late=True)), True),
        ],
        # Of the same by its name.
        [(point("a", Verdict.READY), False), (point("b", Verdict.READY), False)],
    ],
    ids=["verdicts", "hours", "critical", "late", "not in use", "names"],
)
def test_the_worst_comes_first(order: list[tuple[PointView, bool]]) -> None:
    found = list(reversed(order))
    found.sort(key=lambda one: worst_first(*one))
    assert [view.point for view, _ in found] == [view.point for view, _ in order]
