import wiring
from bench import fault_of, hardware, outcome, raises
from devices.sht31 import SHT31 as Device
from drivers import _sensirion, sht31

CONFIG = {"driver": "sht31", "bus": "i2c0"}


def mounted(temperature_c=19.5, humidity_percent=47.0, address=0x44):
    device = Device(lambda: temperature_c, lambda: humidity_percent)
    wiring.i2c[(22, 21)] = {address: device}
    return device, hardware({"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}})


def near(found, expected, tolerance=0.01):
    return abs(found - expected) <= tolerance


def test_the_makers_crc():
    # SHT3x-DIS, checksum calculation: CRC(0xBEEF) = 0x92; SCD4x, read_measurement: the words of its example.
    for word, crc in ((b"\xbe\xef", 0x92), (b"\x01\xf4", 0x33), (b"\x66\x67", 0xA2), (b"\x5e\xb9", 0x3C)):
        assert _sensirion.crc8(word) == crc


def test_the_makers_formulas():
    # SHT3x-DIS, conversion of signal output, at the ends of the word; SCD4x, read_measurement: 6667h is 25 degC, 5EB9h is 37 %RH by the same formulas.
    assert (_sensirion.temp_c(0), _sensirion.temp_c(65535)) == (-45, 130)
    assert (sht31.humidity_percent(0), sht31.humidity_percent(65535)) == (0, 100)
    assert near(_sensirion.temp_c(0x6667), 25)
    assert near(sht31.humidity_percent(0x5EB9), 37)


async def test_a_sample():
    for temperature_c, humidity_percent in ((19.5, 47.0), (-12.25, 0.0), (0.0, 100.0)):
        _, hw = mounted(temperature_c, humidity_percent)
        (name_t, found_t), (name_h, found_h) = await sht31.setup(CONFIG, hw).sample()
        assert (name_t, name_h) == sht31.names(CONFIG) == ("climate/temperature", "climate/humidity")
        assert near(found_t, temperature_c)
        assert near(found_h, humidity_percent)


async def test_a_named_one_at_the_other_address():
    _, hw = mounted(address=0x45)
    config = dict(CONFIG, name="hall", address=0x45)
    found = await sht31.setup(config, hw).sample()
    assert [name for name, _ in found] == ["climate/temperature/hall", "climate/humidity/hall"]
    assert "0x44 or 0x45" in str(raises(ValueError, sht31.setup, dict(CONFIG, address=0x46), hw))


async def test_every_fault_and_the_recovery():
    device, hw = mounted()
    sensor = sht31.setup(CONFIG, hw)
    device.nack = True
    assert await fault_of(sensor) is OSError
    device.nack = False
    device.fault = "crc"  # of its state, while it is set up
    assert await fault_of(sensor) == "crc"
    device.fault = None
    assert len(await sensor.sample()) == 2
    device.fault = "crc"
    assert await fault_of(sensor) == "crc"
    device.fault = "crc-first"
    found = await outcome(sensor)
    assert found["climate/temperature"] == "crc"
    assert near(found["climate/humidity"], 47)
    device.fault = None
    device.fault = "slow"  # not done when it is asked: it does not acknowledge the read
    assert await fault_of(sensor) is OSError


async def test_damage_in_any_bit_is_found_and_leaves_the_other_word():
    device, hw = mounted()
    sensor = sht31.setup(CONFIG, hw)
    await sensor.sample()
    whole = device.reply
    for bit in range(48):

        def damaged(count, bit=bit):
            data = bytearray(whole(count))
            data[bit // 8] ^= 1 << bit % 8
            return data

        device.reply = damaged
        found = await outcome(sensor)
        damaged_one, other = sht31.names(CONFIG) if bit < 24 else (sht31.names(CONFIG)[1], sht31.names(CONFIG)[0])
        assert found[damaged_one] == "crc", bit
        assert near(found[other], 47.0 if bit < 24 else 19.5), bit


async def test_it_is_taken_out_of_the_mode_that_it_was_left_in():
    # esphome/issues#1465: with its heater on it says 28.9 degC and 45 % for 24.4 and 57.
    device, hw = mounted(24.4, 57.0)
    device.heater = True
    found = await outcome(sht31.setup(CONFIG, hw))
    assert near(found["climate/temperature"], 24.4)
    assert near(found["climate/humidity"], 57.0)
    assert not device.heater
    device.periodic = True  # it takes no single shot
    assert near((await outcome(sht31.setup(CONFIG, hw)))["climate/temperature"], 24.4)


async def test_a_heater_that_stays_on_is_no_temperature():
    device, hw = mounted(24.4, 57.0)
    device.heater = device.stuck_heater = True
    assert await fault_of(sht31.setup(CONFIG, hw)) == "bus"
