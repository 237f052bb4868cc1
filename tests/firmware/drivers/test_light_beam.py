import asyncio

import kernel
import wiring
from bench import fault_of, hardware, raises
from devices.digital_input import Switch
from devices.light_beam import Beam
from drivers import light_beam

CONFIG = {"driver": "light_beam", "pin_a": 32, "pin_b": 33}
SECOND = 1000000


def mounted(bounces=0, **more):
    beam = Beam(32, 33, bounces)
    return beam, light_beam.setup(dict(CONFIG, **more), hardware())


async def after(orders, step_us, **more):
    """The counts after the beams went through these states (2 = outer dark, 1 = inner dark), one each step_us."""
    beam, sensor = mounted(**more)
    before = 0
    for i, state in enumerate(orders):
        for pin, bit in ((32, 2), (33, 1)):
            if (before ^ state) & bit:
                beam.edge(pin, 0 if state & bit else 1, i * step_us)
        before = state
    await asyncio.sleep(len(orders) * step_us / SECOND + 1)
    return await counts(sensor)


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
    for step_us in (20000, 100000, 3 * SECOND):
        assert await after((2, 3, 2, 0), step_us) == [0, 0, 0]
        assert await after((2, 0), step_us) == [0, 0, 0]
        assert await after((2, 3, 1, 3, 2, 0), step_us) == [0, 0, 0]
        assert await after((1, 3, 1, 0), step_us) == [0, 0, 0]
        assert await after((1, 3, 2, 3, 1, 0), step_us) == [0, 0, 0]


async def test_who_stops_half_way_and_goes_on_counts_once():
    for stopped in (2, 3, 1):
        beam, sensor = mounted()
        order = ((32, 0), (33, 0), (32, 1), (33, 1))
        late_us = 0
        for i, (pin, level) in enumerate(order):
            beam.edge(pin, level, i * 150000 + late_us)
            if (2, 3, 1, 0)[i] == stopped:
                late_us = 20 * SECOND
        await asyncio.sleep(22)
        assert await counts(sensor) == [1, 0, 1], stopped


async def test_who_hesitates_in_the_door_counts_once():
    # Forth, wholly back to the outer beam, and forth again: the order of two people, but slower than any who follow.
    assert await after((2, 3, 1, 3, 2, 3, 1, 0), 600000) == [1, 0, 1]
    assert await after((2, 3, 1, 3, 1, 3, 1, 0), 50000) == [1, 0, 1]
    assert await after((2, 3, 2, 3, 2, 3, 1, 0), 50000) == [1, 0, 1]
    assert await after((1, 3, 2, 3, 1, 3, 2, 0), 600000) == [0, 1, 0]


async def test_two_people_one_behind_the_other():
    # The second breaks the outer beam when the first has left both.
    assert await after((2, 3, 1, 0, 2, 3, 1, 0), 60000) == [2, 0, 2]


async def test_two_people_so_close_that_the_door_is_never_free():
    # The second breaks the outer beam while the first still stands in the inner one.
    for step_us in (20000, 60000, 200000):
        assert await after((2, 3, 1, 3, 2, 3, 1, 0), step_us) == [2, 0, 2]
        assert await after((1, 3, 2, 3, 1, 3, 2, 0), step_us) == [0, 2, 0]
        assert await after((2, 3, 1, 3, 2, 3, 1, 3, 2, 3, 1, 0), step_us) == [3, 0, 3]


async def test_a_queue_at_every_distance_that_lets_light_through():
    for gap_us in (430000, 470000, 520000, 590000, 600000, 620000, 900000):
        for inward in (True, False):
            beam, sensor = mounted()
            for i in range(10):
                beam.person(inward, i * gap_us)
            await asyncio.sleep(12)
            assert await counts(sensor) == ([10, 0, 10] if inward else [0, 10, 0]), gap_us


async def test_fast_and_slow_people():
    for pace in (0.3, 1, 4, 8):
        beam, sensor = mounted()
        beam.person(True, 0, pace)
        beam.person(True, 3 * SECOND, pace)
        beam.person(False, 6 * SECOND, pace)
        await asyncio.sleep(10)
        assert await counts(sensor) == [2, 1, 1], pace


async def test_two_who_touch_are_one():
    # Nothing can be seen between them; the middle of a wide body is no second person either.
    beam, sensor = mounted()
    beam.person(True)
    beam.person(True, 400000)
    await asyncio.sleep(3)
    assert await counts(sensor) == [1, 0, 1]


async def test_a_hand_that_flickers_in_one_beam():
    for state in (2, 1):
        assert await after((state, 0) * 40, 30000) == [0, 0, 0]
    # ... also while somebody passes.
    assert await after((2, 3, 1, 3, 1, 3, 1, 0), 30000) == [1, 0, 1]
    assert await after((2, 0, 2, 0, 2, 3, 1, 0, 1, 0), 30000) == [1, 0, 1]


async def test_edges_that_bounce():
    for bounces in (1, 5, 20):
        beam, sensor = mounted(bounces)
        for i in range(4):
            beam.person(True, i * SECOND)
        beam.person(True, 3 * SECOND + 500000)  # close behind
        beam.person(False, 6 * SECOND)
        await asyncio.sleep(9)
        assert await counts(sensor) == [5, 1, 4], bounces


async def test_any_order_of_states_never_gives_fewer_than_nobody():
    seed = 1
    beam, sensor = mounted()
    for _ in range(3000):
        seed = (seed * 1103515 + 12345) & 0x3FFFFFF
        wiring.set_level(32 if seed & 0x400 else 33, seed >> 12 & 1)
        assert sensor.driver.present >= 0
    came_in, went_out, present = sensor.driver.came_in, sensor.driver.went_out, sensor.driver.present
    assert present >= came_in - went_out
    assert came_in > 0
    assert went_out > 0


async def test_an_edge_that_was_too_quick_to_be_seen():
    beam, sensor = mounted()
    for pin, level, t in ((32, 0, 0), (33, 0, 100000), (32, 1, 200000), (33, 1, 200000)):
        beam.edge(pin, level, t)
    await asyncio.sleep(1)
    assert await counts(sensor) == [1, 0, 1]


async def test_never_fewer_than_nobody():
    beam, sensor = mounted()
    beam.person(False)
    beam.person(False, 500000)  # close behind
    beam.person(True, 3 * SECOND)
    await asyncio.sleep(5)
    assert await counts(sensor) == [1, 2, 1]


async def test_never_more_than_the_most_there_can_be():
    beam, sensor = mounted(max_present=2)
    for i in range(4):
        beam.person(True, i * SECOND)
    await asyncio.sleep(5)
    assert await counts(sensor) == [4, 0, 2]
    beam.person(False)
    await asyncio.sleep(1)
    assert await counts(sensor) == [4, 1, 1]


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


async def test_a_dead_lamp_is_found_in_a_busy_doorway():
    # The outer beam is dark for good, and people go on to break the inner one.
    beam, sensor = mounted()
    beam.edge(32, 0, 0)
    for i in range(130):
        beam.edge(33, i % 2, i * SECOND // 2)
    await asyncio.sleep(62)
    assert await fault_of(sensor) == "blocked"


async def test_a_beam_that_stays_dark_for_weeks_stays_a_fault():
    # The ticks wrap after 12 days here and on the board; a sample a minute is kept short to six hours.
    beam, sensor = mounted()
    beam.edge(32, 0, 0)
    await asyncio.sleep(62)
    for _ in range(100):
        assert await fault_of(sensor) == "blocked"
        await asyncio.sleep(6 * 3600)
    beam.edge(32, 1, 0)
    await asyncio.sleep(1)
    assert await counts(sensor) == [0, 0, 0]


async def test_a_lost_edge_is_made_up_for_at_the_next_sample():
    beam, sensor = mounted()
    beam.person(True)
    await asyncio.sleep_ms(500)
    wiring.levels[33] = 1  # the last edge calls nobody
    await asyncio.sleep(70)
    await sensor.sample()
    await asyncio.sleep(0)
    assert await counts(sensor) == [1, 0, 1]


async def test_a_full_queue_of_interrupts_is_no_fault():
    def full(*_):
        raise RuntimeError("schedule queue full")

    beam, sensor = mounted()
    beam.person(True)
    await asyncio.sleep_ms(500)
    wiring.levels[33] = 1  # the last edge calls nobody
    await asyncio.sleep(70)
    kept, light_beam.schedule = light_beam.schedule, full
    assert await counts(sensor) == [0, 0, 0]
    light_beam.schedule = kept
    await sensor.sample()
    await asyncio.sleep(0)
    assert await counts(sensor) == [1, 0, 1]


def press(button, seconds):
    button.set(0)
    kernel.at(kernel.now_us + int(seconds * SECOND), lambda: button.set(1))


async def with_button(bounces=0):
    button = Switch(27, level=1, bounces=bounces)
    beam, sensor = mounted(reset_pin=27)
    beam.person(True)
    await asyncio.sleep(1)
    return button, beam, sensor


async def test_the_button_resets_when_it_was_held_for_two_seconds():
    for bounces in (0, 3, 10):
        button, beam, sensor = await with_button(bounces)
        press(button, 2.1)
        await asyncio.sleep(3)
        assert await counts(sensor) == [0, 0, 0], bounces
        beam.person(True)
        await asyncio.sleep(1)
        assert await counts(sensor) == [1, 0, 1], bounces


async def test_a_short_press_or_a_jammed_button_resets_nothing():
    for seconds in (0.001, 0.5, 1.9, 31, 4000):
        for bounces in (0, 3):
            button, _, sensor = await with_button(bounces)
            press(button, seconds)
            await asyncio.sleep(seconds + 1)
            assert await counts(sensor) == [1, 0, 1], seconds


async def test_presses_and_glitches_do_not_add_up():
    button, _, sensor = await with_button()
    for _ in range(5):
        press(button, 0.9)
        await asyncio.sleep(1)
    for _ in range(5):
        press(button, 0.001)
        await asyncio.sleep(2.5)
    assert await counts(sensor) == [1, 0, 1]


async def test_a_command_can_reset_the_count():
    beam, sensor = mounted()
    beam.person(True)
    await asyncio.sleep(1)
    sensor.reset()
    assert await counts(sensor) == [0, 0, 0]


def test_a_wrong_configuration_names_its_key():
    for most in (0, -1, "80", 2.5):
        config = dict(CONFIG, max_present=most)
        assert "max_present" in str(raises(ValueError, light_beam.setup, config, hardware()))
    raises(KeyError, light_beam.setup, {"driver": "light_beam", "pin_a": 32}, hardware())
