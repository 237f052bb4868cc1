"""The simulated hardware itself: time, pins and buses behave as the board's do."""

import asyncio
import time

import kernel
import machine
import onewire
import wiring
from devices.digital_input import Switch
from devices.ds18b20 import DS18B20
from devices.light_beam import Beam
from world import World


def test_the_clock_starts_at_2000_and_can_be_set():
    assert time.gmtime()[:3] == (2000, 1, 1)
    machine.RTC().datetime((2026, 11, 24, 0, 11, 30, 5, 0))
    assert time.gmtime()[:6] == (2026, 11, 24, 11, 30, 5)
    time.sleep(70)
    assert time.gmtime()[:6] == (2026, 11, 24, 11, 31, 15)
    assert time.time() == time.mktime(time.gmtime())


async def test_a_day_of_timers_passes_at_once():
    before = time.ticks_ms()
    for _ in range(24 * 60):
        await asyncio.sleep(60)
    assert time.ticks_diff(time.ticks_ms(), before) == 86400000
    assert time.time() == 86400


async def test_an_edge_is_seen_at_its_own_moment_and_wakes_the_loop():
    seen = []
    flag = asyncio.ThreadSafeFlag()
    pin = machine.Pin(32, machine.Pin.IN)
    Beam(32, 33).person(True, 5000000)
    start = kernel.now_us

    def on_edge(pin):
        seen.append((kernel.now_us - start, pin.value()))
        flag.set()

    pin.irq(on_edge)
    await flag.wait()
    assert seen == [(5000000, 0)]
    await asyncio.sleep(3600)
    assert seen == [(5000000, 0), (5420000, 1)]


def test_a_switch_bounces_and_settles():
    edges = []
    switch = Switch(34, bounces=3)
    machine.Pin(34, machine.Pin.IN).irq(lambda pin: edges.append(pin.value()))
    switch.set(1)
    time.sleep_ms(20)
    assert len(edges) == 7
    assert machine.Pin(34, machine.Pin.IN).value() == 1


def test_onewire_finds_every_device_bit_by_bit():
    wiring.onewire[4] = [DS18B20(lambda: 20, serial) for serial in (1, 2, 77, 65536)]
    bus = onewire.OneWire(machine.Pin(4))
    roms = bus.scan()
    assert sorted(bytes(r) for r in roms) == sorted(d.rom for d in wiring.onewire[4])
    assert all(bus.crc8(rom) == 0 for rom in roms)


def test_an_output_remembers_what_it_did():
    led = machine.Pin(2, machine.Pin.OUT)
    led.on()
    time.sleep(1)
    led.off()
    assert [level for _, level in wiring.outputs[2]] == [1, 0]
    assert led.value() == 0


def test_the_world_burns_fuel_only_while_the_generator_runs():
    world = World(
        {
            "tank": {"capacity_l": 100},
            "fuel_l": 50,
            "burn_l_per_h": 10,
            "generator": [[0, False], [3600, True], [10800, False]],
            "refuel": [[7200, 60]],
        }
    )
    assert world.litres(3600) == 50
    assert world.litres(5400) == 45
    assert world.litres(7200) == 100
    assert world.litres(10800) == 90
    assert world.litres(99999) == 90
    assert world.distance_mm(99999, 1100, 100) == 200


async def test_a_board_is_wired_with_a_battery_monitor_and_an_energy_meter():
    from drivers import pzem004t, ve_direct
    from node.hardware import Hardware
    from simboard import wire

    config = {
        "buses": {
            "uart1": {"kind": "uart", "rx": 25, "tx": 26, "baud": 19200},
            "uart2": {"kind": "uart", "rx": 16, "tx": 17},
        },
        "pins": {},
        "sensors": [{"driver": "ve_direct", "bus": "uart1"}, {"driver": "pzem004t", "bus": "uart2"}],
    }
    wire(config, World({"battery_v": [[0, 12.5]], "battery_percent": [[0, 64.0]], "load_w": [[0, 950]]}))
    hw = Hardware(config)
    battery = await ve_direct.setup(config["sensors"][0], hw).sample()
    assert battery == [("battery/voltage", 12.5), ("battery/current", 0.4), ("battery/charge", 64.0)]
    power = await pzem004t.setup(config["sensors"][1], hw).sample()
    assert power == [("power/load", 950.0), ("power/mains", True)]


def test_a_full_port_keeps_the_oldest_bytes_and_gives_them_in_two_reads():
    class Talker:
        def bytes_sent(self):
            sent, self.sent = self.sent, b""
            return sent

    wiring.uart[16] = talker = Talker()
    talker.sent = bytes(range(250)) * 4
    uart = machine.UART(2, rx=machine.Pin(16), tx=machine.Pin(17))
    assert uart.read() == (bytes(range(250)) * 4)[:256]
    assert uart.read() == (bytes(range(250)) * 4)[256:384]
    assert uart.read() is None


async def test_every_kind_of_level_sensor_sees_the_same_tank():
    from drivers import a02yyuw, ads1115, tank_sender
    from node.hardware import Hardware
    from simboard import wire

    config = {
        "buses": {
            "uart2": {"kind": "uart", "rx": 16, "tx": 17},
            "i2c0": {"kind": "i2c", "scl": 22, "sda": 21},
        },
        "pins": {},
        "sensors": [
            {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200},
            {"driver": "tank_sender", "pin": 36, "sender": "0-190"},
            {"driver": "tank_sender", "pin": 39, "table": [[10, 100], [80, 40], [240, 0]], "reference_ohm": 150},
            {"driver": "ads1115", "bus": "i2c0", "channel": 2, "full_ma": 14},
        ],
    }
    wire(config, World({"tank": {"capacity_l": 400}, "fuel_l": 108}))
    hw = Hardware(config)
    for sensor, driver in zip(config["sensors"], (a02yyuw, tank_sender, tank_sender, ads1115)):
        name, percent = (await driver.setup(sensor, hw).sample())[-1]
        assert name == "fuel/level"
        assert abs(percent - 27) < 0.2, (sensor, percent)
