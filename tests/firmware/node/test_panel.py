"""Lamp, buzzer, button and key switch at their pins, in virtual time."""

import asyncio

import kernel
import wiring
from bench import hardware
from node.local_alarm import LOW_FUEL, PATTERNS, LocalAlarm
from node.panel import Panel

LED, BUZZER, BUTTON, SWITCH, OPEN = 2, 25, 0, 26, 27
LIMITS = {"fuel_low_percent": 25, "hysteresis_percent": 5, "battery_low_v": 11.8, "hysteresis_v": 0.3}


class Point:
    """A panel, its alarm, and the events that it kept."""

    def __init__(self, **pins):
        self.events = []
        self.linked = True
        self.alarm = LocalAlarm(LIMITS, ["fuel/level", "battery/voltage", "power/mains", "power/generator"])
        pins = pins or {"led": LED, "buzzer": BUZZER, "button": BUTTON}
        self.panel = Panel(
            hardware(pins=pins), self.alarm, lambda: self.linked, lambda *event: self.events.append(event)
        )
        self.tasks = [asyncio.create_task(t()) for t in (self.panel.signal, self.panel.button, self.panel.opening)]

    def sample(self, fuel=60, battery=12.8, mains=True, generator=False, faults=()):
        values = [("fuel/level", fuel), ("battery/voltage", battery), ("power/mains", mains)]
        for name, on in self.alarm.update(values + [("power/generator", generator)], faults):
            self.events.append((name, on))


async def press(pin, ms):
    wiring.set_level(pin, 0)
    await asyncio.sleep_ms(ms)
    wiring.set_level(pin, 1)
    await asyncio.sleep_ms(200)


async def record(pin, seconds):
    """(milliseconds at 1, and at 0, in turn) of an output from its next rise on."""
    wiring.outputs[pin] = wiring.outputs[pin][-1:]
    await asyncio.sleep(seconds)
    log = wiring.outputs[pin]
    lengths = [((b[0] - a[0]) // 1000, a[1]) for a, b in zip(log, log[1:])]
    while lengths and not lengths[0][1]:
        lengths.pop(0)
    return [ms for ms, _ in lengths]


async def shows(pin, pattern, seconds=15):
    """Whether the output repeats a pattern."""
    lengths = await record(pin, seconds)
    wanted = PATTERNS[pattern]
    for start in range(0, len(lengths) - len(wanted) + 1, 2):
        if tuple(lengths[start : start + len(wanted)]) == wanted:
            return True
    return False


async def test_each_state_has_its_lamp_and_only_alarms_sound():
    for sample, linked, pattern, sound in (
        ({}, True, "well", False),
        ({}, False, "no-link", False),
        ({"faults": [("climate/temperature", "crc")]}, True, "unknown", False),
        ({"battery": 11}, True, "alarm/low-battery", True),
        ({"fuel": 10}, True, "alarm/low-fuel", True),
        ({"mains": False}, False, "alarm/generator-down", True),
    ):
        point = Point()
        point.linked = linked
        point.sample(**sample)  # one sample is enough
        await asyncio.sleep(1)
        assert await shows(LED, pattern), pattern
        assert (1 in [level for _, level in wiring.outputs[BUZZER]]) == sound, pattern
        for task in point.tasks:
            task.cancel()
        await asyncio.sleep(0)
        wiring.outputs.clear()


async def test_before_the_first_sample_the_lamp_does_not_say_well():
    Point()
    await asyncio.sleep(1)
    assert await shows(LED, "unknown")


async def test_a_press_silences_at_once_until_it_clears_and_comes_again():
    wiring.levels[BUTTON] = 1
    point = Point()
    point.sample(fuel=10)
    await asyncio.sleep(5)
    await press(BUTTON, 10)  # a bounce is no press
    assert point.alarm.sounds
    await press(BUTTON, 300)
    assert point.events == [(LOW_FUEL, True), ("button/ack", True)]
    await asyncio.sleep(1)
    quiet_us = kernel.now_us
    await asyncio.sleep(60)
    assert wiring.outputs[BUZZER][-1][1] == 0
    assert wiring.outputs[BUZZER][-1][0] < quiet_us
    assert await shows(LED, "alarm/low-fuel")  # the lamp goes on
    await press(BUTTON, 300)  # nothing left to acknowledge
    assert len(point.events) == 2
    for fuel in (80, 80, 10, 10):
        point.sample(fuel=fuel)
    await asyncio.sleep(2)
    assert wiring.outputs[BUZZER][-1][0] > quiet_us


async def test_a_long_press_asks_for_help_once_and_says_so():
    wiring.levels[BUTTON] = 1
    point = Point()
    point.sample()
    await asyncio.sleep(6)
    wiring.set_level(BUTTON, 0)
    await asyncio.sleep(4)
    assert point.events == [("button/help", True)]
    await asyncio.sleep(120)  # a button that is stuck
    wiring.set_level(BUTTON, 1)
    await asyncio.sleep(1)
    assert point.events == [("button/help", True)]
    rises = [t for t, level in wiring.outputs[BUZZER] if level]
    assert len(rises) == 5, rises
    await press(BUTTON, 3200)
    assert point.events == [("button/help", True)] * 2


async def test_identify_shows_sounds_and_ends_by_itself_or_by_a_press():
    wiring.levels[BUTTON] = 1
    point = Point()
    point.sample()
    await asyncio.sleep(1)
    point.panel.show("identify", 20)
    assert await shows(BUZZER, "identify", 10)
    await asyncio.sleep(15)
    assert await shows(LED, "well")
    point.panel.show("identify", 600)
    await asyncio.sleep(5)
    await press(BUTTON, 300)
    await asyncio.sleep(1)
    assert await shows(LED, "well")
    assert point.events == []
    assert wiring.outputs[BUZZER][-1][1] == 0


async def test_what_the_host_calls_for_sounds_until_its_time_is_over_or_somebody_presses():
    wiring.levels[BUTTON] = 1
    point = Point()
    point.sample()
    await asyncio.sleep(1)
    point.panel.show("called", 20)
    assert await shows(BUZZER, "called", 10)
    await asyncio.sleep(15)
    assert await shows(LED, "well")
    assert point.events == []  # nobody came
    point.panel.show("called", 600)
    await asyncio.sleep(5)
    await press(BUTTON, 300)
    await asyncio.sleep(1)
    assert await shows(LED, "well")
    assert point.events == [("button/ack", True)]
    assert wiring.outputs[BUZZER][-1][1] == 0


async def test_one_press_ends_a_call_and_silences_the_local_alarm():
    wiring.levels[BUTTON] = 1
    point = Point()
    point.sample(fuel=10)
    await asyncio.sleep(1)
    point.panel.show("called", 600)
    await asyncio.sleep(2)
    await press(BUTTON, 300)
    await asyncio.sleep(1)
    assert point.events == [("alarm/low-fuel", True), ("button/ack", True)]
    assert not point.alarm.sounds
    assert await shows(LED, "alarm/low-fuel")


async def test_a_call_of_no_seconds_ends_one():
    point = Point()
    point.sample()
    await asyncio.sleep(1)
    point.panel.show("called", 600)
    await asyncio.sleep(1)
    point.panel.show("called", 0)
    await asyncio.sleep(1)
    assert await shows(LED, "well")


async def test_a_key_switch_opens_and_closes_and_survives_a_restart():
    wiring.levels[SWITCH] = 1
    point = Point(led=LED, buzzer=BUZZER, open_switch=SWITCH)
    await asyncio.sleep(1)
    for level in (0, 1, 0, 1, 0):  # the contact bounces
        wiring.set_level(SWITCH, level)
        await asyncio.sleep_ms(5)
    await asyncio.sleep(1)
    assert point.events == [("point/open", True)]
    again = Point(led=LED, open_switch=SWITCH)
    await asyncio.sleep(1)
    assert again.events == []  # it was open before the restart: nobody has opened it
    for task in again.tasks + point.tasks:
        task.cancel()
    wiring.set_level(SWITCH, 1)  # turned while there was no power
    last = Point(led=LED, open_switch=SWITCH)
    await asyncio.sleep(1)
    assert last.events == [("point/open", False)]


async def test_a_loose_key_switch_is_no_opening():
    wiring.levels[SWITCH] = 1
    point = Point(open_switch=SWITCH)
    for i in range(300):
        wiring.set_level(SWITCH, i & 1)
        await asyncio.sleep_ms(7)
    wiring.set_level(SWITCH, 1)
    await asyncio.sleep(2)
    assert point.events == []


async def test_a_key_switch_that_flaps_cannot_fill_the_journal():
    wiring.levels[SWITCH] = 1
    point = Point(open_switch=SWITCH)
    for i in range(601):
        wiring.set_level(SWITCH, i & 1)
        await asyncio.sleep_ms(100)  # long enough to be no bounce
    assert 2 < len(point.events) <= 13, len(point.events)
    await asyncio.sleep(6)
    assert point.events[-1] == ("point/open", True), "where it came to rest"
    for one, next_ in zip(point.events, point.events[1:]):
        assert one != next_


async def test_a_button_held_for_a_second_opens_and_closes():
    wiring.levels[OPEN] = 1
    point = Point(open_button=OPEN)
    await press(OPEN, 300)  # leant on
    assert point.events == []
    await press(OPEN, 1300)
    assert point.panel.is_open
    again = Point(open_button=OPEN)
    for task in point.tasks:
        task.cancel()
    await asyncio.sleep(1)
    assert again.panel.is_open
    await press(OPEN, 1300)
    assert point.events + again.events == [("point/open", True), ("point/open", False)]


async def test_without_pins_nothing_happens_and_nothing_fails():
    point = Point(led=LED)
    point.sample(fuel=10)
    await asyncio.sleep(60)
    assert await shows(LED, "alarm/low-fuel")
