"""The refuel round: which point wants fuel first, how much, and who brings it. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from paraat.domain.facts import Delivered, DeliveryPlanned, Fact, Standing
from paraat.domain.model import PointView
from paraat.domain.points import Point, Tank
from paraat.domain.profiles import Profile

# Of what was planned: so much brought, and the plan is done with. A lorry seldom brings to the litre what was asked, and a
# few jerrycans of a neighbour are not that lorry.
_DONE_PART = 0.5


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The last delivery that somebody confirmed."""

    t: float
    litres: float
    by: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is arranged: who brings it, when, how much. late: that moment is over, and nobody confirmed it.

    too_late: as far as is known the tank is empty before it comes. brought_l: of these litres came already.
    """

    at: float
    litres: float
    who: str
    late: bool
    too_late: bool
    brought_l: float = 0.0

    @property
    def to_come_l(self) -> float:
        """What is still to come of it."""
        return self.litres - self.brought_l


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the round. hours_low: cautious hours left; to_full_l, to_target_l: litres wanted. None: not known."""

    point: str
    hours_low: float | None
    refuel_before: float | None
    to_full_l: float | None
    to_target_l: float | None
    last: Delivery | None
    plan: Plan | None

    @property
    def settled(self) -> bool:
        """Whether somebody is on the way, in time as far as anybody knows."""
        return self.plan is not None and not self.plan.late and not self.plan.too_late


def stops(
    views: Iterable[PointView],
    points: Mapping[str, Point],
    profiles: Mapping[str, Profile],
    standing: Standing,
) -> list[Stop]:
    """Every point that is in use and has a tank, the most urgent first; those for which fuel is arranged come after all others.

    Where the fuel is not known, or its gauge cannot be believed, somebody must go and look: such a point comes before
    those of which it is known.
    """
    found = [
        _stop(view, tank, profiles[view.point], standing)
        for view in views
        if view.activation.in_use and (tank := points[view.point].tank) is not None
    ]
    return sorted(found, key=lambda stop: (stop.settled, stop.refuel_before or 0.0, stop.point))


def _stop(view: PointView, tank: Tank, profile: Profile, standing: Standing) -> Stop:
    left = view.fuel_left
    to_full = to_target = None
    if view.litres is not None and left is not None:
        to_full = max(0.0, tank.fill_l - view.litres)
        caution = left.hours / left.hours_low if left.hours_low > 0 else 1.0
        wanted = tank.reserve_l + profile.target_h * left.burn_l_per_h * caution
        to_target = min(to_full, max(0.0, wanted - view.litres))
    delivered = standing.newest(Delivered, view.point)
    # With the mains there the tank is not being emptied, and a plan for next week is in time.
    empty_from = None if left is None or view.value("power/mains") is True else left.refuel_before
    return Stop(
        point=view.point,
        hours_low=None if left is None else left.hours_low,
        refuel_before=None if left is None else left.refuel_before,
        to_full_l=to_full,
        to_target_l=to_target,
        last=_delivery(delivered),
        plan=_plan(view, standing, empty_from),
    )


def _delivery(fact: Fact | None) -> Delivery | None:
    if fact is None or not isinstance(fact.told, Delivered):
        return None
    return Delivery(t=fact.t, litres=fact.told.litres, by=fact.author.name)


def _plan(view: PointView, standing: Standing, empty_from: float | None) -> Plan | None:
    """What is arranged; a plan is done with when enough was brought after it was made, or by a new plan of nothing.

    empty_from: when the tank is empty, cautiously, of a point that lives on it; None: of another, or nobody knows.
    """
    fact = standing.newest(DeliveryPlanned, view.point)
    if fact is None or not isinstance(fact.told, DeliveryPlanned) or not fact.told.litres:
        return None
    told = fact.told
    brought_l = standing.brought_since(fact, view.point)
    if brought_l >= _DONE_PART * told.litres:
        return None
    return Plan(
        at=told.at,
        litres=told.litres,
        who=told.who,
        late=view.now > told.at,
        too_late=empty_from is not None and told.at > empty_from,
        brought_l=brought_l,
    )
