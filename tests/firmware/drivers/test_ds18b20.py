import wiring
from bench import fault_of, hardware, raises
from devices.ds18b20 import DS18B20 as Device
from drivers import SensorError, ds18b20

CONFIG = {"driver": "ds18b20", "bus": "w1"}


def mounted(*temperatures_c):
    devices = wiring.onewire[4] = [Device(lambda t=t: t, serial) for serial, t in enumerate(temperatures_c, 1)]
    return devices, hardware({"w1": {"kind": "onewire", "pin": 4}})


def test_the_makers_own_table():
    # 19-7487 Rev 6, table 1.
    for raw, temp_c in ((0x07D0, 125), (0x0550, 85), (0x0191, 25.0625), (0x00A2, 10.125), (0x0008, 0.5), (0, 0),
                        (0xFFF8, -0.5), (0xFF5E, -10.125), (0xFE6F, -25.0625), (0xFC90, -55)):  # fmt: skip
        assert ds18b20.temp_c(raw) == temp_c


async def test_one_on_the_bus_needs_no_rom():
    _, hw = mounted(-3.25)
    assert await ds18b20.setup(CONFIG, hw).sample() == [("climate/temperature", -3.25)]


async def test_several_on_a_bus_are_read_by_their_rom():
    devices, hw = mounted(19.5, -3.25, 40)
    for device, expected, name in zip(devices, (19.5, -3.25, 40), ("hall", "yard", "generator")):
        sensor = ds18b20.setup(dict(CONFIG, rom=device.rom.hex(), name=name), hw)
        assert await sensor.sample() == [("climate/temperature/" + name, expected)]


async def test_several_without_a_rom_are_not_guessed_but_told():
    devices, hw = mounted(19.5, -3.25)
    sensor = ds18b20.setup(CONFIG, hw)
    assert await fault_of(sensor) == "config"
    error = raises(SensorError, sensor.driver._select)
    assert all([device.rom.hex() in str(error) for device in devices])


async def test_one_that_is_exchanged_for_another_is_missed():
    devices, hw = mounted(19.5, 21, 40)
    sensor = ds18b20.setup(dict(CONFIG, rom=devices[1].rom.hex()), hw)
    assert await sensor.sample() == [("climate/temperature", 21)]
    wiring.onewire[4] = [devices[0], devices[2], Device(lambda: 5, serial=99)]
    assert await fault_of(sensor) == "silent"


async def test_the_power_on_value_is_no_temperature():
    (device,), hw = mounted(19.5)
    device.fault = "power-on"
    assert await fault_of(ds18b20.setup(CONFIG, hw)) == "range"


async def test_damage_on_the_wire_is_found_by_the_crc():
    (device,), hw = mounted(19.5)
    sensor = ds18b20.setup(CONFIG, hw)
    device.fault = "crc"
    assert await fault_of(sensor) == "crc"
    device.fault = None
    assert await sensor.sample() == [("climate/temperature", 19.5)]


async def test_a_line_at_ground_is_a_short_and_not_zero_degrees():
    (device,), hw = mounted(19.5)
    for config in (CONFIG, dict(CONFIG, rom=device.rom.hex())):
        sensor = ds18b20.setup(config, hw)
        device.fault = "short"
        assert await fault_of(sensor) == "short"
        device.fault = None
        assert await sensor.sample() == [("climate/temperature", 19.5)]


async def test_the_only_one_on_the_bus_may_be_exchanged():
    _, hw = mounted(19.5)
    sensor = ds18b20.setup(CONFIG, hw)
    assert await sensor.sample() == [("climate/temperature", 19.5)]
    wiring.onewire[4] = [Device(lambda: 5, serial=99)]
    assert await fault_of(sensor) == "silent"
    assert await sensor.sample() == [("climate/temperature", 5)]


async def test_nine_zero_bytes_have_a_right_crc_and_are_no_temperature():
    # vzlogger#610
    (device,), hw = mounted(19.5)
    sensor = ds18b20.setup(CONFIG, hw)
    device.scratchpad = bytes(9)
    assert await fault_of(sensor) == "crc"
    for pad, expected in (("00004B467FFF001085", 0.0), ("AD014B0060FF03107C", 26.8125)):
        device.scratchpad = bytes.fromhex(pad)
        assert await sensor.sample() == [("climate/temperature", expected)]


async def test_what_it_cannot_measure_is_no_temperature():
    # OneWire#91: 127.94 degC with a right CRC.
    (device,), hw = mounted(19.5)
    device.scratchpad = bytes.fromhex("ff074b467fff01102f")
    assert await fault_of(ds18b20.setup(CONFIG, hw)) == "range"


async def test_another_family_on_the_bus_is_left_alone():
    # esp32-ds18b20-example#5: a DS2408 beside it.
    devices, hw = mounted(19.5)
    devices.append(Device(lambda: 0, serial=7, family=0x29))
    assert await ds18b20.setup(CONFIG, hw).sample() == [("climate/temperature", 19.5)]


async def test_nobody_there():
    (device,), hw = mounted(19.5)
    device.present = False
    assert await fault_of(ds18b20.setup(CONFIG, hw)) == "silent"


async def test_one_that_leaves_a_bus_with_others():
    devices, hw = mounted(19.5, 21)
    sensor = ds18b20.setup(dict(CONFIG, rom=devices[0].rom.hex()), hw)
    assert await sensor.sample() == [("climate/temperature", 19.5)]
    devices[0].present = False
    assert await fault_of(sensor) == "silent"


def test_a_rom_that_is_none():
    _, hw = mounted(19.5)
    mistyped = Device(lambda: 0, serial=1).rom.hex().replace("01", "10", 1)
    for rom in ("10ff", "1000000000000001", "zz", mistyped):
        raises(ValueError, ds18b20.setup, dict(CONFIG, rom=rom), hw)
