"""It is too warm for people, the old and the sick first."""

from paraat.alerts.rules._climate import all_measured, has_people, worst
from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.remarks import TEMPERATURE, WARM


class TooWarmRule(PointRule):
    """Raises above the profile's hot_c anywhere in the point; clears from warm_c on down everywhere. With people: critical."""

    wordings = worded(firing=WARNING, people=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        remark = worst(view, WARM)
        if remark is not None and remark.bad:
            people = has_people(view)
            detail: Detail = {
                "temperature": remark.value,
                "limit": remark.limit,
                "data_t": view.latest[remark.metric].t,
            }
            return self.raised(detail, "people" if people else "firing", rank=float(people))
        if remark is None and all_measured(view, TEMPERATURE, self.silent_after_s):
            return self.cleared({"data_t": view.data_t})
        return self.held()
