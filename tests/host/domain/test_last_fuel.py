"""What a tank still holds at least, after its gauge has fallen silent."""

import pytest

from paraat.domain.autonomy import Burn, Noise, Reading
from paraat.domain.fuel_history import ON
from paraat.domain.last_fuel import at_least
from paraat.domain.model import LastFuel
from paraat.domain.points import Tank

T0 = 1764000000.0
TANK = Tank(capacity_l=400, burn_l_per_h=8, reserve_l=20)
READING = Reading(
    litres=200.0, litres_sd=0.0, t=T0, burn=Burn(low=6, likely=8, high=10, source="record"), since=None, lost_l=30.0,
    events=(), noise=Noise(0.0, 0.0), state=ON, scale=None,
)  # fmt: skip


def left(now_h: float, ran_until_h: float | None) -> LastFuel:
    ran_until = None if ran_until_h is None else T0 + 3600 * ran_until_h
    return at_least(READING, TANK, T0 + 3600 * now_h, ran_until=ran_until)


@pytest.mark.parametrize(
    ("now_h", "ran_until_h", "litres"),
    [
        (0, 0, 170.0),  # less what a stuck gauge may hide
        (5, 5, 120.0),  # at the highest rate
        (5, 2, 150.0),  # it cannot have run since
        (5, 9, 120.0),  # nor after now
        (5, None, 170.0),
        (5, -1, 170.0),  # it stood still already
        (99, 99, 0.0),
    ],
)
def test_all_that_can_have_been_burnt_is_gone(now_h: float, ran_until_h: float | None, litres: float) -> None:
    found = left(now_h, ran_until_h)
    assert found.litres == pytest.approx(litres)
    assert found.percent == pytest.approx(litres / 4)
    hours = max(0.0, litres - TANK.reserve_l) / 10
    assert found.hours_low == pytest.approx(hours)
    assert found.refuel_before == pytest.approx(T0 + 3600 * (now_h + hours))
    assert found.t == T0
