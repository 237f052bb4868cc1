import wiring
from bench import fault_of, hardware, raises
from devices.a02yyuw import A02YYUW as Device
from drivers import a02yyuw

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
    assert a02yyuw.level_percent(1200, 1200, 200) == 0
    assert a02yyuw.level_percent(200, 1200, 200) == 100
    assert a02yyuw.level_percent(950, 1200, 200) == 25
    assert a02yyuw.level_percent(1210, 1200, 200) == 0


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
