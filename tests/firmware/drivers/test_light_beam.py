import asyncio

from bench import fault_of, hardware
from devices.beam import Beam
from drivers import light_beam

CONFIG = {"driver": "light_beam", "pin_a": 32, "pin_b": 33}
SECOND = 1000000


def mounted():
    beam = Beam(32, 33)
    return beam, light_beam.setup(CONFIG, hardware())


async def counts(sensor):
    return [value for _, value in await sensor.sample()]


async def test_nobody_is_zero_people_which_is_a_reading():
    _, sensor = mounted()
    assert await sensor.sample() == [("people/in", 0), ("people/out", 0), ("people/present", 0)]


async def test_direction_by_order():
    beam, sensor = mounted()
    beam.person(True)
    beam.person(True, 2 * SECOND)
    beam.person(False, 4 * SECOND)
    await asyncio.sleep(6)
    assert await counts(sensor) == [2, 1, 1]


async def test_who_turns_back_in_the_door_does_not_count():
    beam, sensor = mounted()
    for pin, level, t in ((32, 0, 0), (33, 0, 1), (33, 1, 2), (32, 1, 3)):
        beam.edge(pin, level, t * 100000)
    await asyncio.sleep(2)
    assert await counts(sensor) == [0, 0, 0]


async def test_two_people_close_together():
    # The second breaks the outer beam while the first still stands in the inner one: outer, both, inner only (the first
    # has left the outer), both again (the second), and so on.
    beam, sensor = mounted()
    for i, (pin, level) in enumerate(((32, 0), (33, 0), (32, 1), (33, 1), (32, 0), (33, 0), (32, 1), (33, 1))):
        beam.edge(pin, level, i * 60000)
    await asyncio.sleep(2)
    assert await counts(sensor) == [2, 0, 2]


async def test_an_edge_that_was_too_quick_to_be_seen():
    beam, sensor = mounted()
    for pin, level, t in ((32, 0, 0), (33, 0, 100000), (32, 1, 200000), (33, 1, 200000)):
        beam.edge(pin, level, t)
    await asyncio.sleep(1)
    assert await counts(sensor) == [1, 0, 1]


async def test_never_fewer_than_nobody():
    beam, sensor = mounted()
    beam.person(False)
    await asyncio.sleep(1)
    assert await counts(sensor) == [0, 1, 0]


async def test_a_beam_that_stays_dark_is_a_fault_and_ends_with_it():
    beam, sensor = mounted()
    beam.edge(33, 0, 0)
    await asyncio.sleep(59)
    assert await counts(sensor) == [0, 0, 0]
    await asyncio.sleep(2)
    assert await fault_of(sensor) == "blocked"
    beam.edge(33, 1, 0)
    await asyncio.sleep(1)
    assert await counts(sensor) == [0, 0, 0]
    beam.person(True)
    await asyncio.sleep(1)
    assert await counts(sensor) == [1, 0, 1]


async def test_the_count_can_be_reset():
    beam, sensor = mounted()
    beam.person(True)
    await asyncio.sleep(1)
    sensor.driver.reset()
    assert await counts(sensor) == [0, 0, 0]
