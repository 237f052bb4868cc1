"""Classes, defaults, decorators and closures: what the emulated chip kept of it stands in test_mpy_memory.py."""


class Valve:
    """A class with what classes hold."""

    KIND = "ball"

    def __init__(self, name, steps=4, *, slow=False):
        self.name = name
        self._steps = steps
        self._slow = slow
        self._at = 0

    @property
    def position(self):
        return self._at * 100 // self._steps

    @staticmethod
    def parse(text):
        name, _, steps = text.partition(":")
        return Valve(name, int(steps or 4))

    def turn(self, by):
        def limited(value):
            return max(0, min(self._steps, value))

        self._at = limited(self._at + (by if self._slow else 2 * by))
        return self.position


class Gate(Valve):
    KIND = "gate"

    def turn(self, by):
        for _ in range(abs(by)):
            super().turn(1 if by > 0 else -1)
        return [self.parse("%s:%d" % (name, at)) for at, name in enumerate(("left", "right"))]


def all_shut(valves):
    return all(valve.position == 0 for valve in valves)
