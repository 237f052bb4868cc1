"""A resistive sender in its divider, as the voltage on one pin, and half of its supply on another.

`fault`: None, "open" (a wire is off), "short" (the wire touches ground before the series resistor), "stuck-short" (the
sender itself is 0 ohm). `jump_every`: each so many reads one spike, to the top.
"""

import kernel
import wiring
from world import inverse

from devices import put


class TankSender:
    def __init__(self, ohm, supply_mv=3300, reference_ohm=470, series_ohm=47, supply_pin=None, jump_every=0):
        self.ohm = ohm  # function without arguments
        self.supply_mv = supply_mv
        self.reference_ohm = reference_ohm
        self.series_ohm = series_ohm
        self.supply_pin = supply_pin
        self.jump_every = jump_every
        self.fault = None
        self.reads = 0

    def microvolts(self, pin):
        supply_uv = 1000 * self.supply_mv
        if pin == self.supply_pin:
            return supply_uv // 2
        self.reads += 1
        if self.jump_every and self.reads % self.jump_every == 0:
            return supply_uv
        if self.fault == "open":
            return supply_uv
        if self.fault == "short":
            return 0
        lower_ohm = self.series_ohm + (0 if self.fault == "stuck-short" else self.ohm())
        return supply_uv * lower_ohm / (lower_ohm + self.reference_ohm)


def wire(sensor, bus, world):
    from drivers.tank_sender import SENDERS

    empty_ohm, full_ohm = SENDERS.get(sensor.get("sender"), (0, 0))
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
    return device


ONE = {"driver": "tank_sender", "pin": 36, "sender": "240-33", "name": "day-tank"}
BREAKS = ((put("fault", "open"), "wire-break"),)
