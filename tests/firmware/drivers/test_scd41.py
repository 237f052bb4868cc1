import asyncio

import kernel
import wiring
from bench import fault_of, hardware, outcome
from devices.scd41 import SCD41 as Device
from drivers import scd41

CONFIG = {"driver": "scd41", "bus": "i2c0"}


def mounted(co2_ppm=800):
    found = co2_ppm if callable(co2_ppm) else lambda: co2_ppm
    device = Device(found, lambda: 21.0, lambda: 50.0)
    wiring.i2c[(22, 21)] = {0x62: device}
    return device, hardware({"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}})


async def test_the_makers_own_example():
    # SCD4x, read_measurement: 01F4 33 6667 A2 5EB9 3C is 500 ppm, 25 degC, 37 %RH; the words alone stand for it here.
    air = scd41.air(0x01F4, 0x6667, 0x5EB9)
    assert air.co2_ppm == 500
    assert round(air.temp_c) == 25
    assert round(air.humidity_percent) == 37


async def test_the_first_sample_starts_it_and_the_next_is_there_at_once():
    _, hw = mounted(800)
    sensor = scd41.setup(CONFIG, hw)
    assert scd41.names(CONFIG) == ("climate/co2",)
    assert await sensor.sample() == [("climate/co2", 800)]
    await asyncio.sleep(60)
    before_us = kernel.now_us
    assert await sensor.sample() == [("climate/co2", 800)]
    assert kernel.now_us - before_us < 100000


async def test_every_sample_is_a_new_measurement():
    _, hw = mounted(lambda: 600 + kernel.now_us // 1000000)
    sensor = scd41.setup(CONFIG, hw)
    await sensor.sample()
    for _ in range(4):  # asked faster than it measures
        started_s = kernel.now_us // 1000000
        ((_, ppm),) = await sensor.sample()
        assert ppm >= 600 + started_s


async def test_a_board_that_restarts_finds_it_measuring():
    _, hw = mounted(800)
    await scd41.setup(CONFIG, hw).sample()
    assert await scd41.setup(dict(CONFIG, name="hall"), hw).sample() == [("climate/co2/hall", 800)]


async def test_no_answer_and_damage_on_the_wire():
    device, hw = mounted()
    sensor = scd41.setup(CONFIG, hw)
    device.nack = True
    assert await fault_of(sensor) is OSError
    device.nack = False
    assert len(await sensor.sample()) == 1
    device.fault = "crc"
    await asyncio.sleep(60)
    assert await fault_of(sensor) == "crc"
    device.fault = None
    await asyncio.sleep(60)
    assert len(await sensor.sample()) == 1


async def test_damage_in_what_is_not_reported_costs_nothing():
    device, hw = mounted(800)
    sensor = scd41.setup(CONFIG, hw)
    await sensor.sample()
    whole = device.reply
    for byte in range(9):

        def damaged(count, byte=byte):
            data = bytearray(whole(count))
            if count == 9:
                data[byte] ^= 0x10
            return data

        device.reply = damaged
        await asyncio.sleep(60)
        if byte < 3:
            assert await fault_of(sensor) == "crc", byte
        else:
            assert await outcome(sensor) == {"climate/co2": 800}, byte


async def test_one_that_was_put_to_sleep_or_told_not_to_calibrate_is_set_right():
    device, hw = mounted(800)
    device.asleep = True
    device.calibrates = False
    assert await scd41.setup(CONFIG, hw).sample() == [("climate/co2", 800)]
    assert device.calibrates


async def test_one_that_lost_its_power_is_started_again():
    device, hw = mounted(800)
    sensor = scd41.setup(CONFIG, hw)
    await sensor.sample()
    device.power_cycle()
    assert await fault_of(sensor) == "silent"
    assert await sensor.sample() == [("climate/co2", 800)]


async def test_it_stays_within_the_samplers_patience():
    device, hw = mounted()
    sensor = scd41.setup(CONFIG, hw)
    await sensor.sample()
    device.power_cycle()
    for expected in ("silent", None):
        before_us = kernel.now_us
        if expected:
            assert await fault_of(sensor) == expected
        else:
            await sensor.sample()
        assert kernel.now_us - before_us < 10000000


async def test_the_zero_of_a_first_measurement_is_no_reading():
    from node.sampler import Sampler

    _, hw = mounted(0)
    sampler = Sampler({"sensors": [CONFIG], "sample_limit_s": 10}, hw)
    assert await sampler.sample() == ([], [("climate/co2", "range")])
