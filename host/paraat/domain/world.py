"""Everything that is known, folded from one stream: the boards' sets, and facts (see facts.py)."""

from paraat.domain.facts import (
    BatteryRested,
    BoardState,
    ClockSetBack,
    FuelFound,
    GeneratorRan,
    Heard,
    PeoplePassed,
    Started,
)
from paraat.domain.model import SampleSet
from paraat.domain.tracker import Tracker


class World:
    """tracker: what the boards make known of the points. standing: what people said."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.standing = tracker.standing

    def apply(self, heard: Heard, *, only: str | None = None) -> None:
        """Take in one element of the stream.

        Time orders readings and what people said: they may come in any order. A board's state, a start of the host and
        a clock that was set back count from where they stand in the stream. only: let a start or a clock that was set
        back touch just this point, for who folds one point after the other.
        """
        if isinstance(heard, SampleSet):
            self.tracker.apply(heard)
            return
        match heard.told:
            case BoardState(state=state):
                self.tracker.apply_state(state)
            case Started(forget_after=forget_after):
                self.tracker.begin(heard.t)
                self.tracker.forget_after(forget_after, only)
            case ClockSetBack(forget_after=forget_after):
                self.tracker.forget_after(forget_after, only)
            case GeneratorRan() | BatteryRested() | PeoplePassed() | FuelFound() as found:
                self.tracker.remember(found)
            case _:
                self.standing.apply(heard)
