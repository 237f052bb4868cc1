"""The journal's disk fills: when it is full, nothing of any point is kept, and boards hold back what they read."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import DiskSpace


class DiskFullRule(Judging):
    """Raises when it is full within raise_hours, or below raise_free_percent; clears above both clear_*."""

    judges = DiskSpace
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, low=CRITICAL)

    def judge(self, view: DiskSpace) -> Judgement:
        """Judge the disk at view.now."""
        limits = self.limits().disk_full
        free_percent = 100 * view.free / max(1, view.total)
        hours = view.full_in_h
        detail: Detail = {"free_gb": view.free / 1e9, "free_percent": free_percent, "full_h": hours}
        if free_percent < limits.raise_free_percent:
            return self.raised(detail, "low", rank=1.0)
        if hours is not None and hours < limits.raise_hours:
            return self.raised(detail)
        enough = free_percent >= limits.clear_free_percent and (hours is None or hours >= limits.clear_hours)
        return self.cleared(detail) if enough else self.held()
