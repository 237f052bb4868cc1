"""What a tank still holds when its gauge tells nothing any more: the last level, less what can have been burnt since. Pure."""

from msgspec.structs import replace

from paraat.domain import autonomy
from paraat.domain.autonomy import Reading
from paraat.domain.model import LastFuel
from paraat.domain.points import Tank


def at_least(reading: Reading, tank: Tank, now: float, *, ran_until: float | None) -> LastFuel:
    """The least that is left at `now`. ran_until: until when the generator may have run; None: it cannot have run since.

    All of that time counts, at the highest burn rate: whether it stood still in between, nobody can say.
    """
    burnt_h = 0.0 if ran_until is None else max(0.0, min(now, ran_until) - reading.t) / 3600
    litres = max(0.0, reading.litres - reading.lost_l - burnt_h * reading.burn.high)
    left = autonomy.estimate(replace(reading, litres=litres, lost_l=0.0), tank, now, drains=False)
    return LastFuel(
        t=reading.t,
        litres=litres,
        percent=100 * litres / tank.capacity_l,
        hours_low=left.hours_low,
        refuel_before=left.refuel_before,
    )
