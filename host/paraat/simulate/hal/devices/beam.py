"""A double light beam across a doorway, as the edges on two pins. Level 1: the beam arrives; 0: somebody stands in it."""

import kernel
import wiring

# A person of normal pace: outer beam, both, inner beam, free (microseconds after the first edge).
STEPS_US = (0, 180000, 420000, 600000)


class Beam:
    def __init__(self, outer_pin, inner_pin):
        self.outer_pin = outer_pin
        self.inner_pin = inner_pin
        wiring.levels[outer_pin] = 1
        wiring.levels[inner_pin] = 1

    def person(self, inward, after_us=0):
        """Somebody passes, starting so many microseconds from now."""
        first, second = (self.outer_pin, self.inner_pin) if inward else (self.inner_pin, self.outer_pin)
        plan = ((first, 0), (second, 0), (first, 1), (second, 1))
        for t_us, (pin, level) in zip(STEPS_US, plan):
            self.edge(pin, level, after_us + t_us)

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
