"""A board with one of every sensor: whichever fails is a fault in the same set, and the others go on."""

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
SENSORS = (
    {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200},
    {"driver": "tank_sender", "pin": 36, "sender": "240-33", "name": "day-tank"},
    {"driver": "ads1115", "bus": "i2c0", "name": "depot"},
    {"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 2.0},
    {"driver": "ve_direct", "bus": "uart1", "name": "victron"},
    {"driver": "pzem004t", "bus": "uart0", "address": 1},
    {"driver": "ds18b20", "bus": "w1"},
    {"driver": "sht31", "bus": "i2c0", "name": "hall"},
    {"driver": "sht4x", "bus": "i2c0", "address": 0x45, "name": "yard"},
    {"driver": "scd41", "bus": "i2c0"},
    {"driver": "light_beam", "pin_a": 32, "pin_b": 33},
    {"driver": "digital_input", "pin": 35, "metric": "power/generator"},
)


def board():
    sensors = [dict(sensor) for sensor in SENSORS]
    config = {"buses": BUSES, "pins": {}, "sensors": sensors, "sample_limit_s": 10}
    wire(config, World({"load_w": [[0, 950]]}))
    return Sampler(config, hardware(BUSES))


def nack(address):
    def action():
        wiring.i2c[(22, 21)][address].nack = True

    return action


def fault(find, word):
    def action():
        find().fault = word

    return action


def loose_contact():
    wiring.set_level(35, 1 - wiring.levels[35])
    kernel.at(kernel.now_us + 7000, loose_contact)


def leave():
    wiring.onewire[4][0].present = False


# Driver, what breaks it, and the code of its fault.
BREAKS = (
    ("a02yyuw", fault(lambda: wiring.uart[16], "silent"), "silent"),
    ("a02yyuw", fault(lambda: wiring.uart[16], "checksum"), "crc"),
    ("tank_sender", fault(lambda: wiring.adc[36], "open"), "wire-break"),
    ("ads1115", nack(0x48), "bus"),
    ("ads1115", fault(lambda: wiring.i2c[(22, 21)][0x48], "stuck"), "silent"),
    ("ina226", nack(0x40), "bus"),
    ("ve_direct", fault(lambda: wiring.uart[25], "silent"), "silent"),
    ("pzem004t", fault(lambda: wiring.uart[3], "crc"), "crc"),
    ("ds18b20", leave, "silent"),
    ("ds18b20", fault(lambda: wiring.onewire[4][0], "crc"), "crc"),
    ("sht31", fault(lambda: wiring.i2c[(22, 21)][0x44], "crc"), "crc"),
    ("sht4x", nack(0x45), "bus"),
    ("scd41", nack(0x62), "bus"),
    ("light_beam", lambda: wiring.set_level(32, 0), "blocked"),
    ("digital_input", loose_contact, "range"),
)


async def sample_of(sampler):
    """(names with a value, faults), read within one interval."""
    before_us = kernel.now_us
    values, faults = await sampler.sample()
    assert kernel.now_us - before_us < INTERVAL_S * 1000000
    return sorted([name for name, _ in values]), sorted(faults)


async def breaks(driver, action, code):
    sampler = board()
    whole = sorted(sampler.names)
    assert await sample_of(sampler) == (whole, [])
    (slot,) = [slot for slot in sampler.slots if slot.config["driver"] == driver]
    action()
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
    sampler = board()
    payload = host_codec.encode_pack(
        [codec.encode_set("nsp-0101", 1, 1795521600, codec.encode_records(*await sampler.sample()))]
    )
    (found,) = host_codec.read_pack("nsp-0101", "telemetry", payload, 0)
    assert (found.faults, found.refused) == ([], [])
    assert sorted([name for name, _ in found.values]) == sorted(sampler.names)


async def test_all_that_break_at_once_are_all_told_within_one_interval():
    sampler = board()
    await sample_of(sampler)
    told = {}
    for driver, action, code in BREAKS:
        if driver not in told:
            action()
            told[driver] = code
    kernel._move(kernel.now_us + 2 * INTERVAL_S * 1000000)
    values, faults = await sample_of(sampler)
    assert values == []
    expected = [(name, told[slot.config["driver"]]) for slot in sampler.slots for name in slot.names]
    assert faults == sorted(expected)


def test_the_list_above_has_every_driver():
    import os

    here = [name[:-3] for name in os.listdir(__import__("drivers").__path__) if name.endswith(".py")]
    sensors = [name for name in here if name[0] != "_" and name != "ds3231"]
    assert sorted(sensors) == sorted([sensor["driver"] for sensor in SENSORS])
    assert sorted({row[0] for row in BREAKS}) == sorted(sensors)
