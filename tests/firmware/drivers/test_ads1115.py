import kernel
import wiring
from bench import fault_of, hardware, raises
from devices.ads1115 import ADS1115 as Device
from drivers import ads1115

CONFIG = {"driver": "ads1115", "bus": "i2c0"}


def mounted(current_ma, config=CONFIG, address=0x48):
    channel = config.get("channel", 0)
    device = Device({channel: lambda: current_ma}, config.get("sense_ohm", 100))
    wiring.i2c[(22, 21)] = {address: device}
    hw = hardware({"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}})
    return device, ads1115.setup(config, hw)


def near(found, expected, tolerance=0.05):
    return abs(found - expected) <= tolerance


def test_the_makers_codes():
    # SBAS444E, table "Input signal versus ideal output code": FS (2^15 - 1) / 2^15 is 7FFFh, FS / 2^15 is 0001h,
    # -FS / 2^15 is FFFFh, -FS is 8000h.
    assert near(ads1115.current_ma(0x7FFF, 4096, 100), 40.96, 0.002)
    assert ads1115.current_ma(0x0001, 4096, 1) == 0.125  # table "Full-scale range": 125 uV a bit
    assert ads1115.current_ma(0x0001, 2048, 1) == 0.0625
    assert ads1115.current_ma(0xFFFF, 4096, 1) == -0.125
    assert ads1115.current_ma(0x8000, 4096, 100) == -40.96


def test_the_gain_follows_the_resistor():
    for sense_ohm, full_scale_mv in ((10, 512), (40, 1024), (47, 2048), (93, 2048), (100, 4096), (140, 4096)):
        assert ads1115.gain(sense_ohm)[0] == full_scale_mv, sense_ohm
    for sense_ohm in (0, -1, 150, 250):
        assert "140" in str(raises(ValueError, ads1115.gain, sense_ohm))


async def test_from_empty_to_full():
    for sense_ohm in (10, 47, 100, 140):
        for current_ma, percent in (
            (4, 0),
            (8, 25),
            (12, 50),
            (20, 100),
            (3.8, 0),
            (20.5, 100),
            (3.65, 0),
            (20.9, 100),
        ):
            _, sensor = mounted(current_ma, dict(CONFIG, sense_ohm=sense_ohm))
            ((name, found),) = await sensor.sample()
            assert name == "fuel/level"
            assert near(found, percent), (sense_ohm, current_ma, found)


async def test_a_probe_that_is_longer_than_the_tank():
    _, sensor = mounted(9, dict(CONFIG, empty_ma=4, full_ma=14, name="day-tank"))
    ((name, found),) = await sensor.sample()
    assert name == "fuel/level/day-tank"
    assert near(found, 50)
    assert near(await sensor.measure(), 9)


async def test_more_than_a_full_tank_is_not_full():
    for empty_ma, full_ma, beyond_ma, within_ma in ((4, 14, 15.2, 14.9), (20, 6, 4.5, 4.7)):
        config = dict(CONFIG, empty_ma=empty_ma, full_ma=full_ma)
        _, sensor = mounted(beyond_ma, config)
        assert await fault_of(sensor) == "range", config
        _, sensor = mounted(within_ma, config)
        assert (await sensor.sample())[0][1] == 100, config


async def test_what_the_probe_or_its_wire_says_of_itself():
    # NAMUR NE 43: up to 3.6 mA and from 21 mA is a failure.
    for current_ma, code in ((0, "wire-break"), (3.5, "wire-break"), (21.1, "range"), (24, "range"), (200, "range")):
        _, sensor = mounted(current_ma)
        assert await fault_of(sensor) == code, current_ma


async def test_every_input_and_address():
    for channel in range(4):
        for address in (0x48, 0x4B):
            config = dict(CONFIG, channel=channel, address=address)
            _, sensor = mounted(12, config, address)
            assert near((await sensor.sample())[0][1], 50)
    _, sensor = mounted(12, dict(CONFIG, channel=1))
    sensor.driver._start &= ~0x1000  # AIN0, where nothing hangs
    assert await fault_of(sensor) == "wire-break"


async def test_the_register_as_the_maker_states_it():
    device, sensor = mounted(12, dict(CONFIG, channel=2))
    await sensor.sample()
    # OS 0 when read during a conversion; MUX 110, PGA 001, MODE 1, DR 100, COMP_QUE 11.
    assert device.config == 0x6383


async def test_bus_faults_and_the_recovery():
    device, sensor = mounted(12)
    device.nack = True
    assert await fault_of(sensor) is OSError
    device.nack = False
    device.fault = "stuck"
    assert await fault_of(sensor) == "silent"
    device.fault = None
    assert near((await sensor.sample())[0][1], 50)


async def test_a_chip_that_lost_its_power_gives_no_old_value():
    device, sensor = mounted(12)
    kernel.at(kernel.now_us + 4000, device.reset)  # within the first conversion
    assert await fault_of(sensor) == "bus"
    assert near((await sensor.sample())[0][1], 50)


def test_a_wrong_configuration_is_named():
    for wrong, key in (
        ({"address": 0x40}, "address"),
        ({"channel": 4}, "channel"),
        ({"sense_ohm": 250}, "sense_ohm"),
        ({"empty_ma": 0}, "empty_ma"),
        ({"full_ma": 22}, "full_ma"),
        ({"empty_ma": 12, "full_ma": 12}, "full_ma"),
    ):
        assert key in str(raises(ValueError, mounted, 12, dict(CONFIG, **wrong))), wrong
