"""Wires a simulated board from the same config.json that the firmware reads, and starts it.

This is what the demo runs: micropython -X heapsize=... simboard.mpy, in the folder that holds config.json.
A device's model is loaded where it is wired: those that a board lacks take nothing of its heap.
"""

import json

import kernel
import wiring
from world import World, inverse


def _on_i2c(bus, address, device):
    wiring.i2c.setdefault((bus["scl"], bus["sda"]), {})[address] = device


def _a02yyuw(sensor, bus, world):
    from devices.a02yyuw import A02YYUW

    wiring.uart[bus["rx"]] = A02YYUW(
        lambda: world.distance_mm(kernel.story_s(), sensor["empty_mm"], sensor["full_mm"]), jump_every=37
    )


def _ina226(sensor, bus, world):
    from devices.ina226 import INA226

    device = INA226(
        lambda: world.battery_v(kernel.story_s()),
        lambda: world.battery_a(kernel.story_s()),
        sensor["shunt_milliohm"] / 1000,
    )
    _on_i2c(bus, sensor.get("address", 0x40), device)


def _ds18b20(sensor, bus, world):
    from devices.ds18b20 import DS18B20

    devices = wiring.onewire.setdefault(bus["pin"], [])
    rom = sensor.get("rom")
    serial = int.from_bytes(bytes.fromhex(rom)[1:7], "little") if rom else len(devices) + 1
    devices.append(DS18B20(lambda: world.temperature_c(kernel.story_s()), serial))


def _tank_sender(sensor, bus, world):
    from devices.tank_sender import TankSender
    from drivers import tank_sender

    empty_ohm, full_ohm = tank_sender.SENDERS.get(sensor.get("sender"), (0, 0))
    empty_ohm, full_ohm = sensor.get("empty_ohm", empty_ohm), sensor.get("full_ohm", full_ohm)
    table = sensor.get("table") or [[empty_ohm, 0], [full_ohm, 100]]
    device = TankSender(
        lambda: inverse(table, world.level_percent(kernel.story_s())),
        sensor.get("supply_mv", 3300),
        sensor.get("reference_ohm", 470),
        sensor.get("series_ohm", 47),
        sensor.get("supply_pin"),
        jump_every=37,
    )
    wiring.adc[sensor["pin"]] = wiring.adc[device.supply_pin] = device


def _ads1115(sensor, bus, world):
    from devices.ads1115 import ADS1115

    table = [[sensor.get("empty_ma", 4), 0], [sensor.get("full_ma", 20), 100]]
    address = sensor.get("address", 0x48)
    chips = wiring.i2c.setdefault((bus["scl"], bus["sda"]), {})
    if address not in chips:  # four probes hang on one chip
        chips[address] = ADS1115({}, sensor.get("sense_ohm", 100))
    chips[address].loops_ma[sensor.get("channel", 0)] = lambda: inverse(table, world.level_percent(kernel.story_s()))


def _air(world):
    """What a thermometer with a hygrometer measures: two functions."""
    return lambda: world.temperature_c(kernel.story_s()), lambda: world.humidity_percent(kernel.story_s())


def _sht31(sensor, bus, world):
    from devices.sht31 import SHT31

    _on_i2c(bus, sensor.get("address", 0x44), SHT31(*_air(world)))


def _sht4x(sensor, bus, world):
    from devices.sht4x import SHT4x

    _on_i2c(bus, sensor.get("address", 0x44), SHT4x(*_air(world)))


def _scd41(sensor, bus, world):
    from devices.scd41 import SCD41

    _on_i2c(bus, 0x62, SCD41(lambda: world.co2_ppm(kernel.story_s()), *_air(world)))


def _ve_direct(sensor, bus, world):
    from devices.ve_direct import VEDirect, bmv, mppt

    def values(second):
        t = kernel.story0_s + second
        if sensor.get("device") == "mppt":
            return mppt(world.battery_v(t), max(0, world.battery_a(t)))
        return bmv(world.battery_v(t), world.battery_a(t), world.battery_percent(t))

    wiring.uart[bus["rx"]] = VEDirect(values)


def _pzem004t(sensor, bus, world):
    from devices.pzem004t import PZEM004T

    alive = world.generator if sensor.get("feeds") == "generator" else world.mains
    wiring.uart[bus["rx"]] = PZEM004T(
        lambda: 230.0 if alive(kernel.story_s()) else None,
        lambda: world.load_w(kernel.story_s()),
        sensor.get("address", 1),
    )


def _light_beam(sensor, bus, world):
    from devices.beam import Beam

    Beam(sensor["pin_a"], sensor["pin_b"]).play(world.scenario.get("people", ()))


def _digital_input(sensor, bus, world):
    from devices.switch import Switch

    key = sensor["metric"].split("/")[1]
    active_low = bool(sensor.get("active_low"))
    switch = Switch(sensor["pin"], level=1 if active_low else 0, bounces=3)
    switch.play(world.scenario.get(key, [[0, key == "mains"]]), active_low)


_WIRERS = {
    "a02yyuw": _a02yyuw,
    "ina226": _ina226,
    "ds18b20": _ds18b20,
    "tank_sender": _tank_sender,
    "ads1115": _ads1115,
    "sht31": _sht31,
    "sht4x": _sht4x,
    "scd41": _scd41,
    "ve_direct": _ve_direct,
    "pzem004t": _pzem004t,
    "light_beam": _light_beam,
    "digital_input": _digital_input,
}


def wire(config, world):
    """Put a device model behind the battery clock and behind every sensor of the configuration."""
    buses = config["buses"]
    if "rtc" in buses:
        from devices.ds3231 import DS3231

        _on_i2c(buses[buses["rtc"]["bus"]], 0x68, DS3231())
    for sensor in config["sensors"]:
        wirer = _WIRERS.get(sensor["driver"])
        if wirer is not None:
            wirer(sensor, buses.get(sensor.get("bus")), world)


def wire_this_board():
    """Wire what config.json in this folder says, in the world of the scenario."""
    wiring.OUTPUTS_KEPT = 1  # nobody looks back at what lamp and buzzer did
    with open("config.json") as f:
        wire(json.load(f), World(kernel.scenario))


if __name__ == "__main__":
    wire_this_board()
    import main  # the board's own main.py

    main.start()
