import wiring
from bench import fault_of, hardware, raises
from devices.ina226 import INA226 as Device
from drivers import SensorError, ina226

CONFIG = {"driver": "ina226", "bus": "i2c0", "address": 0x40, "shunt_milliohm": 2.0}


def mounted(voltage_v, current_a):
    device = Device(lambda: voltage_v, lambda: current_a, 0.002)
    wiring.i2c[(22, 21)] = {0x40: device}
    return device, hardware({"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}})


def near(found, expected, tolerance):
    return abs(found - expected) <= tolerance


def test_the_makers_own_example():
    # SBOS547B, "Configure, Measure and Calculate Example": a bus of 11.98 V reads 2570h (9584), a shunt voltage of 20 mV over 2 mOhm
    # reads 1F40h (8000) and is 10 A.
    assert ina226.bus_mv(0x2570) == 11980
    assert ina226.shunt_uv(0x1F40) == 20000
    assert ina226.current_ma(0x1F40, 2.0) == 10000


def test_a_current_backwards_is_negative():
    # SBOS547B, 7.6.1.2: -80 mV is 8300h.
    assert ina226.shunt_uv(0x8300) == -80000


async def test_a_sample_gives_volts_and_amperes():
    _, hw = mounted(12.8, -3.5)
    (name_v, volts), (name_a, amperes) = await ina226.setup(CONFIG, hw).sample()
    assert (name_v, name_a) == ina226.names(CONFIG) == ("battery/voltage", "battery/current")
    assert near(volts, 12.8, 0.00125)
    assert near(amperes, -3.5, 0.00125)


async def test_no_answer_on_the_bus_is_an_oserror_at_start_and_later():
    device, hw = mounted(12.8, 0)
    sensor = ina226.setup(CONFIG, hw)
    device.nack = True
    assert await fault_of(sensor) is OSError
    raises(OSError, ina226.setup, CONFIG, hw)


async def test_a_shunt_at_its_end_is_invalid():
    for current_a in (60, -60):
        _, hw = mounted(12.8, current_a)
        assert await fault_of(ina226.setup(CONFIG, hw)) == "range"


def test_another_chip_at_the_address_is_named():
    device, hw = mounted(12.8, 0)
    device.registers[0xFE] = 0x1234
    error = raises(SensorError, ina226.setup, CONFIG, hw)
    assert error.code == "config"
    assert "0x40" in str(error)


async def test_the_zeros_before_the_first_measurement_are_no_empty_battery():
    _, hw = mounted(12.8, -3.5)
    sensor = ina226.setup(CONFIG, hw)
    assert sensor.driver._read(0x02) == 0  # the bus voltage, as the chip has it right after power-on
    assert near(dict(await sensor.sample())["battery/voltage"], 12.8, 0.00125)


async def test_one_that_does_not_measure_is_silent():
    device, hw = mounted(12.8, -3.5)
    sensor = ina226.setup(CONFIG, hw)
    await sensor.sample()
    device.asleep = True
    assert await fault_of(sensor) == "silent"


def test_an_address_that_it_cannot_have_is_a_wrong_configuration():
    _, hw = mounted(12.8, 0)
    assert "0x40 to 0x4f" in str(raises(ValueError, ina226.setup, dict(CONFIG, address=0x50), hw))


def test_a_shunt_of_nothing_is_a_wrong_configuration():
    _, hw = mounted(12.8, 0)
    assert "shunt_milliohm" in str(raises(ValueError, ina226.setup, dict(CONFIG, shunt_milliohm=0), hw))
