"""The simulated hardware itself: time, pins and buses behave as the board's do."""

import asyncio
import time

import kernel
import machine
import onewire
import wiring
from devices.beam import Beam
from devices.ds18b20 import DS18B20
from devices.switch import Switch
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
