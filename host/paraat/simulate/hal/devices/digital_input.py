"""A contact or an opto-coupler on a digital input, with bounce when it moves."""

import kernel
import wiring


class Switch:
    def __init__(self, pin, level=0, bounces=0):
        self.pin = pin
        self.bounces = bounces
        wiring.levels[pin] = level

    def set(self, level):
        """Move it now; it bounces `bounces` times, a millisecond each, before it stays."""
        wiring.set_level(self.pin, level)
        for i in range(2 * self.bounces):
            bounced = 1 - level if i % 2 == 0 else level
            kernel.at(kernel.now_us + 1000 * (i + 1), lambda bounced=bounced: wiring.set_level(self.pin, bounced))

    def play(self, rows, active_low=False):
        """Follow a scenario's rows [[second, true or false], ...]."""
        for second, on in rows:
            level = 1 if on != active_low else 0
            kernel.at_story(second, lambda level=level: self.set(level))


def wire(sensor, bus, world):
    key = sensor["metric"].split("/")[1]
    active_low = bool(sensor.get("active_low"))
    device = Switch(sensor["pin"], level=1 if active_low else 0, bounces=3)
    device.play(world.scenario.get(key, [[0, key == "mains"]]), active_low)
    return device


def loose_contact(device):
    """It never rests for longer than it takes to bounce."""
    wiring.set_level(device.pin, 1 - wiring.levels[device.pin])
    kernel.at(kernel.now_us + 7000, lambda: loose_contact(device))


ONE = {"driver": "digital_input", "pin": 35, "metric": "power/generator"}
BREAKS = ((loose_contact, "range"),)
