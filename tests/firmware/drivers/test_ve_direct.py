import asyncio
import time

import kernel
import wiring
from bench import fault_of, hardware, outcome, raises
from devices import ve_direct as device
from drivers import ve_direct

CONFIG = {"driver": "ve_direct", "bus": "uart1"}
MPPT = {"driver": "ve_direct", "bus": "uart1", "device": "mppt", "name": "sun"}

# The frame of Victron's own protocol paper (BMV-700).
MAKERS = (
    b"\r\nPID\t0x203\r\nV\t26201\r\nI\t0\r\nP\t0\r\nCE\t0\r\nSOC\t1000\r\nTTG\t-1\r\nAlarm\tOFF\r\nRelay\tOFF\r\nAR\t0"
    b"\r\nBMV\t700\r\nFW\t0307\r\nChecksum\t\xd8"
)
FIELDS = {b"V": b"26201", b"I": b"0", b"SOC": b"1000", b"TTG": b"-1"}
HEX = b":7001000C80076\n"


def mounted(values, config=CONFIG, **faults):
    wired = wiring.uart[25] = device.VEDirect(values, **faults)
    hw = hardware({"uart1": {"kind": "uart", "rx": 25, "tx": 26, "baud": 19200}})
    return wired, ve_direct.setup(config, hw)


def shunt(_second):
    return device.bmv(12.8, -3.25, 87.5)


def synced():
    frames = ve_direct.Frames()
    frames.feed(b"T\t1\r\nChecksum\tx")
    return frames


def test_the_makers_own_frame():
    frames = synced()
    assert frames.feed(MAKERS) == [FIELDS]
    assert frames.feed(MAKERS + MAKERS) == [FIELDS, FIELDS]
    assert frames.wrong == 0


def test_a_frame_may_come_in_any_pieces():
    for size in (1, 2, 7, 96):
        frames = synced()
        found = []
        for i in range(0, len(MAKERS), size):
            found += frames.feed(MAKERS[i : i + size])
        assert found == [FIELDS], size


def test_a_stream_that_begins_anywhere_gives_no_frame_before_its_second_end():
    for cut in range(MAKERS.index(b"Checksum")):
        frames = ve_direct.Frames()
        assert frames.feed(MAKERS[cut:]) == [], cut
        assert frames.feed(MAKERS) == [FIELDS], cut


def test_a_stream_that_begins_in_a_hex_message_or_at_the_checksum():
    frames = ve_direct.Frames()
    assert frames.feed(HEX[5:] + MAKERS) == []
    assert frames.feed(MAKERS) == [FIELDS]
    # Behind the word's first letter the end is not recognised, and the frame after it only shows where the next begins.
    for cut in range(MAKERS.index(b"Checksum") + 1, len(MAKERS)):
        frames = ve_direct.Frames()
        assert frames.feed(MAKERS[cut:] + MAKERS) == [], cut
        assert frames.feed(MAKERS) == [FIELDS], cut


def test_hex_messages_are_skipped_wherever_they_stand():
    at_checksum = MAKERS.index(b"Checksum\t") + len(b"Checksum\t")
    for cut in range(len(MAKERS)):
        if cut != at_checksum:
            frames = synced()
            assert frames.feed(MAKERS[:cut] + HEX + MAKERS[cut:]) == [FIELDS], cut


def test_a_checksum_may_look_like_anything():
    for wanted in (b":", b"\n", b"\r", b"\t", b"\x00"):
        for n in range(256):
            made = device.frame([("V", "12000"), ("x", "A" * n)])
            if made[-1:] == wanted:
                break
        else:
            raise AssertionError(wanted)
        frames = synced()
        assert frames.feed(made + MAKERS) == [{b"V": b"12000"}, FIELDS], wanted


def test_every_damaged_byte_is_found():
    for i in range(len(MAKERS)):
        damaged = bytearray(MAKERS)
        damaged[i] ^= 0x40
        frames = synced()
        assert FIELDS not in frames.feed(bytes(damaged)), i
        frames.feed(MAKERS)
        assert frames.feed(MAKERS) == [FIELDS], i


def test_noise_of_a_wrong_baud_rate_takes_no_memory():
    frames = ve_direct.Frames()
    for _ in range(100):
        assert frames.feed(b"\x80\xf8\x00" * 80) == []
    assert len(frames._line) <= 48


def test_what_is_not_known_is_no_number():
    assert ve_direct.number(b"---") is None
    assert ve_direct.number(None) is None
    assert ve_direct.number(b"") is None
    assert ve_direct.number(b"-3250") == -3250
    assert ve_direct.number(b"0") == 0


async def test_a_battery_monitor():
    _, sensor = mounted(shunt)
    found = await sensor.sample()
    assert found == [("battery/voltage", 12.8), ("battery/current", -3.25), ("battery/charge", 87.5)]
    assert tuple(name for name, _ in found) == ve_direct.names(CONFIG)[:3]


async def test_a_battery_monitor_tells_the_hours_that_it_reckons_while_something_is_drawn():
    _, sensor = mounted(lambda _: device.bmv(12.8, -3.25, 87.5, 1290))
    assert (await sensor.sample())[3] == ("battery/time-left", 21.5)
    assert ve_direct.names(CONFIG)[3] == "battery/time-left"
    _, sensor = mounted(lambda _: device.bmv(10.4, -3.25, 0, 0))
    assert (await sensor.sample())[3] == ("battery/time-left", 0.0)
    _, sensor = mounted(lambda _: device.bmv(13.6, 0.4, 100, -1))
    assert len(await sensor.sample()) == 3


async def test_a_solar_charger_has_no_charge_and_its_panel_is_not_taken_for_the_battery():
    _, sensor = mounted(lambda _: device.mppt(13.2, 4.5), MPPT)
    assert await sensor.sample() == [("battery/voltage/sun", 13.2), ("battery/current/sun", 4.5)]
    assert ve_direct.names(MPPT) == ("battery/voltage/sun", "battery/current/sun")


async def test_an_unknown_charge_is_absent_and_an_empty_battery_is_zero():
    _, sensor = mounted(lambda _: device.bmv(12.8, 0, None))
    assert await sensor.sample() == [("battery/voltage", 12.8), ("battery/current", 0.0)]
    _, sensor = mounted(lambda _: device.bmv(10.1, 0, 0))
    assert (await sensor.sample())[2] == ("battery/charge", 0.0)


async def test_a_sample_is_never_older_than_itself():
    # The port keeps the first 256 bytes of the minute between two samples; the voltage here is the second it was sent.
    _, sensor = mounted(lambda second: device.bmv(10 + second / 100, 0, 50))
    for pause_s in (0, 1, 3.3, 60, 60.7, 3600):
        await asyncio.sleep(pause_s)
        begun_s = kernel.now_us / 1000000
        volts = (await sensor.sample())[0][1]
        assert (volts - 10) * 100 > begun_s - 0.01, (pause_s, begun_s, volts)
        assert kernel.now_us / 1000000 - begun_s < 3


async def test_bytes_lost_in_a_full_buffer_cost_a_frame_and_no_wrong_value():
    _, sensor = mounted(lambda second: device.bmv(10 + second / 100, -3.25, 87.5))

    async def hold_up():
        for _ in range(3):
            await asyncio.sleep_ms(300)
            time.sleep(0.5)  # nothing else runs, as in a long write to the flash

    held_up = asyncio.create_task(hold_up())
    found = await sensor.sample()
    assert 10 <= found[0][1] <= 10.05
    assert found[1:] == [("battery/current", -3.25), ("battery/charge", 87.5)]
    await held_up


async def test_silence_is_a_fault_also_after_it_has_spoken():
    wired, sensor = mounted(shunt)
    assert len(await sensor.sample()) == 3
    wired.fault = "silent"
    begun_ms = time.ticks_ms()
    assert await fault_of(sensor) == "silent"
    assert time.ticks_ms() - begun_ms < 5000
    wired.fault = None
    assert len(await sensor.sample()) == 3


async def test_wrong_checksums_are_told_from_silence():
    _, sensor = mounted(shunt, fault="checksum")
    assert await fault_of(sensor) == "crc"


async def test_bytes_that_never_make_a_frame_are_silence_with_a_hint():
    _, sensor = mounted(lambda _: b"\x80\xf8\x00" * 90)
    assert await fault_of(sensor) == "silent"


async def test_hex_messages_between_do_not_matter():
    for hex_at in (0, 5, 60, 150, 250):
        _, sensor = mounted(shunt, hex_at=hex_at)
        assert len(await sensor.sample()) == 3, hex_at


def test_a_wrong_configuration_names_its_key():
    wired = hardware({"uart1": {"kind": "uart", "rx": 25, "tx": 26}})
    assert "device: found mmpt" in str(raises(ValueError, ve_direct.setup, dict(CONFIG, device="mmpt"), wired))
    raises(KeyError, ve_direct.setup, {"driver": "ve_direct"}, wired)
    raises(KeyError, ve_direct.setup, dict(CONFIG, bus="uart7"), wired)


def test_hex_messages_right_behind_the_checksum():
    # VeDirectFrameHandler#15
    frames = synced()
    assert frames.feed(MAKERS + b":A2001002200000008\n:ADBED00750806\n" + MAKERS) == [FIELDS, FIELDS]
    assert frames.wrong == 0


async def test_a_voltage_that_the_instrument_does_not_know_is_a_fault_beside_the_others():
    _, sensor = mounted(lambda _: device.frame([("V", "---"), ("I", "-3250"), ("SOC", "875")]))
    assert await outcome(sensor) == {"battery/voltage": "range", "battery/current": -3.25, "battery/charge": 87.5}
