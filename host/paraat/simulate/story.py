"""The blackout that the demo plays: three points, some hours, told as scenarios for the simulated boards, and what people do."""

import itertools
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paraat.domain.activation import Phase
from paraat.domain.facts import Attested, PhaseChanged
from paraat.domain.points import Point

HOUR_S = 3600
STORY_S = 7 * HOUR_S
BROKER_DOWN_S = int(3.0 * HOUR_S)
BROKER_UP_S = int(3.5 * HOUR_S)
MAINS_FAIL_S = int(0.5 * HOUR_S)
MAINS_BACK_S = int(6.2 * HOUR_S)
GENERATOR_START_S = 60  # seconds after the mains fail
COOL_DOWN_S = 300  # the generator runs on after the mains are back


@dataclass(frozen=True)
class Part:
    """What one point goes through. fuel_l is at the start; refuel is (seconds after the start, litres)."""

    point: str
    fuel_l: float
    burn_l_per_h: float
    people: int
    refuel: tuple[int, float] | None


# The first runs low by hours left, the second has plenty, the third runs low by level. None can hold out for the 72 hours of
# nl-pilot; the second is asked for no more than it has.
TARGET_H = {"nsp-0103": 12}
PARTS = (
    Part("nsp-0101", fuel_l=112.0, burn_l_per_h=12.0, people=64, refuel=(int(5.0 * HOUR_S), 240.0)),
    Part("nsp-0103", fuel_l=150.0, burn_l_per_h=5.6, people=38, refuel=None),
    Part("nsp-0201", fuel_l=41.0, burn_l_per_h=4.4, people=21, refuel=(int(5.5 * HOUR_S), 90.0)),
)

_ALERTED_S = MAINS_FAIL_S + 300
_ATTESTED_S = int(1.2 * HOUR_S)
_LATE_S = _ALERTED_S + int(2.1 * HOUR_S)
_DAY_S = 86400


@dataclass(frozen=True)
class Deed:
    """What somebody says of a point, at seconds after the start."""

    at_s: int
    told: Attested | PhaseChanged


def deeds(t0_unix: float, resources: Mapping[str, Iterable[str]]) -> list[Deed]:
    """What people do, in order. resources: by point those that are attested there.

    Everything is attested when the story begins, but for the water of the second point. The first opens in time, the
    third does not.
    """

    def attested(at_s: int, point: str, resource: str) -> Deed:
        return Deed(at_s, Attested(point=point, resource=resource, there=True, until=t0_unix + 20 * _DAY_S))

    def phase(at_s: int, point: str, phase: Phase) -> Deed:
        return Deed(at_s, PhaseChanged(point=point, phase=phase.value))

    first, second, third = (part.point for part in PARTS)
    found = [
        attested(0, point, resource)
        for point, names in resources.items()
        for resource in names
        if (point, resource) != (second, "water")
    ]
    found += [phase(_ALERTED_S, point, Phase.ALERTED) for point in (first, second, third)]
    found += [attested(_ATTESTED_S, second, "water")]
    for point, opening_s, open_s in ((first, 600, 3600), (second, 900, 5400), (third, 6000, 9000)):
        found.append(phase(_ALERTED_S + opening_s, point, Phase.OPENING))
        found.append(phase(_ALERTED_S + open_s, point, Phase.OPERATIONAL))
    found += [phase(MAINS_BACK_S + 600, point, Phase.CLOSING) for point in (first, second, third)]
    return sorted(found, key=lambda deed: deed.at_s)


# Rules whose alerts end with the story: its mains are back then, every tank is full and the broker is there.
ENDED_BY_THE_END = (
    "broker_unreachable",
    "generator_down",
    "generator_stopped",
    "low_fuel",
    "mains_out",
    "point_silent",
)

# (seconds, key of the demo's texts)
CHAPTERS = (
    (0, "calm"),
    (MAINS_FAIL_S, "mains-fail"),
    (MAINS_FAIL_S + GENERATOR_START_S, "generators"),
    (_ALERTED_S, "alerted"),
    (_ATTESTED_S, "attested"),
    (_LATE_S, "late"),
    (BROKER_DOWN_S, "broker-down"),
    (BROKER_UP_S, "broker-up"),
    (int(5.0 * HOUR_S), "refuel"),
    (MAINS_BACK_S, "mains-back"),
    (STORY_S, "end"),
)


def scenario(
    part: Part, point: Point, *, t0_unix: float, real0_unix: float, speed: float, seed: int = 1
) -> dict[str, Any]:
    """The scenario file of one point, see simulate/hal/world.py. Times are seconds after t0_unix.

    real0_unix: the real moment at which the story begins; speed: seconds of the story in a real one.
    """
    tank = point.tank
    assert tank is not None, "the points of the demo have one"
    generator_on = MAINS_FAIL_S + GENERATOR_START_S
    return {
        "t0_unix": t0_unix,
        "real0_unix": real0_unix,
        "speed": speed,
        "tank": {"capacity_l": tank.capacity_l, "by": tank.by, "calibration": tank.calibration},
        "fuel_l": part.fuel_l,
        "burn_l_per_h": part.burn_l_per_h,
        "mains": [[0, True], [MAINS_FAIL_S, False], [MAINS_BACK_S, True]],
        "generator": [[0, False], [generator_on, True], [MAINS_BACK_S + COOL_DOWN_S, False]],
        "refuel": [list(part.refuel)] if part.refuel else [],
        "people": people(part, seed),
        "temperature_c": [[0, 19.5], [MAINS_FAIL_S, 19.5], [2 * HOUR_S, 16.0], [5 * HOUR_S, 18.5], [STORY_S, 20.0]],
        "battery_v": [[0, 13.6], [MAINS_FAIL_S, 13.6], [generator_on, 12.5], [generator_on + 900, 13.4]],
    }


def people(part: Part, seed: int) -> list[list[int]]:
    """Arrivals and departures as [seconds, +1 or -1], in order; never two in the same ten seconds."""
    chance = random.Random(f"{seed}/{part.point}")
    coming = [chance.randint(MAINS_FAIL_S + 600, int(4.5 * HOUR_S)) for _ in range(part.people)]
    leaving = [chance.randint(MAINS_BACK_S, STORY_S - 600) for _ in range(part.people // 2)]
    moves = sorted([[t, 1] for t in coming] + [[t, -1] for t in leaving])
    for before, after in itertools.pairwise(moves):
        after[0] = max(after[0], before[0] + 10)
    return moves
