import asyncio

import kernel
import wiring
from bench import fault_of, hardware, raises
from devices.digital_input import Switch
from drivers import digital_input

CONFIG = {"driver": "digital_input", "pin": 34, "metric": "power/mains"}


async def test_on_and_off():
    switch = Switch(34)
    sensor = digital_input.setup(CONFIG, hardware())
    assert await sensor.sample() == [("power/mains", False)]
    switch.set(1)
    assert await sensor.sample() == [("power/mains", True)]
    assert digital_input.names(CONFIG) == ("power/mains",)


async def test_active_low():
    Switch(34, level=1)
    sensor = digital_input.setup(dict(CONFIG, metric="power/generator", active_low=True), hardware())
    assert await sensor.sample() == [("power/generator", False)]
    wiring.set_level(34, 0)
    assert await sensor.sample() == [("power/generator", True)]


async def test_bounce_is_waited_out():
    for bounces in (1, 3, 10, 20):
        for level in (0, 1):
            switch = Switch(34, level=1 - level, bounces=bounces)
            sensor = digital_input.setup(CONFIG, hardware())
            switch.set(level)
            assert await sensor.sample() == [("power/mains", bool(level))], bounces


async def test_a_glitch_at_the_moment_of_the_sample():
    for level in (0, 1):
        for glitch_us in (300, 5000, 25000):
            for begins_us in (0, 1000, 10000, 29000):
                Switch(34, level=level)
                sensor = digital_input.setup(CONFIG, hardware())
                start = kernel.now_us + begins_us
                kernel.at(start, lambda level=level: wiring.set_level(34, 1 - level))
                kernel.at(start + glitch_us, lambda level=level: wiring.set_level(34, level))
                assert await sensor.sample() == [("power/mains", bool(level))], (glitch_us, begins_us)
                await asyncio.sleep_ms(100)


async def test_it_stays_the_same_for_the_debounce_time_and_no_longer():
    for debounce_ms in (None, 1, 30, 31, 200):
        Switch(34, level=1)
        config = CONFIG if debounce_ms is None else dict(CONFIG, debounce_ms=debounce_ms)
        sensor = digital_input.setup(config, hardware())
        begun_us = kernel.now_us
        assert await sensor.sample() == [("power/mains", True)]
        took_ms = (kernel.now_us - begun_us) // 1000
        wanted_ms = debounce_ms or 30
        assert wanted_ms <= took_ms <= wanted_ms + 1, (debounce_ms, took_ms)


async def test_a_change_within_the_debounce_time_begins_it_anew():
    Switch(34, level=0)
    sensor = digital_input.setup(CONFIG, hardware())
    kernel.at(kernel.now_us + 28000, lambda: wiring.set_level(34, 1))
    begun_us = kernel.now_us
    assert await sensor.sample() == [("power/mains", True)]
    assert kernel.now_us - begun_us >= 58000


async def test_half_waves_of_ac_are_no_state():
    def wave():
        wiring.set_level(34, 1 - wiring.levels[34])
        kernel.at(kernel.now_us + 10000, wave)

    Switch(34)
    sensor = digital_input.setup(CONFIG, hardware())
    wave()
    assert await fault_of(sensor) == "range"


async def test_a_loose_contact_is_a_fault_and_no_state():
    switch = Switch(34)
    sensor = digital_input.setup(CONFIG, hardware())

    def chatter():
        switch.set(1 - (kernel.now_us // 7000) % 2)
        kernel.at(kernel.now_us + 7000, chatter)

    chatter()
    assert await fault_of(sensor) == "range"


async def test_an_open_input_follows_its_pull():
    up = digital_input.setup(dict(CONFIG, pin=5, pull="up"), hardware())
    down = digital_input.setup(dict(CONFIG, pin=18, pull="down"), hardware())
    assert (await up.sample())[0][1] is True
    assert (await down.sample())[0][1] is False
    await asyncio.sleep(0)


def test_a_metric_that_is_not_on_or_off():
    for metric in ("fuel/level", "power/nothing", "power/mains/fault"):
        assert "metric" in str(raises(ValueError, digital_input.setup, dict(CONFIG, metric=metric), hardware()))


def test_an_event_is_not_sampled():
    for metric in ("point/open", "button/help", "alarm/low-fuel"):
        assert "metric" in str(raises(ValueError, digital_input.setup, dict(CONFIG, metric=metric), hardware()))


def test_a_wrong_configuration_names_its_key():
    for key, value in (
        ("debounce_ms", 0),
        ("debounce_ms", 501),
        ("debounce_ms", "30"),
        ("active_low", "yes"),
        ("pull", 1),
    ):
        error = raises(ValueError, digital_input.setup, {"pin": 34, "metric": "power/mains", key: value}, hardware())
        assert str(error).startswith(key + ": found %s, expected" % value)
    raises(KeyError, digital_input.setup, {"metric": "power/mains"}, hardware())
