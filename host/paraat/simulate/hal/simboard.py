"""Wires a simulated board from the same config.json that the firmware reads, and starts it.

This is what the demo runs: micropython -X heapsize=... simboard.mpy, in the folder that holds config.json.
"""

import json

import kernel
import wiring
from devices.a02yyuw import A02YYUW
from devices.beam import Beam
from devices.ds18b20 import DS18B20
from devices.ds3231 import DS3231
from devices.ina226 import INA226
from devices.pzem004t import PZEM004T
from devices.switch import Switch
from devices.ve_direct import VEDirect, bmv, mppt
from world import World


def _on_i2c(bus, address, device):
    wiring.i2c.setdefault((bus["scl"], bus["sda"]), {})[address] = device


def _a02yyuw(sensor, bus, world):
    wiring.uart[bus["rx"]] = A02YYUW(
        lambda: world.distance_mm(kernel.story_s(), sensor["empty_mm"], sensor["full_mm"]), jump_every=37
    )


def _ina226(sensor, bus, world):
    device = INA226(
        lambda: world.battery_v(kernel.story_s()),
        lambda: world.battery_a(kernel.story_s()),
        sensor["shunt_milliohm"] / 1000,
    )
    _on_i2c(bus, sensor.get("address", 0x40), device)


def _ds18b20(sensor, bus, world):
    devices = wiring.onewire.setdefault(bus["pin"], [])
    devices.append(DS18B20(lambda: world.temperature_c(kernel.story_s()), serial=len(devices) + 1))


def _ve_direct(sensor, bus, world):
    def values(second):
        t = kernel.story0_s + second
        if sensor.get("device") == "mppt":
            return mppt(world.battery_v(t), max(0, world.battery_a(t)))
        return bmv(world.battery_v(t), world.battery_a(t), world.battery_percent(t))

    wiring.uart[bus["rx"]] = VEDirect(values)


def _pzem004t(sensor, bus, world):
    alive = world.generator if sensor.get("feeds") == "generator" else world.mains
    wiring.uart[bus["rx"]] = PZEM004T(
        lambda: 230.0 if alive(kernel.story_s()) else None,
        lambda: world.load_w(kernel.story_s()),
        sensor.get("address", 1),
    )


def _light_beam(sensor, bus, world):
    Beam(sensor["pin_a"], sensor["pin_b"]).play(world.scenario.get("people", ()))


def _digital_input(sensor, bus, world):
    key = sensor["metric"].split("/")[1]
    active_low = bool(sensor.get("active_low"))
    switch = Switch(sensor["pin"], level=1 if active_low else 0, bounces=3)
    switch.play(world.scenario.get(key, [[0, key == "mains"]]), active_low)


_WIRERS = {
    "a02yyuw": _a02yyuw,
    "ina226": _ina226,
    "ds18b20": _ds18b20,
    "ve_direct": _ve_direct,
    "pzem004t": _pzem004t,
    "light_beam": _light_beam,
    "digital_input": _digital_input,
}


def wire(config, world):
    """Put a device model behind the battery clock and behind every sensor of the configuration."""
    buses = config["buses"]
    if "rtc" in buses:
        _on_i2c(buses[buses["rtc"]["bus"]], 0x68, DS3231())
    for sensor in config["sensors"]:
        wirer = _WIRERS.get(sensor["driver"])
        if wirer is not None:
            wirer(sensor, buses.get(sensor.get("bus")), world)


if __name__ == "__main__":
    with open("config.json") as f:
        wire(json.load(f), World(kernel.scenario))
    import main  # the board's own main.py

    main.start()
