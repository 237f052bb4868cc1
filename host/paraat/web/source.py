"""What the status page asks of the host.

The service fulfils it; the page knows nothing else of the host.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from paraat.domain.facts import Author, Fact, SaidOfPoint
from paraat.domain.model import AlertState, PointView
from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.radio import Book, Entered
from paraat.domain.refuel import Stop
from paraat.domain.roster import Person
from paraat.domain.told import Told, Tried
from paraat.journal import Past
from paraat.runtime.clock import Clock


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must work.

    A required one that fails makes /healthz 503; another one makes it "degraded".
    """

    name: str  # "broker", "journal", "ingest", "alerts", "delivery", "certificates", "influx": the page has the words
    ok: bool
    required: bool
    detail: str = ""  # for the technician, in English: what is wrong, where, what to do


class Stand(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How all points stood at `now`, unix seconds. Of many points some may have been looked at some seconds before.

    views: by point. waiting: how many points nobody has looked at yet since the start; they are in no list.
    """

    now: float
    views: Mapping[str, PointView]
    waiting: int = 0


class Asked(Protocol):
    """What a link in a message asks: that somebody says that he has seen an alert, or all of a list."""

    @property
    def alerts(self) -> Sequence[AlertState]:
        """The alerts, which fire."""
        ...

    @property
    def person(self) -> Person:
        """Whom the message was for."""
        ...


class Answers(Protocol):
    """What people answer an alert with, each way of its own. A ValueError says, in a Phrase, why one does not count."""

    @property
    def book(self) -> Book:
        """The tags of the codes for the radio. Raises SettingsError."""
        ...

    def asked(self, token: str) -> Asked:
        """What a link asks; it changes nothing. Raises ValueError, SettingsError."""
        ...

    def by_link(self, token: str, *, sees_to_it: bool = True) -> Fact:
        """Use a link up; sees_to_it: whether he does, or cannot. Raises ValueError, JournalError, SettingsError."""
        ...

    def by_code(self, text: str, author: Author) -> Entered:
        """Keep what a code says that was heard over the radio. Raises RadioError, JournalError, SettingsError."""
        ...


class WebSource(Protocol):
    """Everything the page shows.

    The methods may block shortly; they are called from worker threads, several at once.
    """

    @property
    def region(self) -> str:
        """The name of the safety region."""
        ...

    @property
    def language(self) -> str:
        """ "nl" or "en"."""
        ...

    @property
    def timezone(self) -> str:
        """The IANA zone in which times are shown, such as "Europe/Amsterdam"."""
        ...

    @property
    def clock(self) -> Clock:
        """Where `now` comes from; in a demo it runs faster than the machine's."""
        ...

    @property
    def stale_after_s(self) -> float:
        """Seconds after which a value is shown as old (alerts.point_silent.after_s)."""
        ...

    def stand(self) -> Stand:
        """How all points stand, also those never heard: what is ready. The same object while nothing of it has changed."""
        ...

    def view(self, point: str, now: float) -> PointView:
        """One expected point as it stands at `now`. Raises KeyError when it is not expected."""
        ...

    def past(self, t: float, point: str | None = None) -> Past:
        """Everything as it stood at t, unix seconds; point: of the points only this one. Of all it may take seconds.

        Raises JournalError, and KeyError for a point that is not expected.
        """
        ...

    def seen(self, alert_ids: Collection[int]) -> Mapping[int, Fact]:
        """By alert the last time that somebody acknowledged it; those that nobody has are left out."""
        ...

    def tellings(self, alert_ids: Collection[int]) -> Mapping[int, Sequence[Told]]:
        """Who was told of these alerts, by which rung, when, and what came back. Raises JournalError."""
        ...

    def silences(self) -> Sequence[Fact]:
        """What is silenced now, and by whom: facts of the kind Silenced."""
        ...

    @property
    def silence_most_s(self) -> float:
        """For how long something may be silenced at once."""
        ...

    def acknowledge(self, alert_id: int, author: Author) -> Fact | None:
        """Keep that somebody sees to an alert; None when no alert of that id fires. Raises JournalError."""
        ...

    def gaps(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """By point the seqs that are missing and waited for, of points where any are."""
        ...

    def gaps_of(self, point: str) -> Sequence[tuple[int, int]]:
        """The same of one point. Raises JournalError."""
        ...

    def confirm_clock(self, author: Author) -> Fact:
        """Keep that somebody says that the host's clock is right, and believe it. Raises JournalError."""
        ...

    @property
    def answers(self) -> Answers:
        """What people answer an alert with."""
        ...

    def keep(self, told: SaidOfPoint, author: Author) -> Fact:
        """Keep what somebody says of a point of this site, or what he silences. Raises JournalError."""
        ...

    def test_alerts(self, point: str) -> Sequence[Tried]:
        """Send a test down every rung of a point; what each answered. May take a minute. Raises JournalError."""
        ...

    def refuel(self, stand: Stand) -> Sequence[Stop]:
        """The refuel round, the most urgent first."""
        ...

    def refuel_of(self, view: PointView) -> Stop | None:
        """What one point wants, and who brings it; None of a point that is not in use."""
        ...

    @property
    def places(self) -> Mapping[str, Point]:
        """By its id each point as its file has it."""
        ...

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """By point what it is judged by."""
        ...

    def alerts(self) -> Sequence[AlertState]:
        """The alerts that are pending or firing, and those resolved shortly ago, in any order."""
        ...

    def health(self) -> Sequence[Check]:
        """How the host itself does."""
        ...

    def metrics(self) -> bytes:
        """The counters in Prometheus' text format 0.0.4."""
        ...

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` (quick, never raises, from any thread) when views, alerts or health may
        have changed.

        Returns what ends it; calling that twice does no harm.
        """
        ...
