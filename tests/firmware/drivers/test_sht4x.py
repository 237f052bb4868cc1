import wiring
from bench import fault_of, hardware, outcome, raises
from devices.sht4x import SHT4x as Device
from drivers import sht4x

CONFIG = {"driver": "sht4x", "bus": "i2c0"}


def mounted(temperature_c=19.5, humidity_percent=47.0, address=0x44):
    device = Device(lambda: temperature_c, lambda: humidity_percent)
    wiring.i2c[(22, 21)] = {address: device}
    return device, hardware({"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}})


def near(found, expected, tolerance=0.01):
    return abs(found - expected) <= tolerance


def test_the_makers_formula():
    # SHT4x, conversion of signal output: RH = -6 + 125 * S / (2^16 - 1), cut off at 0 and 100 %RH.
    assert near(sht4x.humidity_percent(0x8000), 56.5)
    assert near(sht4x.humidity_percent(29360), 50)
    for raw, percent in ((0, 0), (3145, 0), (55575, 100), (65535, 100)):
        assert sht4x.humidity_percent(raw) == percent


async def test_a_sample():
    for temperature_c, humidity_percent in ((19.5, 47.0), (-12.25, 3.0), (0.0, 99.0)):
        _, hw = mounted(temperature_c, humidity_percent)
        (name_t, found_t), (name_h, found_h) = await sht4x.setup(CONFIG, hw).sample()
        assert (name_t, name_h) == sht4x.names(CONFIG) == ("climate/temperature", "climate/humidity")
        assert near(found_t, temperature_c)
        assert near(found_h, humidity_percent)


async def test_condensation_reads_as_a_hundred():
    _, hw = mounted(humidity_percent=104.0)
    assert (await sht4x.setup(CONFIG, hw).sample())[1] == ("climate/humidity", 100.0)


async def test_all_three_addresses():
    for address in (0x44, 0x45, 0x46):
        _, hw = mounted(address=address)
        assert len(await sht4x.setup(dict(CONFIG, address=address), hw).sample()) == 2
    assert "0x46" in str(raises(ValueError, sht4x.setup, dict(CONFIG, address=0x40), hw))


async def test_every_fault_and_the_recovery():
    device, hw = mounted()
    sensor = sht4x.setup(CONFIG, hw)
    device.nack = True
    assert await fault_of(sensor) is OSError
    device.nack = False
    device.fault = "crc"
    assert await fault_of(sensor) == "crc"
    device.fault = "crc-first"
    found = await outcome(sensor)
    assert found["climate/temperature"] == "crc"
    assert near(found["climate/humidity"], 47)
    device.fault = None
    assert len(await sensor.sample()) == 2
    device.fault = "slow"
    assert await fault_of(sensor) is OSError
