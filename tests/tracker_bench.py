"""A tracker of one point, fed by hand: for the tests of the domain and of the alert rules."""

import msgspec

from paraat.domain.model import PointView, SampleSet, Value
from paraat.domain.points import Battery, Point, PointBoard, Tank
from paraat.domain.profiles import Profile, Resource
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker

T0 = 1764000000.0
POINT = Point(
    id="nsp-0101",
    name="De Linde",
    municipality="Voorbeeldstad",
    capacity=150,
    tank=Tank(capacity_l=400, burn_l_per_h=10, reserve_l=0),
    board=PointBoard(type="esp32_devkitc_ve"),
)
BATTERY = Battery(capacity_ah=400, nominal_v=24, load_w=100)  # 76.8 h from full to empty_percent
# It looks at power alone: what is left for a test to say is then the rest of the point.
PROFILE = Profile(target_h=12.0, resources={"power": Resource(critical=True, by="hours")})


class Bench:
    """A tracker of one point, with its counts."""

    def __init__(
        self, tank: Tank | None = POINT.tank, battery: Battery | None = None, profile: Profile = PROFILE
    ) -> None:
        self.counts = (0, 0)
        self.certificate_until: float | None = None
        self.tracker = Tracker(
            {POINT.id: msgspec.structs.replace(POINT, tank=tank, battery=battery)},
            Alerts(),
            profiles={POINT.id: profile},
            since=T0,
            counts=lambda _: self.counts,
            certificate_until=lambda _point, _now: self.certificate_until,
        )
        self.seq = 0

    def sees_a_stuck_gauge(self) -> float:
        """Two hours of an outage in which the generator runs and the level does not move; gives the moment after."""
        for minute in range(1, 121):
            self.sees(T0 + 60 * minute, power__mains=False, power__generator=True)
        return T0 + 7201

    def sees(
        self,
        t: float,
        faults: dict[str, str] | None = None,
        received_at: float | None = None,
        without: str = "",
        **values: Value,
    ) -> None:
        """A set of a point in standby, but for `values`; `without`: a metric that is not in it."""
        self.seq += 1
        plain: dict[str, Value] = {"fuel/level": 60.0, "power/mains": True, "power/generator": False}
        plain |= {name.replace("__", "/"): value for name, value in values.items()}
        for name in (*(faults or {}), without):
            plain.pop(name, None)
        self.tracker.apply(
            SampleSet(
                point=POINT.id,
                kind="telemetry",
                seq=self.seq,
                t=t,
                received_at=t + 1 if received_at is None else received_at,
                values=plain,
                faults=faults or {},
            )
        )

    def view(self, now: float) -> PointView:
        return self.tracker.view(POINT.id, now)
