import asyncio

import kernel
import machine
import wiring
from bench import fault_of, hardware, raises
from devices.tank_sender import TankSender as Device
from drivers import tank_sender
from node.buses import adc1_pins

CONFIG = {"driver": "tank_sender", "pin": 36, "sender": "240-33"}
EUROPEAN = dict(CONFIG, sender="0-190")


def mounted(ohm, config=CONFIG, **circuit):
    device = Device(ohm if callable(ohm) else lambda: ohm, **circuit)
    wiring.adc[36] = wiring.adc[39] = device
    return device, tank_sender.setup(config, hardware())


def near(found, expected, tolerance=0.5):
    return abs(found - expected) <= tolerance


def test_the_divider_by_ohms_law():
    # 3.3 V over 470 + 330 + 100 ohm is 3.667 mA, and 1.5767 V over the lower two.
    assert near(tank_sender.node_uv(330, 3300000, 470, 100), 1576667, 1)
    assert near(tank_sender.sender_ohm(1576667, 3300000, 470, 100), 330, 0.01)
    for ohm in (0, 10, 33, 120, 240, 500):
        uv = tank_sender.node_uv(ohm, 3300000, 470, 47)
        assert near(tank_sender.sender_ohm(uv, 3300000, 470, 47), ohm, 0.01)


def test_a_table_is_followed_row_by_row():
    table = [[10, 0], [60, 20], [180, 100]]
    for ohm, percent in ((0, 0), (10, 0), (35, 10), (60, 20), (120, 60), (180, 100), (200, 100)):
        assert near(tank_sender.level_percent(ohm, table), percent, 0.01), ohm
    falling = [[33, 100], [240, 0]]
    for ohm, percent in ((33, 100), (136.5, 50), (240, 0)):
        assert near(tank_sender.level_percent(ohm, falling), percent, 0.01), ohm


async def test_both_kinds_of_sender_from_empty_to_full():
    for config, rows in (
        (CONFIG, ((240, 0), (188.25, 25), (136.5, 50), (33, 100), (250, 0), (28, 100))),
        (EUROPEAN, ((0, 0), (47.5, 25), (95, 50), (190, 100), (200, 100))),
    ):
        for ohm, percent in rows:
            _, sensor = mounted(ohm, config)
            ((name, found),) = await sensor.sample()
            assert name == "fuel/level"
            assert near(found, percent), (ohm, found)


async def test_own_ends_and_an_own_table():
    own = {"driver": "tank_sender", "pin": 36, "name": "day-tank"}
    _, sensor = mounted(95, dict(own, empty_ohm=10, full_ohm=180))
    ((name, found),) = await sensor.sample()
    assert name == "fuel/level/day-tank"
    assert near(found, 50)
    _, sensor = mounted(95, dict(own, table=[[10, 0], [95, 30], [180, 100]]))
    assert near((await sensor.sample())[0][1], 30)
    _, sensor = mounted(230, dict(CONFIG, empty_ohm=230))  # as a calibration leaves it
    assert near((await sensor.sample())[0][1], 0)
    assert near(await sensor.measure(), 230)


async def test_a_broken_wire_and_a_short_are_no_level():
    for config in (CONFIG, EUROPEAN):
        for fault, code in (("open", "wire-break"), ("short", "short")):
            device, sensor = mounted(100, config)
            device.fault = fault
            assert await fault_of(sensor) == code
            device.fault = None
            assert len(await sensor.sample()) == 1
    device, sensor = mounted(100)
    device.fault = "stuck-short"  # 0 ohm is none of a sender of 240 to 33
    assert await fault_of(sensor) == "short"
    device, sensor = mounted(100, EUROPEAN)
    device.fault = "stuck-short"  # and empty of one of 0 to 190: it cannot be told, and alarms
    assert near((await sensor.sample())[0][1], 0)


async def test_a_short_of_a_sender_whose_full_end_is_low_is_no_full_tank():
    for empty_ohm, full_ohm, reference_ohm in ((240, 33, 470), (410, 15, 220), (240, 20, 330)):
        config = {"driver": "tank_sender", "pin": 36, "empty_ohm": empty_ohm, "full_ohm": full_ohm}
        config["reference_ohm"] = reference_ohm
        for ohm, code in ((0, "short"), (full_ohm / 2 - 1, "short"), (empty_ohm * 1.11, "wire-break")):
            _, sensor = mounted(ohm, config, reference_ohm=reference_ohm)
            assert await fault_of(sensor) == code, (full_ohm, ohm)
        _, sensor = mounted(full_ohm * 0.6, config, reference_ohm=reference_ohm)
        assert (await sensor.sample())[0][1] == 100, full_ohm
    table = {"driver": "tank_sender", "pin": 36, "table": [[33, 100], [136, 50], [240, 0]]}
    _, sensor = mounted(0, table)
    assert await fault_of(sensor) == "short"


def test_a_full_end_that_this_adc_cannot_tell_from_a_short_is_a_wrong_configuration():
    for empty_ohm, full_ohm in ((410, 15), (73, 3.2)):
        config = {"driver": "tank_sender", "pin": 36, "empty_ohm": empty_ohm, "full_ohm": full_ohm}
        error = str(raises(ValueError, tank_sender.setup, config, hardware()))
        assert error.startswith("full_ohm: %s ohm is " % full_ohm), error
        assert "from a short" in error


async def test_a_bad_contact_is_no_empty_tank():
    for ohm in (280, 600, 5000):
        _, sensor = mounted(ohm)
        assert await fault_of(sensor) == "wire-break"


async def test_spikes_are_left_out():
    device, sensor = mounted(136.5)
    device.jump_every = 4
    assert near((await sensor.sample())[0][1], 50)
    device.jump_every = 1
    assert await fault_of(sensor) == "wire-break"


async def test_a_wire_that_comes_off_within_a_sample():
    device, sensor = mounted(136.5)

    def cut():
        device.fault = "open"

    kernel.at(kernel.now_us + 2500000, cut)
    assert await fault_of(sensor) == "wire-break"


async def test_slosh_is_averaged():
    def wave():
        phase = kernel.now_us / 2000000  # 0.5 Hz
        return 136.5 + 20 * (2 * abs(2 * (phase - int(phase)) - 1) - 1)

    for _ in range(5):
        _, sensor = mounted(wave)
        assert near((await sensor.sample())[0][1], 50, 2)
        await asyncio.sleep_ms(370)


async def test_a_supply_that_is_measured():
    config = dict(CONFIG, supply_pin=39)
    device, sensor = mounted(136.5, config, supply_mv=3100, supply_pin=39)
    assert near((await sensor.sample())[0][1], 50)
    device.supply_mv = 0
    assert await fault_of(sensor) == "range"
    _, stated = mounted(136.5, dict(CONFIG, supply_mv=3100), supply_mv=3100)
    assert near((await stated.sample())[0][1], 50)


def test_only_pins_of_adc1():
    # As MicroPython's boards call themselves.
    for name, first, last in (
        ("Generic ESP32 module with ESP32", 32, 39),
        ("OLIMEX ESP32 POE with ESP32", 32, 39),
        ("Generic ESP32S3 module with ESP32S3", 1, 10),
        ("Generic ESP32S3 module with ESP32-S3", 1, 10),
        ("ESP32C3 module with ESP32-C3", 0, 4),
    ):
        pins = adc1_pins(name)
        assert (pins[0], pins[-1]) == (first, last)
    for pin in (25, 4, 0):
        assert "ADC1" in str(raises(ValueError, tank_sender.setup, dict(CONFIG, pin=pin), hardware()))
    assert machine.ADC(machine.Pin(36)).read_uv() == machine.ADC.LOW_UV  # nothing is wired to it


def test_a_wrong_configuration_is_named():
    for wrong, key in (
        ({"sender": "240-30"}, "sender"),
        ({"series_ohm": 0, "sender": "0-190"}, "series_ohm"),  # the chip cannot measure 0 V
        ({"reference_ohm": 47}, "reference_ohm"),
        ({"supply_mv": 12000}, "supply_mv"),
        ({"table": [[10, 0], [180, 100]]}, "table"),  # beside sender
    ):
        assert key in str(raises(ValueError, tank_sender.setup, dict(CONFIG, **wrong), hardware())), wrong
    for table in ([], [[10, 0]], [[10, 0], [10, 100]], [[10, 0], [180, 90]]):
        config = {"driver": "tank_sender", "pin": 36, "table": table}
        assert "table" in str(raises(ValueError, tank_sender.setup, config, hardware())), table
