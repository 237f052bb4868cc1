"""InfluxDB lags: Grafana shows what was, and calls it now. Or it would not have some rows. Nothing is lost: the journal keeps it."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import DatabaseLag


class DatabaseBehindRule(Judging):
    """Raises when the oldest entry that it has not got waits for behind_s, or while rows are kept aside that it refused; clears
    when none is, and none waits for caught_up_s.
    """

    judges = DatabaseLag
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, refused=WARNING)

    def judge(self, view: DatabaseLag) -> Judgement:
        """Judge the database at view.now."""
        limits = self.limits().database_behind
        waits_s = 0.0 if view.waiting_since is None else view.now - view.waiting_since
        detail: Detail = {"waiting_at": view.waiting_since, "waiting": view.waiting}
        if waits_s > limits.behind_s:
            return self.raised(detail, rank=1.0)
        if view.refused:
            return self.raised(detail | {"refused": view.refused}, "refused")
        return self.cleared(detail) if waits_s <= limits.caught_up_s else self.held()
