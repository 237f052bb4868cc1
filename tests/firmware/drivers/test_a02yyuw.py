import asyncio
import math

import kernel
import wiring
from bench import fault_of, hardware, raises
from devices.a02yyuw import A02YYUW as Device
from drivers import SensorError, _level, a02yyuw

CONFIG = {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200}


def mounted(distance_mm, config=CONFIG, **faults):
    device = wiring.uart[16] = Device(lambda: distance_mm, **faults)
    hw = hardware({"uart2": {"kind": "uart", "rx": 16, "tx": 17, "baud": 9600}})
    return device, a02yyuw.setup(config, hw)


def test_the_makers_own_example():
    # DFRobot SEN0311 wiki: FF 07 A1 A7 is 0x07A1 = 1953 mm.
    assert a02yyuw.parse(b"\xff\x07\xa1\xa7") == ([1953], 0, b"")


def test_frames_are_found_again_behind_garbage():
    good = b"\xff\x07\xa1\xa7"
    assert a02yyuw.parse(b"\x12\x00" + good + good) == ([1953, 1953], 0, b"")
    assert a02yyuw.parse(good + b"\xff\x07") == ([1953], 0, b"\xff\x07")
    found, wrong, _ = a02yyuw.parse(b"\xff\x07\xa1\xa8" + good)
    assert found == [1953]
    assert wrong == 1


def test_level_by_height():
    assert _level.percent(1200, 1200, 200) == 0
    assert _level.percent(200, 1200, 200) == 100
    assert _level.percent(950, 1200, 200) == 25
    assert _level.percent(1210, 1200, 200) == 0


async def test_a_sample_gives_distance_and_level():
    _, sensor = mounted(700)
    assert await sensor.sample() == [("fuel/distance", 0.7), ("fuel/level", 50.0)]
    assert a02yyuw.names(CONFIG) == ("fuel/distance", "fuel/level")


async def test_an_empty_tank_is_zero_and_a_full_one_hundred():
    _, sensor = mounted(1200)
    assert (await sensor.sample())[1] == ("fuel/level", 0.0)
    _, sensor = mounted(200)
    assert (await sensor.sample())[1] == ("fuel/level", 100.0)


async def test_single_false_echoes_do_not_reach_the_median():
    _, sensor = mounted(700, jump_every=4)
    assert await sensor.sample() == [("fuel/distance", 0.7), ("fuel/level", 50.0)]


async def test_the_median_is_of_at_least_five_shots():
    _, sensor = mounted(700)
    assert (await sensor.driver.read()).shots >= 5
    assert a02yyuw.A02YYUW(None, 1).shots == 5


async def test_the_dead_band_and_no_echo_are_invalid_not_zero_nor_full():
    for mm in (0, 10, 29, 4501, 65535):
        _, sensor = mounted(mm)
        assert await fault_of(sensor) == "range", mm


async def test_an_echo_from_outside_the_tank_is_invalid():
    for mm in (50, 1400):
        _, sensor = mounted(mm)
        assert await fault_of(sensor) == "range", mm


async def test_a_distance_at_the_sensors_own_minimum_is_no_full_tank():
    # raspi-sump#67: FF 00 1E 1D is 30 mm.
    assert a02yyuw.parse(b"\xff\x00\x1e\x1d") == ([30], 0, b"")
    for full_mm, nearest_mm in ((60, 45), (100, 65), (120, 75), (400, 335)):
        config = dict(CONFIG, empty_mm=1050, full_mm=full_mm)
        for mm in (30, nearest_mm - 1):
            _, sensor = mounted(mm, config)
            assert await fault_of(sensor) == "range", (full_mm, mm)
        _, sensor = mounted(nearest_mm, config)
        assert (await sensor.sample())[1] == ("fuel/level", 100.0), full_mm


def test_a_full_tank_that_cannot_be_told_from_the_dead_band_is_a_wrong_configuration():
    error = raises(ValueError, a02yyuw.setup, dict(CONFIG, full_mm=59), hardware())
    assert "expected 60 <= full_mm" in str(error)


async def test_bytes_that_make_no_frame_are_not_silence():
    # esphome#19277
    _, sensor = mounted(700, fault="zeros")
    assert await fault_of(sensor) == "crc"
    said = ""
    try:
        await sensor.sample()
    except SensorError as error:
        said = str(error)
    assert "9600 baud" in said


async def test_silence_and_wrong_checksums_are_told_apart():
    _, sensor = mounted(700, fault="silent")
    assert await fault_of(sensor) == "silent"
    _, sensor = mounted(700, fault="checksum")
    assert await fault_of(sensor) == "crc"
    _, sensor = mounted(700, fault="cut")
    assert await fault_of(sensor) == "crc"


async def test_it_recovers_by_itself():
    device, sensor = mounted(700, fault="silent")
    assert await fault_of(sensor) == "silent"
    device.fault = None
    assert (await sensor.sample())[0] == ("fuel/distance", 0.7)


def test_a_tank_the_wrong_way_up_is_a_wrong_configuration():
    for empty_mm, full_mm in ((200, 1200), (1200, 10), (5000, 200), (200, 200)):
        error = raises(ValueError, a02yyuw.setup, dict(CONFIG, empty_mm=empty_mm, full_mm=full_mm), hardware())
        assert "empty_mm" in str(error)


def sloshing(middle_mm, swing_mm, hertz):
    """A device over a surface that swings, and its sensor."""
    device, sensor = mounted(0)
    device.distance_mm = lambda: middle_mm + swing_mm * math.sin(2 * math.pi * hertz * kernel.now_us / 1000000)
    return device, sensor


async def test_slosh_moves_the_level_by_two_percent_at_most():
    # Half full, +-10 % of the height, in a tank of about 3 m (0.5 Hz) and others; the samples hit any phase.
    for hertz in (0.3, 0.4, 0.5, 0.55, 0.7, 0.9, 1.2):
        _, sensor = sloshing(700, 100, hertz)
        for _ in range(12):
            level = (await sensor.sample())[1][1]
            assert 47.9 <= level <= 52.1, (hertz, level)
            await asyncio.sleep_ms(7370)


async def test_slosh_with_false_echoes():
    device, sensor = sloshing(700, 100, 0.5)
    device.jump_every = 6
    for _ in range(6):
        assert 47 <= (await sensor.sample())[1][1] <= 53
        await asyncio.sleep_ms(7370)


async def test_a_refuel_is_there_at_the_next_sample():
    device, sensor = mounted(1100)
    assert (await sensor.sample())[1] == ("fuel/level", 10.0)
    device.distance_mm = lambda: 300
    assert (await sensor.sample())[1] == ("fuel/level", 90.0)
    device.fault = "silent"
    assert await fault_of(sensor) == "silent"
    device.fault = None
    device.distance_mm = lambda: 500
    assert (await sensor.sample())[1] == ("fuel/level", 70.0)


async def test_what_lay_in_the_port_since_the_last_sample_is_old():
    device, sensor = mounted(700)
    for pause_s in (1, 5, 60, 3600):
        await asyncio.sleep(pause_s)
        device.distance_mm = lambda: 1000
        sensor.driver.uart.any()  # as the port fills while nobody reads
        device.distance_mm = lambda: 450
        assert (await sensor.sample())[0] == ("fuel/distance", 0.45), pause_s


def alternating(*distances_mm):
    """A device that gives these distances in turn, and its sensor."""
    device, sensor = mounted(0)
    given = []

    def distance_mm():
        given.append(0)
        return distances_mm[len(given) % len(distances_mm)]

    device.distance_mm = distance_mm
    return sensor


async def test_less_than_half_of_the_frames_may_be_bad():
    for bad_mm in (0, 29, 4501, 65535):
        assert await fault_of(alternating(700, bad_mm)) == "range", bad_mm
        assert await fault_of(alternating(700, bad_mm, bad_mm)) == "range", bad_mm
        assert (await alternating(700, 700, bad_mm).sample())[0] == ("fuel/distance", 0.7), bad_mm


async def test_half_frames_among_whole_ones():
    device, sensor = mounted(700)
    whole = device._frame

    def frame(number):
        return whole(number)[: 2 if number % 4 == 0 else 4]

    device._frame = frame
    assert (await sensor.sample())[0] == ("fuel/distance", 0.7)


def test_a_frame_may_come_in_two_pieces():
    good = b"\xff\x07\xa1\xa7"
    for cut in range(1, 4):
        found, wrong, rest = a02yyuw.parse(good[:cut])
        assert found == []
        assert a02yyuw.parse(rest + good[cut:]) == ([1953], 0, b"")


async def test_a_sample_ends_within_the_samplers_limit():
    for faults in ({}, {"fault": "silent"}, {"fault": "checksum"}, {"fault": "cut"}, {"fault": "zeros"}):
        for shots in (5, 9):
            for period_us in (100000, 300000, 2500000):
                device, sensor = mounted(700, dict(CONFIG, shots=shots), **faults)
                device.period_us = period_us
                begun_us = kernel.now_us
                try:
                    await sensor.sample()
                except SensorError:
                    pass
                assert kernel.now_us - begun_us < 9000000


async def test_a_sensor_that_smooths_and_sends_slowly_is_read_all_the_same():
    for shots in (5, 9):
        for period_us in (150000, 200000, 300000):
            device, sensor = mounted(700, dict(CONFIG, shots=shots))
            device.period_us = period_us
            assert await sensor.sample() == [("fuel/distance", 0.7), ("fuel/level", 50.0)], (shots, period_us)


async def test_a_sensor_that_hardly_speaks_is_silent():
    device, sensor = mounted(700)
    device.period_us = 1900000
    assert await fault_of(sensor) == "silent"


def test_shots_out_of_bounds_are_a_wrong_configuration():
    for shots in (4, 10, "5", 5.5):
        error = raises(ValueError, a02yyuw.setup, dict(CONFIG, shots=shots), hardware())
        assert str(error).startswith("shots: found %s, expected" % shots)
