"""Carbon dioxide in a hall over the last two hours: what it was before it rose, and who came in meanwhile."""

from typing import NamedTuple

SLOT_S = 600.0
SLOTS = 12


class Lowest(NamedTuple):
    """The air at its best. people: how many were there then; None: not known."""

    co2_ppm: float
    people: int | None


class Air:
    """The lowest figures of each ten minutes. In which order they come, and how often, makes no difference."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: dict[int, Lowest] = {}

    def add(self, t: float, co2_ppm: float, people: int | None) -> None:
        """Take in what was read at t. people: how many were there; None: not known."""
        slot = int(t // SLOT_S)
        before = self._slots.get(slot)
        if before is not None:
            co2_ppm = min(co2_ppm, before.co2_ppm)
            people = min((one for one in (people, before.people) if one is not None), default=None)
        self._slots[slot] = Lowest(co2_ppm, people)
        if len(self._slots) > SLOTS:
            newest = max(self._slots)
            self._slots = {key: value for key, value in self._slots.items() if key > newest - SLOTS}

    def lowest(self, t: float) -> Lowest | None:
        """The air at its best in the two hours before t, unix seconds; None where nothing is known of them."""
        slot = int(t // SLOT_S)
        recent = (value for key, value in self._slots.items() if slot - SLOTS < key <= slot)
        return min(recent, key=lambda one: (one.co2_ppm, -1 if one.people is None else one.people), default=None)

    def forget_after(self, t: float) -> None:
        """Let go of what was read after t, unix seconds."""
        self._slots = {key: value for key, value in self._slots.items() if key * SLOT_S <= t}
