"""The board's memory runs low: it will start again by itself, or lose its connection."""

from paraat.alerts.rules.base import WARNING, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView
from paraat.domain.tracker import heaps


class BoardMemoryRule(PointRule):
    """Raises when one of the heaps is below its limit; clears when all that are told reach again_percent of theirs."""

    for_role: Role = "technician"
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        limits = self.limits(view.point).board_memory
        found = heaps(view, self.silent_after_s(view), limits)
        if not found:
            return self.held()
        least = min(found, key=lambda heap: heap.free / max(1, heap.limit))
        detail: dict[str, float | int | str | None] = {
            "free_kb": least.free / 1024,
            "limit_kb": least.limit / 1024,
            "data_t": view.data_t,
        }
        if least.free < least.limit:
            return self.raised(detail)
        enough = least.free >= limits.again_percent / 100 * least.limit
        return self.cleared(detail) if enough else self.held()
