import asyncio
import sys

import wiring
from bench import hardware
from devices.ds18b20 import DS18B20
from devices.ina226 import INA226
from drivers import SensorError
from node.filters import median, plausible
from node.sampler import Sampler, fault_code

BUSES = {
    "i2c0": {"kind": "i2c", "scl": 22, "sda": 21},
    "w1": {"kind": "onewire", "pin": 4},
    "uart2": {"kind": "uart", "rx": 16, "tx": 17},
}
POWER = {"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 2.0}
FUEL = {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200}
WARMTH = {"driver": "ds18b20", "bus": "w1"}


def sampler(*sensors, limit_s=10):
    return Sampler({"sensors": list(sensors), "sample_limit_s": limit_s}, hardware(BUSES))


class FakeDriver:
    """A driver file that does what a broken one could do."""

    def __init__(self, sample):
        self._sample = sample

    def names(self, config):
        return ("power/load",)

    def setup(self, config, hw):
        return self

    async def sample(self):
        return await self._sample()


def install(name, sample):
    sys.modules["drivers." + name] = FakeDriver(sample)


def wire_up():
    power = INA226(lambda: 12.8, lambda: 1.0, 0.002)
    wiring.i2c[(22, 21)] = {0x40: power}
    warmth = DS18B20(lambda: 19.5)
    wiring.onewire[4] = [warmth]
    return power, warmth


async def test_one_that_fails_never_stops_the_others():
    power, warmth = wire_up()
    s = sampler(POWER, FUEL, WARMTH)  # nothing is wired to the UART
    values, faults = await s.sample()
    assert [name for name, _ in values] == ["battery/voltage", "battery/current", "climate/temperature"]
    assert faults == [("fuel/distance", "silent"), ("fuel/level", "silent")]


async def test_a_bus_that_fails_is_set_up_again_and_recovers():
    power, _ = wire_up()
    s = sampler(POWER)
    power.nack = True
    assert (await s.sample())[1] == [("battery/voltage", "bus"), ("battery/current", "bus")]
    power.nack = False
    power.registers[0] = 0x4127  # the chip lost its power, and with it its settings
    values, faults = await s.sample()
    assert len(values) == 2
    assert faults == []
    assert power.registers[0] == 0x4527
    power.nack = True
    assert len((await s.sample())[1]) == 2


async def test_a_chip_that_fell_silent_is_set_up_again():
    power, _ = wire_up()
    s = sampler(POWER)
    await s.sample()
    power.asleep = True
    assert (await s.sample())[1] == [("battery/voltage", "silent"), ("battery/current", "silent")]
    assert s.slots[0].sensor is None
    power.asleep = False
    assert len((await s.sample())[0]) == 2


async def test_a_count_of_people_is_not_begun_anew_by_a_beam_that_is_blocked():
    async def blocked():
        raise SensorError("blocked")

    install("beam", blocked)
    s = sampler({"driver": "beam"})
    await s.sample()
    assert s.slots[0].sensor is not None


async def test_a_value_may_be_at_fault_alone():
    power, _ = wire_up()
    power.current_a = lambda: 60
    s = sampler(POWER)
    assert await s.sample() == ([("battery/voltage", 12.8)], [("battery/current", "range")])
    assert s.slots[0].sensor is not None


async def test_a_stuck_bus_costs_its_own_sensors_only_and_passes():
    wire_up()
    s = sampler(POWER, WARMTH)
    wiring.stuck.add((22, 21))
    values, faults = await s.sample()
    assert values == [("climate/temperature", 19.5)]
    assert faults == [("battery/voltage", "bus"), ("battery/current", "bus")]
    wiring.stuck.clear()
    assert len((await s.sample())[0]) == 3


async def test_a_meter_on_a_line_that_is_rightly_dead_is_explained():
    mains = {"driver": "pzem004t", "bus": "uart2"}
    generator = dict(mains, feeds="generator", name="generator")
    runs, stands = ("power/generator", True), ("power/generator", False)
    there, out = ("power/mains", True), ("power/mains", False)
    of_mains = [("power/load", "silent"), ("power/mains", "silent")]
    of_generator = [("power/load/generator", "silent"), ("power/generator", "silent")]
    for sensor, known, faults, left in (
        (mains, [runs], of_mains, []),  # a blackout, fed by the generator
        (mains, [stands], of_mains, of_mains),  # dark, or a loose wire: nobody knows
        (mains, [], of_mains, of_mains),
        (mains, [out, stands], of_mains[:1], []),  # an input says that the line is dead
        (mains, [there, stands], of_mains[:1], of_mains[:1]),  # and that it is not: then the meter is at fault
        (
            mains,
            [runs],
            [("power/load", "crc"), ("power/mains", "crc")],
            [("power/load", "crc"), ("power/mains", "crc")],
        ),
        (generator, [there], of_generator, []),  # standby
        (generator, [out], of_generator, of_generator),
        (generator, [there, runs], of_generator[:1], of_generator[:1]),
    ):
        s = sampler(sensor, WARMTH)
        other = [("climate/temperature", "silent")]
        assert s.unexplained(known, faults + other) == left + other, (known, faults)


async def test_a_sensor_that_never_returns_is_cut_off():
    async def hang():
        await asyncio.sleep(3600)

    install("hangs", hang)
    _, faults = await sampler({"driver": "hangs"}, limit_s=5).sample()
    assert faults == [("power/load", "silent")]


async def test_whatever_a_driver_raises_becomes_a_code():
    for error, code in (
        (SensorError("crc"), "crc"),
        (OSError(5), "bus"),
        (ValueError("x"), "config"),
        (KeyError("bus"), "config"),
        (ZeroDivisionError("x"), "error"),
        (MemoryError("x"), "error"),
        (asyncio.TimeoutError(), "silent"),
    ):

        async def fail(error=error):
            raise error

        install("fails", fail)
        assert (await sampler({"driver": "fails"}).sample())[1] == [("power/load", code)], error
        assert fault_code(error) == code


async def test_what_a_thermometer_cannot_measure_is_a_fault():
    _, warmth = wire_up()
    warmth.scratchpad = bytes.fromhex("ff074b467fff01102f")  # 127.94 degC with a right CRC: OneWire#91
    assert await sampler(WARMTH).sample() == ([], [("climate/temperature", "range")])


async def test_an_impossible_value_is_a_fault():
    async def wild():
        return [("power/load", -5.0)]

    install("wild", wild)
    assert await sampler({"driver": "wild"}).sample() == ([], [("power/load", "range")])


async def test_a_driver_that_is_not_there_leaves_the_others_alone():
    wire_up()
    s = sampler({"driver": "nothing"}, POWER)
    assert s.names == ["battery/voltage", "battery/current"]
    assert len((await s.sample())[0]) == 2
    assert s.unusable == 1


async def test_a_driver_whose_file_rotted_leaves_the_others_alone():
    wire_up()

    def names(config):
        raise ValueError("incompatible .mpy file")

    install("rotten", None)
    sys.modules["drivers.rotten"].names = names
    s = sampler({"driver": "rotten"}, POWER)
    assert s.unusable == 1
    assert len((await s.sample())[0]) == 2


async def test_two_sensors_of_one_metric_stand_in_for_each_other():
    async def first():
        if broken:
            raise SensorError("silent")
        return [("power/load", 100)]

    async def second():
        return [("power/load", 200)]

    broken = False
    install("first", first)
    install("second", second)
    s = sampler({"driver": "first"}, {"driver": "second"})
    assert s.names == ["power/load"]
    assert await s.sample() == ([("power/load", 100)], [])
    broken = True
    assert await s.sample() == ([("power/load", 200)], [])
    assert await sampler({"driver": "first"}, {"driver": "first"}).sample() == ([], [("power/load", "silent")])


def test_what_is_no_sensor_or_has_no_name_leaves_the_others_alone():
    wrong = [dict(WARMTH, name=name) for name in ("Grote zaal", 7, "x" * 21, "a/b")]
    s = sampler({"driver": "ds3231"}, *wrong, POWER)
    assert s.names == ["battery/voltage", "battery/current"]


def test_the_median_is_a_value_that_was_read():
    assert median([700]) == 700
    assert median([700, 10, 705]) == 700
    assert median([700, 10, 705, 9999]) == 700
    assert median([5, 1, 4, 2, 3]) == 3


def test_plausible_follows_the_table():
    assert plausible("fuel/level", 0)
    assert plausible("fuel/level", 100)
    assert not plausible("fuel/level", 100.5)
    assert not plausible("climate/temperature/hall", -60)
    assert not plausible("battery/voltage", float("nan"))
