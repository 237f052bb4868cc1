"""The generator was not tested in time: whether it starts when it must, nobody knows."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.upkeep import TEST_RUN, TaskState


class TestOverdueRule(PointRule):
    """Raises when the last test run is longer ago than the profile's [upkeep] allows; clears on a new one.

    Raises too where none is known, or not whether it was under load, once the host has watched for unknown_after_h: what
    nobody knows is not fine.
    """

    __test__ = False  # it is no test of pytest's
    wordings = worded(firing=WARNING, unknown=WARNING)

    def judge(self, view: PointView) -> Judgement:
        task = next((task for task in view.upkeep.tasks if task.kind == TEST_RUN), None)
        if task is None:
            return self.held()
        if task.state is TaskState.UNKNOWN:
            unknown_after_s = 3600 * self.limits(view.point).test_overdue.unknown_after_h
            watched = view.data_t is not None and view.now - view.watched_since >= unknown_after_s
            return self.raised({"ran_at": task.t}, "unknown") if watched else self.held()
        detail: Detail = {"ran_at": task.t, "due_at": task.due_at, "minutes": task.detail.get("minutes")}
        return self.raised(detail) if task.state is TaskState.OVERDUE else self.cleared(detail)
