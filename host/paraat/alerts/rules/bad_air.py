"""The air is bad: too many people for the ventilation, or the exhaust of the generator. The second kills."""

from paraat.alerts.rules._climate import all_measured, worst
from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.remarks import CO2, EXHAUST, STUFFY


class BadAirRule(PointRule):
    """Raises from the profile's stuffy_ppm on, critically from foul_ppm on, or when it rises with the generator running.

    Clears when all that is measured lies below again_percent of stuffy_ppm.
    """

    wordings = worded(firing=WARNING, foul=CRITICAL, exhaust=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        remark = worst(view, EXHAUST) or worst(view, STUFFY)
        if remark is not None:
            detail: Detail = {"ppm": remark.value, "limit_ppm": remark.limit, "data_t": view.latest[remark.metric].t}
            if remark.code == EXHAUST:
                return self.raised(detail, "exhaust", rank=2.0)
            return self.raised(detail, "foul" if remark.bad else "firing", rank=float(remark.bad))
        if view.profile is None or not all_measured(view, CO2, self.silent_after_s(view)):
            return self.held()
        most = max(float(view.value(name) or 0.0) for name in view.named(CO2))
        again_ppm = self.limits(view.point).bad_air.again_percent / 100 * view.profile.climate.stuffy_ppm
        if most < again_ppm:
            return self.cleared({"ppm": most, "data_t": view.data_t})
        return self.held()
