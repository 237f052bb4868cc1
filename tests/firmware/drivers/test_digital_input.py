import asyncio

import kernel
from bench import fault_of, hardware, raises
from devices.switch import Switch
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
    sensor = digital_input.setup(dict(CONFIG, active_low=True), hardware())
    assert await sensor.sample() == [("power/mains", False)]


async def test_bounce_is_waited_out():
    switch = Switch(34, bounces=20)
    sensor = digital_input.setup(CONFIG, hardware())
    switch.set(1)
    assert await sensor.sample() == [("power/mains", True)]


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
