"""A board with one of every sensor: whichever fails is a fault in the same set, and the others go on."""

import os

import kernel
import wiring
from bench import hardware
from node.sampler import Sampler
from simboard import wire
from world import World

from paraat_wire import codec, host_codec

INTERVAL_S = 60  # of a sample set
BUSES = {
    "i2c0": {"kind": "i2c", "scl": 22, "sda": 21},
    "uart0": {"kind": "uart", "rx": 3, "tx": 1},
    "uart1": {"kind": "uart", "rx": 25, "tx": 26},
    "uart2": {"kind": "uart", "rx": 16, "tx": 17},
    "w1": {"kind": "onewire", "pin": 4},
    "rtc": {"bus": "i2c0"},
}


def _modules_in(package):
    found = [name[:-3] for name in os.listdir(__import__(package).__path__) if name.endswith(".py")]
    return sorted([name for name in found if name[0] != "_"])


# A clock is no sensor.
MODELS = [getattr(__import__("devices." + name), name) for name in _modules_in("drivers") if name != "ds3231"]
# What breaks it, and the code of its fault.
BREAKS = [(model.ONE["driver"], action, code) for model in MODELS for action, code in model.BREAKS]


def board():
    """A sampler, and by driver the device behind it."""
    sensors = [dict(model.ONE) for model in MODELS]
    config = {"buses": BUSES, "pins": {}, "sensors": sensors, "sample_limit_s": 10}
    devices = wire(config, World({"load_w": [[0, 950]]}))
    return Sampler(config, hardware(BUSES)), {s["driver"]: device for s, device in zip(sensors, devices)}


def given(sampler):
    """What a whole board gives: a battery that is being charged has no hours left to tell of."""
    return sorted([name for name in sampler.names if not name.startswith("battery/time-left")])


async def sample_of(sampler):
    """(names with a value, faults), read within one interval."""
    before_us = kernel.now_us
    values, faults = await sampler.sample()
    assert kernel.now_us - before_us < INTERVAL_S * 1000000
    return sorted([name for name, _ in values]), sorted(faults)


async def breaks(driver, action, code):
    sampler, devices = board()
    whole = given(sampler)
    assert await sample_of(sampler) == (whole, [])
    (slot,) = [slot for slot in sampler.slots if slot.config["driver"] == driver]
    action(devices[driver])
    kernel._move(kernel.now_us + 2 * INTERVAL_S * 1000000)  # a beam must be dark for a minute
    own = sorted(slot.names)
    assert await sample_of(sampler) == (
        [name for name in whole if name not in own],
        [(name, code) for name in own],
    ), (driver, code)


async def test_one_that_breaks_is_a_fault_at_once_and_stops_no_other():
    for row in BREAKS:
        await breaks(*row)
        for table in (wiring.levels, wiring.watchers, wiring.adc, wiring.i2c, wiring.uart, wiring.onewire):
            table.clear()
        kernel._events.clear()


async def test_what_each_measures_goes_over_the_wire():
    sampler, _ = board()
    payload = host_codec.encode_pack(
        [codec.encode_set("nsp-0101", 1, 1795521600, codec.encode_records(*await sampler.sample()))]
    )
    (found,) = host_codec.read_pack("nsp-0101", "telemetry", payload, 0)
    assert (found.faults, found.refused) == ([], [])
    assert sorted([name for name, _ in found.values]) == given(sampler)


async def test_all_that_break_at_once_are_all_told_within_one_interval():
    sampler, devices = board()
    await sample_of(sampler)
    told = {}
    for driver, action, code in BREAKS:
        if driver not in told:
            action(devices[driver])
            told[driver] = code
    kernel._move(kernel.now_us + 2 * INTERVAL_S * 1000000)
    values, faults = await sample_of(sampler)
    assert values == []
    expected = [(name, told[slot.config["driver"]]) for slot in sampler.slots for name in slot.names]
    assert faults == sorted(expected)


def test_every_driver_is_on_it_and_breaks():
    for model in MODELS:
        assert model.__name__ == "devices." + model.ONE["driver"]
        assert model.BREAKS, model.__name__
