"""Wires a simulated board from the same config.json that the firmware reads, and starts it.

This is what the demo runs: micropython -X heapsize=... simboard.mpy, in the folder that holds config.json.
A device's model is loaded where it is wired: those that a board lacks take nothing of its heap.
"""

import json

import kernel
import wiring
from world import World


def wire(config, world):
    """Put a device model behind the battery clock and behind every sensor of the configuration.

    Returns those of the sensors, in their order.
    """
    buses = config["buses"]
    if "rtc" in buses:
        from devices import on_i2c
        from devices.ds3231 import DS3231

        on_i2c(buses[buses["rtc"]["bus"]], 0x68, DS3231())
    return [_model(sensor["driver"]).wire(sensor, buses.get(sensor.get("bus")), world) for sensor in config["sensors"]]


def _model(driver):
    return getattr(__import__("devices." + driver), driver)


def wire_this_board():
    """Wire what config.json in this folder says, in the world of the scenario."""
    wiring.OUTPUTS_KEPT = 1  # nobody looks back at what lamp and buzzer did
    with open("config.json") as f:
        wire(json.load(f), World(kernel.scenario))


if __name__ == "__main__":
    wire_this_board()
    import main  # the board's own main.py

    main.start()
