import time

import wiring
from bench import fault_of, hardware, raises
from devices.pzem004t import PZEM004T as Device
from drivers import pzem004t

CONFIG = {"driver": "pzem004t", "bus": "uart1"}

# Heard on the wire of real modules: https://github.com/arendst/Tasmota/issues/11817 and .../9687.
HEARD_230 = bytes.fromhex("010414097c339b000074fa00001f22000001f4005d0000588a")
HEARD_120 = bytes.fromhex("01041404d06346000190fc00001dea0002025800210000d4bb")


def mounted(voltage_v, power_w, config=CONFIG, **more):
    device = wiring.uart[25] = Device(lambda: voltage_v, lambda: power_w, **more)
    hw = hardware({"uart1": {"kind": "uart", "rx": 25, "tx": 26, "baud": 9600}})
    return device, pzem004t.setup(config, hw)


def test_the_crc_by_known_numbers():
    assert pzem004t.crc16(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS
    assert pzem004t.crc16(b"") == 0xFFFF
    assert pzem004t.crc16(HEARD_230) == pzem004t.crc16(HEARD_120) == 0


def test_the_request_as_modules_know_it():
    assert pzem004t.request(0xF8) == b"\xf8\x04\x00\x00\x00\x0a\x64\x64"
    assert pzem004t.request(0x01) == b"\x01\x04\x00\x00\x00\x0a\x70\x0d"


def test_replies_of_real_modules():
    assert pzem004t.line(HEARD_230) == (242.8, 13.211, 2994.6, 50.0)
    # 90.95 A does not fit into one register: the low word comes first.
    assert pzem004t.line(HEARD_120) == (123.2, 90.95, 3711.6, 60.0)


def test_a_power_of_two_words():
    # Manual 2.3: 0.1 W, low word in register 3, high word in register 4: 0x00011170 is 7000 W.
    reply = bytes.fromhex("010414" + "0898" + "76c00000" + "11700001" + "00000000" + "01f400640000" + "0000")
    assert pzem004t.line(reply) == (220.0, 30.4, 7000.0, 50.0)


def test_a_reply_is_found_behind_noise_and_its_own_question():
    assert pzem004t.find_reply(HEARD_230, 1) == HEARD_230
    assert pzem004t.find_reply(pzem004t.request(1) + HEARD_230, 1) == HEARD_230
    assert pzem004t.find_reply(b"\x01\x04\x14\x01" + HEARD_230 + b"\xff", 1) == HEARD_230
    assert pzem004t.find_reply(HEARD_230, 2) is None
    for size in range(len(HEARD_230)):
        assert pzem004t.find_reply(HEARD_230[:size], 1) is None, size


def test_every_damaged_byte_is_found():
    for i in range(len(HEARD_230)):
        damaged = bytearray(HEARD_230)
        damaged[i] ^= 0x20
        assert pzem004t.find_reply(bytes(damaged), 1) is None, i


async def test_a_sample_gives_load_and_mains():
    _, sensor = mounted(230.4, 812.3)
    assert await sensor.sample() == [("power/load", 812.3), ("power/mains", True)]
    assert pzem004t.names(CONFIG) == ("power/load", "power/mains")


async def test_no_load_is_zero_which_is_a_reading():
    _, sensor = mounted(230.0, 0)
    assert await sensor.sample() == [("power/load", 0.0), ("power/mains", True)]


async def test_a_great_load():
    _, sensor = mounted(230.0, 21500)
    assert (await sensor.sample())[0] == ("power/load", 21500.0)


async def test_on_the_generators_side():
    config = dict(CONFIG, feeds="generator", name="generator")
    _, sensor = mounted(231.0, 2400, config)
    assert await sensor.sample() == [("power/load/generator", 2400.0), ("power/generator", True)]
    assert pzem004t.names(config) == ("power/load/generator", "power/generator")


async def test_no_answer_is_not_known_and_never_off():
    for config in (CONFIG, dict(CONFIG, feeds="generator")):
        device, sensor = mounted(None, 0, config)
        begun_ms = time.ticks_ms()
        assert await fault_of(sensor) == "silent"
        assert time.ticks_diff(time.ticks_ms(), begun_ms) <= 1000
        assert device.asked == 3


async def test_a_brown_out_is_no_mains():
    for voltage_v, alive in ((110.0, False), (183.9, False), (184.0, True), (253.0, True)):
        _, sensor = mounted(voltage_v, 100)
        assert (await sensor.sample())[1] == ("power/mains", alive), voltage_v


async def test_a_voltage_that_it_cannot_measure_is_invalid():
    for voltage_v in (0, 79.9, 260.1, 6553.5):
        _, sensor = mounted(voltage_v, 100)
        assert await fault_of(sensor) == "range", voltage_v


async def test_garbled_and_short_replies():
    for fault in ("crc", "cut"):
        _, sensor = mounted(230, 100, fault=fault)
        assert await fault_of(sensor) == "crc", fault
    device, sensor = mounted(None, 0, fault="echo")
    assert await fault_of(sensor) == "crc"  # its own echo is no answer


async def test_an_exception_reply():
    device, sensor = mounted(230, 100, fault="exception")
    assert await fault_of(sensor) == "bus"
    assert device.asked == 1


async def test_echo_and_noise_before_the_reply():
    for fault in ("echo", "noise"):
        _, sensor = mounted(230, 100, fault=fault)
        assert await sensor.sample() == [("power/load", 100.0), ("power/mains", True)], fault


async def test_one_garbled_reply_is_asked_again():
    device, sensor = mounted(230, 100, fault="crc")
    whole = device._reply

    def reply(data):
        if device.asked == 2:
            device.fault = None
        return whole(data)

    device._reply = reply
    assert (await sensor.sample())[0] == ("power/load", 100.0)
    assert device.asked == 2


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next():
    watts = [100]
    device, sensor = mounted(230, 0)
    device.power_w = lambda: watts[0]
    device.fault = "late"
    # The first question's answer falls into the third's time at the latest; in any case it is gone by the next sample.
    await fault_or_sample(sensor)
    time.sleep(60)
    device.fault = None
    watts[0] = 500
    assert (await sensor.sample())[0] == ("power/load", 500.0)


async def fault_or_sample(sensor):
    try:
        await sensor.sample()
    except Exception:
        pass


async def test_it_recovers_by_itself():
    device, sensor = mounted(None, 0)
    assert await fault_of(sensor) == "silent"
    device.voltage_v = lambda: 229.9
    assert (await sensor.sample())[1] == ("power/mains", True)


async def test_several_on_a_bus_by_their_address():
    device, sensor = mounted(230, 100, dict(CONFIG, address=7), address=7)
    assert (await sensor.sample())[0] == ("power/load", 100.0)
    device.address = 8
    assert await fault_of(sensor) == "silent"


def test_a_wrong_configuration_names_its_key():
    hw = hardware({"uart1": {"kind": "uart", "rx": 25, "tx": 26}})
    assert "feeds: found solar" in str(raises(ValueError, pzem004t.setup, dict(CONFIG, feeds="solar"), hw))
    for address in (0, 249, "1", None):
        assert "address" in str(raises(ValueError, pzem004t.setup, dict(CONFIG, address=address), hw))
    raises(KeyError, pzem004t.setup, {"driver": "pzem004t"}, hw)


async def test_a_capture_at_the_general_address():
    heard = bytes.fromhex("f8041408d30023000000050000000200000" + "1f500060000f8be")
    assert pzem004t.find_reply(heard, pzem004t.ANY_ADDRESS) == heard
    assert pzem004t.line(heard) == (225.9, 0.035, 0.5, 50.1)
    device, sensor = mounted(230, 0)
    device._reply = lambda data: heard
    assert await sensor.sample() == [("power/load", 0.5), ("power/mains", True)]


def test_sixty_hertz():
    heard = bytes.fromhex("0104" + "14089a0029000000120000" + "00ed0000025700140000" + "5138")
    assert pzem004t.find_reply(heard, 1) == heard
    assert pzem004t.line(heard) == (220.2, 0.041, 1.8, 59.9)


def test_the_line_that_feeds_it():
    assert pzem004t.fed_by(CONFIG) == "power/mains"
    assert pzem004t.fed_by(dict(CONFIG, feeds="generator")) == "power/generator"
