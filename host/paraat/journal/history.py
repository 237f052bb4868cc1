"""What the host knew at any moment, folded anew from the journal: at a start, and when somebody asks for the past."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple, get_args

import msgspec

from paraat.domain.facts import (
    HOST_KINDS,
    ROLLING_KINDS,
    STANDING_KINDS,
    BoardState,
    Fact,
    FuelFound,
    GapAccepted,
    Heard,
    Standing,
    Told,
)
from paraat.domain.model import Judged, PointView
from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import HELP, HISTORY_SAMPLES, OPEN, Tracker
from paraat.domain.world import World
from paraat.journal.alerts import AlertRecords
from paraat.journal.entries import Entries
from paraat.journal.ranges import Range, without

# A board's states before these many say nothing that the last ones do not.
_STATES = 100
# A start reads the last sets of each point back. In all about so many, so that a large fleet does
# not keep the broker waiting for long; the histories that autonomy uses are shorter then.
_REPLAY_SETS = 400_000
_REPLAY_MIN_SETS = 30
_FUEL = 200  # what befell the fuel: an event that goes on is told again and again
# Of the facts of one kind so many, the newest, are enough.
_KEPT: Mapping[type[Told], int] = {BoardState: _STATES, **dict.fromkeys(ROLLING_KINDS, 1), FuelFound: _FUEL}

_NO_OWN: Mapping[str, Alerts] = {}


def sets_read_back(points: int) -> int:
    """How many sets of each of so many points are enough to know how it stands."""
    return max(_REPLAY_MIN_SETS, min(HISTORY_SAMPLES, _REPLAY_SETS // max(1, points)))


class _Cut(NamedTuple):
    """Where the stream is cut: the last id in entry and the last one in fact. None: nowhere."""

    entry: int | None
    fact: int | None


_WHOLE = _Cut(None, None)
_Order = tuple[int, int, int]  # the stream has a batch's sets first, then the facts that came with it


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Everything as it stood at `now`, by what the host had learnt by then."""

    now: float
    views: list[PointView]
    standing: Standing


class History(Entries, AlertRecords):
    """The part of the journal that tells what was."""

    def fold(self, world: World, points: Mapping[str, Point], *, sets: int | None, until: Judged | None = None) -> None:
        """Let a new world take in the whole stream, in its order; until: as far as it was known at that moment.

        sets: of each point only so many, the newest; None: all.
        """
        self._fold(world, points, sets, _WHOLE if until is None else _Cut(until.entry, until.fact))

    def past(
        self,
        t: float,
        points: Mapping[str, Point],
        alerts: Alerts,
        profiles: Mapping[str, Profile],
        *,
        sets: int | None,
        certificate_until: Callable[[str, float], float | None],
        own: Mapping[str, Alerts] = _NO_OWN,
    ) -> Past:
        """Everything as it stood at t, unix seconds, by what the host had learnt by then. sets: as in fold. own: as of Tracker.

        What stands in files and not in the journal is today's: points, thresholds, profiles, certificates.
        """
        cut = self._cut(t)
        world = World(
            Tracker(
                points,
                alerts,
                profiles=profiles,
                since=t,
                counts=lambda point: self._counts(point, cut),
                certificate_until=certificate_until,
                own=own,
            )
        )
        self._fold(world, points, sets, cut)
        world.tracker.note_alerts(self.alerts_at(t))
        return Past(now=t, views=world.tracker.views(t), standing=world.standing)

    def heard(self, since: Judged, until: Judged) -> list[Heard]:
        """What came after one moment of judging and by the other, in the order of the stream."""
        found: dict[_Order, Heard] = {
            (entry_id, 0, 0): a_set for entry_id, a_set in self._sets_between(since.entry, until.entry)
        }
        told = self.facts(*get_args(Told), since=since.fact, until=until.fact)
        found |= {(fact.after, 1, fact.id): fact for fact in told}
        return [found[order] for order in sorted(found)]

    def last_ids(self) -> tuple[int, int]:
        """The newest ids of entry and fact."""
        (last,) = self._read("SELECT (SELECT coalesce(max(id), 0) FROM entry), (SELECT coalesce(max(id), 0) FROM fact)")
        return int(last[0]), int(last[1])

    def _cut(self, t: float) -> _Cut:
        """What the host had learnt by t is all up to here.

        Where its clock was set back, what came before counts too, whatever the clock said then.
        """
        entry = self._last("SELECT id FROM entry WHERE received_at <= ? ORDER BY id DESC LIMIT 1", t)
        fact = self._last("SELECT id FROM fact WHERE recorded_at <= ? ORDER BY id DESC LIMIT 1", t)
        of_host = self.facts(*HOST_KINDS, until=fact, limit=1)
        return _Cut(max([entry, *(one.after for one in of_host)]), fact)

    def _last(self, query: str, t: float) -> int:
        rows = self._read(query, (t,))
        return int(rows[0][0]) if rows else 0

    def _fold(self, world: World, points: Mapping[str, Point], sets: int | None, cut: _Cut) -> None:
        """The points follow one another, so that no more than one lies in memory."""
        of_host = self.facts(*HOST_KINDS, until=cut.fact)
        for point in points:
            for heard in self._stream(point, of_host, sets, cut):
                world.apply(heard, only=point)
        for fact in self.facts(*STANDING_KINDS, until=cut.fact):
            world.apply(fact)

    def _stream(self, point: str, of_host: list[Fact], sets: int | None, cut: _Cut) -> list[Heard]:
        found: dict[_Order, Heard] = {(fact.after, 1, fact.id): fact for fact in of_host}
        found |= {(fact.after, 1, fact.id): fact for fact in self.newest_facts(_KEPT, point=point, until=cut.fact)}
        found |= {(entry_id, 0, 0): a_set for entry_id, a_set in islice(self._replay(point, until=cut.entry), sets)}
        opened = helped = False
        for entry_id, event in self._replay(point, only_events=True, until=cut.entry):
            if OPEN in event.values and not opened:  # it may lie days back, and the point is open all the same
                found[(entry_id, 0, 0)] = event
                opened = bool(event.values[OPEN])
            elif HELP in event.values and not helped:
                found[(entry_id, 0, 0)] = event
                helped = True
            if opened and helped:
                break
        return [found[order] for order in sorted(found)]

    def _counts(self, point: str, cut: _Cut) -> tuple[int, int]:
        """(stored, missing) of a point, of what had come by then."""
        ((stored, highest),) = self._read(
            "SELECT count(*), coalesce(max(seq), 0) FROM entry WHERE point = ? AND seq IS NOT NULL AND id <= ?",
            (point, cut.entry),
        )
        missing = highest - stored
        accepted = [fact.told for fact in self.facts(GapAccepted, point=point, until=cut.fact)] if missing else []
        if not accepted:
            return stored, missing
        taken = [(one.first, one.last or 0) for one in accepted if isinstance(one, GapAccepted)]
        return stored, sum(self._not_there(point, gap, cut) for gap in without([(1, highest)], taken))

    def _not_there(self, point: str, gap: Range, cut: _Cut) -> int:
        """How many of these seqs had not come by then."""
        first, last = gap
        ((there,),) = self._read(
            "SELECT count(*) FROM entry WHERE point = ? AND seq BETWEEN ? AND ? AND id <= ?",
            (point, first, last, cut.entry),
        )
        return last - first + 1 - int(there)
