"""The generator was not tested in time: whether it starts when it must, nobody knows."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.upkeep import TEST_RUN, TaskState


class TestOverdueRule(PointRule):
    """Raises when the last test run is longer ago than the profile's [upkeep] allows; clears on a new one.

    Where none is known nothing is judged: the list of upkeep asks for it.
    """

    __test__ = False  # it is no test of pytest's
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        task = next((task for task in view.upkeep.tasks if task.kind == TEST_RUN), None)
        if task is None or task.t is None or task.due_at is None:
            return self.held()
        detail: Detail = {"ran_at": task.t, "due_at": task.due_at, "minutes": task.detail.get("minutes")}
        return self.raised(detail) if task.state is TaskState.OVERDUE else self.cleared(detail)
