import wiring
from bench import fault_of, hardware, outcome, raises
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


async def test_a_shunt_at_its_end_leaves_the_batterys_voltage():
    # esphome/issues#2999: exactly under the heaviest load. 2 mOhm ends at 40.96 A.
    for current_a in (60, 40.96, -40.96, -60):
        _, hw = mounted(11.2, current_a)
        sensor = ina226.setup(CONFIG, hw)
        assert await outcome(sensor) == {"battery/voltage": 11.2, "battery/current": "range"}
        assert "40.96 A or more through the shunt" in str((await sensor.sample())[1][1])
    _, hw = mounted(11.2, 40.9)
    assert near((await outcome(ina226.setup(CONFIG, hw)))["battery/current"], 40.9, 0.00125)


async def test_the_words_of_an_overloaded_shunt():
    device, hw = mounted(12.8, 0)
    value = device._value
    device._value = lambda register: {0x01: 0x8000, 0x02: 0x2300}.get(register) or value(register)
    found = await ina226.setup(CONFIG, hw).sample()
    assert found[0] == ("battery/voltage", 11.2)
    assert found[1][1].code == "range"


async def test_a_bus_at_its_end_leaves_the_current():
    for volts in (40.96, 52):
        _, hw = mounted(volts, -3.5)
        found = await outcome(ina226.setup(CONFIG, hw))
        assert found["battery/voltage"] == "range"
        assert near(found["battery/current"], -3.5, 0.00125)


async def test_another_makers_chip_is_named_and_may_be_accepted():
    # meshtastic#10247: copies read 190Fh.
    device, hw = mounted(12.8, -3.5)
    device.registers[0xFE] = 0x190F
    error = raises(SensorError, ina226.setup, CONFIG, hw)
    assert error.code == "config"
    assert "0x40" in str(error)
    assert "190f" in str(error)
    assert "maker_id = 0x190f" in str(error)
    found = await outcome(ina226.setup(dict(CONFIG, maker_id=0x190F), hw))
    assert near(found["battery/voltage"], 12.8, 0.00125)
    device.registers[0xFE] = 0x5449
    assert "5449" in str(raises(SensorError, ina226.setup, dict(CONFIG, maker_id=0x190F), hw))


def test_lines_that_only_say_one_thing_are_no_other_chip():
    device, hw = mounted(12.8, 0)
    for said in (0x0000, 0xFFFF):
        device.registers[0xFE] = said
        error = raises(SensorError, ina226.setup, CONFIG, hw)
        assert error.code == "bus"
        assert "%04x" % said in str(error)


async def test_one_that_was_put_to_sleep_or_dipped_is_set_right_within_the_sample():
    device, hw = mounted(12.8, -3.5)
    device.registers[0] = 0x4520  # power-down, as another program left it
    sensor = ina226.setup(CONFIG, hw)
    for left in (0x4520, 0x4524, 0x4127):  # 4127h: after a dip, it averages once
        device.registers[0] = left
        assert near((await outcome(sensor))["battery/voltage"], 12.8, 0.00125), left
        assert device.registers[0] == 0x4527, left
    device.dip()
    await sensor.sample()
    assert device.registers[0] == 0x4527


async def test_one_that_does_not_keep_its_settings_is_no_voltage():
    device, hw = mounted(12.8, -3.5)
    sensor = ina226.setup(CONFIG, hw)
    write = device.write
    device.write = lambda register, data: write(register, b"\x41\x27")
    assert await fault_of(sensor) == "bus"


async def test_a_stuck_bus_is_a_bus_fault_and_passes():
    _, hw = mounted(12.8, -3.5)
    sensor = ina226.setup(CONFIG, hw)
    wiring.stuck.add((22, 21))
    assert await fault_of(sensor) is OSError
    wiring.stuck.clear()
    assert len(await outcome(sensor)) == 2


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
