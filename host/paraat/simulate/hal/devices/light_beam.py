"""A double light beam across a doorway, as the edges on two pins. Level 1: the beam arrives; 0: somebody stands in it."""

import kernel
import wiring

# A person of normal pace: outer beam, both, inner beam, free (microseconds after the first edge).
STEPS_US = (0, 180000, 420000, 600000)
BOUNCE_US = 400


class Beam:
    """bounces: how often each edge goes back and forth before it stays."""

    def __init__(self, outer_pin, inner_pin, bounces=0):
        self.outer_pin = outer_pin
        self.inner_pin = inner_pin
        self.bounces = bounces
        self._bodies = {outer_pin: 0, inner_pin: 0}  # how many stand in each
        wiring.levels[outer_pin] = 1
        wiring.levels[inner_pin] = 1

    def person(self, inward, after_us=0, pace=1.0):
        """Somebody passes, starting so many microseconds from now; pace 2 takes half the time."""
        first, second = (self.outer_pin, self.inner_pin) if inward else (self.inner_pin, self.outer_pin)
        plan = ((first, 1), (second, 1), (first, -1), (second, -1))
        for t_us, (pin, bodies) in zip(STEPS_US, plan):
            self.body(pin, bodies, after_us + int(t_us / pace))

    def body(self, pin, bodies, after_us):
        """A body goes into a beam (+1) or out of it (-1); it is dark while anybody stands in it."""
        kernel.at(kernel.now_us + after_us, lambda: self._move_body(pin, bodies))

    def _move_body(self, pin, bodies):
        self._bodies[pin] += bodies
        level = 0 if self._bodies[pin] else 1
        if wiring.levels[pin] != level:
            for i in range(2 * self.bounces + 1):
                self.edge(pin, level if i % 2 == 0 else 1 - level, i * BOUNCE_US)

    def edge(self, pin, level, after_us):
        kernel.at(kernel.now_us + after_us, lambda: wiring.set_level(pin, level))

    def play(self, moves):
        """Follow a scenario's people: [[second, +1 or -1], ...], one at a time."""
        self._moves = [m for m in moves if m[0] >= kernel.story0_s]
        self._next()

    def _next(self):
        if self._moves:
            kernel.at_story(self._moves[0][0], self._move)

    def _move(self):
        _, count = self._moves.pop(0)
        self.person(count > 0)
        self._next()


def wire(sensor, bus, world):
    device = Beam(sensor["pin_a"], sensor["pin_b"])
    device.play(world.scenario.get("people", ()))
    return device


ONE = {"driver": "light_beam", "pin_a": 32, "pin_b": 33}
BREAKS = ((lambda device: wiring.set_level(device.outer_pin, 0), "blocked"),)
