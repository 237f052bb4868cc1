"""What the host is told beside the boards' sets: board states, what people do, and what befalls the host itself.

Each stands in the journal with its author. A kind's tag ends on its version: fields are only added, with a default, within
a version; what changes its meaning is a new kind with the next number, and the old one can still be read. A kind that this
release does not know stays in the journal and is skipped.
"""

from bisect import insort
from collections.abc import Collection, Mapping

import msgspec

from paraat.domain import passages
from paraat.domain.activation import Change, Phase
from paraat.domain.day_pattern import Pattern
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.last_burn import LastBurn
from paraat.domain.model import NodeState, SampleSet
from paraat.domain.passages import Run, Tally
from paraat.domain.readiness import Said
from paraat.domain.stretches import Stretch
from paraat.domain.subjects import Subject


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who, and by which way. No more of a person than what tells people apart and whom to ask.

    name: as it was given. role: as it was given, such as "lead"; "" when nobody said. way: "cli", "page", "sms",
    "link", "radio", "button", "board" or "host".
    """

    name: str
    way: str
    role: str = ""


HOST = Author(name="paraat serve", way="host")


class BoardState(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="board-state/1"):
    """A board, or the broker in its stead, told how the board stands."""

    state: NodeState


class Started(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="started/1"):
    """The host began to listen. What is dated after forget_after (unix seconds) was dated by a wrong clock."""

    forget_after: float


class ClockSetBack(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="clock-set-back/1"):
    """The host's clock was set back while it ran. forget_after: as of Started."""

    forget_after: float


class ClockConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="clock-confirmed/1"):
    """Somebody says that the host's clock is right, although boards contradicted it, or it what it said before."""


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="acknowledged/1"):
    """Somebody has seen an alert that fires, and sees to it. alert: its id. link: the nonce of the link he used, if he did."""

    alert: int
    link: str = ""


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="declined/1"):
    """Somebody cannot see to an alert that fires, so that the next one is asked. person: his id in the roster; else as Acknowledged."""

    alert: int
    person: str
    link: str = ""


class Silenced(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="silenced/1"):
    """Nobody is to be told of a subject until then (unix seconds), and why; an `until` that is past ends it."""

    subject: Subject
    until: float
    reason: str


class Attested(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="attested/1"):
    """Somebody states that a resource is there (or is not), and until when (unix seconds) that can be relied on."""

    point: str
    resource: str
    there: bool
    until: float


class PhaseChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="phase-changed/1"):
    """A point was alerted, is opening, is open, is closing ... phase: of activation.Phase, or one of a newer release.

    until: when its maintenance ends, of a point that is out of use.
    """

    point: str
    phase: str
    until: float | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="counted/1"):
    """Somebody has counted the people in a point. tally: how the counters of its doors stood; None: nobody knows.

    shown: how many people the point's own counter showed then, where it tells no more than that; None: nobody knows.
    """

    point: str
    people: int
    tally: Tally | None = None
    shown: int | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="delivered/1"):
    """Fuel was brought to a point."""

    point: str
    litres: float


class DeliveryPlanned(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="delivery-planned/1"):
    """Somebody will bring fuel to a point: who, when (unix seconds), how many litres. 0 litres: the plan is off."""

    point: str
    at: float
    litres: float
    who: str


class GeneratorRan(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="generator-ran/1"):
    """The host found in what a board sent when the generator ran, and when under load: the newest stretches of time.

    It holds all that was known of them, so that the newest fact of a point is enough. load_seen: its load is measured. day:
    how much it burnt by the time of day, where it has run for a day and goes on; None: that is not known, or much the same all day.
    burn: what it burnt in the newest of them of which the level told it. grid_out: the grid was out in the newest of them.
    """

    point: str
    ran: tuple[Stretch, ...] = ()
    loaded: tuple[Stretch, ...] = ()
    load_seen: bool = False
    day: Pattern | None = None
    burn: LastBurn | None = None
    grid_out: bool = False


class BatteryRested(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="battery-rested/1"):
    """The host found the resting voltage of a battery: (day since 1970, lowest V at night) of the newest days."""

    point: str
    days: tuple[tuple[int, float], ...] = ()


class PeoplePassed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="people-passed/1"):
    """The counters of a point's doors began anew; how they stood before, all of the newest times."""

    point: str
    runs: tuple[Run, ...] = ()


class FuelFound(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fuel-found/1"):
    """The host found in the level what befell the fuel of a point. A later one about the same says it better."""

    point: str
    event: FuelEvent


Found = GeneratorRan | BatteryRested | PeoplePassed | FuelFound  # what the host keeps of what boards sent


class Named(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="named/1"):
    """What a point is called from here on, and where it is: latitude, longitude in degrees.

    The sinks write it beside what the host makes of the point: written again, an old row is called what it was called then.
    """

    point: str
    name: str
    municipality: str
    region: str
    position: tuple[float, float] | None = None


class GapAccepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gap-accepted/1"):
    """Nobody waits any longer for the sets of a point from seq `first` to `last` that are missing, and why.

    last None, before it is kept: all that is missing now. The board itself says so (way "board") of what it has no longer.
    """

    point: str
    reason: str
    first: int = 1
    last: int | None = None


class HelpAsked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="help-asked/1"):
    """Somebody at a point asks for help, by voice; who holds the button of its board is heard by an event."""

    point: str


class Commissioned(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="commissioned/1"):
    """Somebody checked a point on the spot, step by step, by what its board measured. board: what stands on its label.

    done, left: names of the steps, such as "fuel", that were seen, and that were not.
    """

    point: str
    board: str = ""
    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class WrongReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="wrong-reply/1"):
    """An SMS of somebody in the roster had a code that stands for nothing he was told. person: his id."""

    person: str


class SmsTaken(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="sms-taken/1"):
    """The network took an SMS. reference: by which its delivery report names it (0 to 255, then anew); message: its key."""

    reference: int
    message: str


class CameBack(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="came-back/1"):
    """A message that was taken could not be delivered, as was said later. message: its key; alerts: what it told of.

    person: his id in the roster. why: what came back, such as "5.1.1: no such user".
    """

    message: str
    alerts: tuple[int, ...]
    person: str
    channel: str
    address: str
    why: str


class RosterRead(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="roster-read/1"):
    """Who is told changed: the roster as it was read, whole, as JSON (site/roster.py)."""

    roster: str


class SettingsRead(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="settings-read/1"):
    """What of the site's files decides about alerts changed. key: of one point, or what else site/in_force.py says.

    settings: all of it, as JSON; "": there is no such any more.
    """

    key: str
    settings: str


class WrongCode(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="wrong-code/1"):
    """Somebody gave a code that is nobody's. How many there were of late says whether the next one is looked at."""


class Tested(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="tested/1"):
    """The ways to tell people were tried with a test. point: of which point; "": of all of them, which the host does by itself.

    tried, failed: how many messages there were, and of how many no good answer came back.
    """

    point: str
    tried: int
    failed: int


class ModemTested(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="modem-tested/1"):
    """The GSM modem sent a message to its own number. after_s: when it came back; None: it did not."""

    after_s: float | None


SaidOfPoint = (
    Attested | PhaseChanged | Counted | Delivered | DeliveryPlanned | HelpAsked | Silenced | GapAccepted
)  # what a command or the page may say of a point, and what is silenced also of the coordination point
Told = (
    BoardState
    | Started
    | ClockSetBack
    | ClockConfirmed
    | GapAccepted
    | Acknowledged
    | Declined
    | Silenced
    | Attested
    | PhaseChanged
    | Counted
    | Delivered
    | DeliveryPlanned
    | GeneratorRan
    | BatteryRested
    | PeoplePassed
    | FuelFound
    | HelpAsked
    | WrongCode
    | WrongReply
    | SmsTaken
    | CameBack
    | RosterRead
    | SettingsRead
    | Tested
    | ModemTested
    | Named
    | Commissioned
)


HOST_KINDS = (Started, ClockSetBack)
ROLLING_KINDS = (GeneratorRan, BatteryRested, PeoplePassed)  # of these the newest of a point is enough
PEOPLE_KINDS = (
    Acknowledged,
    Declined,
    Silenced,
    Attested,
    PhaseChanged,
    Counted,
    Delivered,
    DeliveryPlanned,
    HelpAsked,
    Commissioned,
)
STANDING_KINDS = (*PEOPLE_KINDS, CameBack)  # of these Standing is made


def place(told: Told) -> str | None:
    """The id of the point that it is about; None: of none, or of all."""
    match told:
        case BoardState():
            return told.state.point
        case Silenced():
            return told.subject.point
        case Attested() | PhaseChanged() | Counted() | Delivered() | DeliveryPlanned() | HelpAsked() | Commissioned():
            return told.point
        case GeneratorRan() | BatteryRested() | PeoplePassed() | FuelFound() | Named():
            return told.point
        case Tested():
            return told.point or None
        case GapAccepted():
            return told.point
        case ClockConfirmed():
            return None
        case (
            Started()
            | ClockSetBack()
            | Acknowledged()
            | Declined()
            | WrongCode()
            | WrongReply()
            | SmsTaken()
            | CameBack()
            | RosterRead()
            | SettingsRead()
            | ModemTested()
        ):
            return None


def replaces(told: Told) -> tuple[str, ...] | None:
    """What it is the newest word on: of two with equal ones only the newer stands. None: not something people said."""
    match told:
        case Acknowledged():
            return ("acknowledged", str(told.alert))
        case Declined():
            return ("declined", str(told.alert), told.person)
        case Silenced():
            return ("silenced", told.subject.kind, told.subject.id)
        case Attested():
            return ("attested", told.point, told.resource)
        case PhaseChanged():
            return ("phase", told.point)
        case Counted():
            return ("counted", told.point)
        case Delivered():
            return ("delivered", told.point)
        case DeliveryPlanned():
            return ("delivery-planned", told.point)
        case HelpAsked():
            return ("help-asked", told.point)
        case Commissioned():
            return ("commissioned", told.point)
        case (
            BoardState()
            | Started()
            | ClockSetBack()
            | ClockConfirmed()
            | GapAccepted()
            | WrongCode()
            | WrongReply()
            | SmsTaken()
            | CameBack()
            | RosterRead()
            | SettingsRead()
            | Tested()
            | ModemTested()
        ):
            return None
        case GeneratorRan() | BatteryRested() | PeoplePassed() | FuelFound() | Named():
            return None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. t: when it was so; recorded_at: when the host learnt it (both unix seconds).

    id is given by the journal; after: the id of the newest set that the journal had before it.
    """

    id: int
    after: int
    t: float
    recorded_at: float
    author: Author
    told: Told


Heard = SampleSet | Fact  # one element of the stream that everything is folded from


Way = tuple[str, str]  # a channel, and an address there

_PHASES = frozenset(Phase)
_NOTHING: Mapping[str, Said] = {}


def _moment(fact: Fact) -> tuple[float, int]:
    return fact.t, fact.id


def _stands(one: Fact, other: Fact) -> bool:
    """Whether the first of two on the same is what counts: time orders them, or where a clock was set back between them the journal."""
    earlier, later = sorted((one, other), key=lambda fact: fact.id)
    if earlier.recorded_at > later.recorded_at:
        return one is later
    return _moment(one) > _moment(other)


class Standing:
    """What people said last, each about its own, and what came back of messages to them. The order in which facts come makes no difference: time orders them."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, ...], Fact] = {}
        self._said: dict[str, dict[str, Said]] = {}
        self._phases: dict[str, list[tuple[int, float, Change]]] = {}  # by point: id, when it was learnt
        self._deliveries: dict[str, dict[int, Fact]] = {}  # by point and id
        self._changes: dict[str, int] = {}
        self._links: dict[str, Fact] = {}
        self._acknowledged: dict[int, dict[str, Fact]] = {}  # by alert and name
        self._declined: dict[int, dict[str, Fact]] = {}
        self._came_back: dict[Way, Fact] = {}
        self._lost: dict[int, set[Way]] = {}

    def apply(self, fact: Fact) -> None:
        """Take in a fact, also once more; what boards and the host told is no part of this, but for what came back."""
        if isinstance(fact.told, CameBack):
            self._keep_returned(fact, fact.told)
        key = replaces(fact.told)
        if key is None:
            return
        if (point := place(fact.told)) is not None:
            self._changes[point] = self._changes.get(point, 0) + 1
        if isinstance(fact.told, PhaseChanged):
            self._keep_phase(fact, fact.told)
        if isinstance(fact.told, Delivered):
            self._deliveries.setdefault(fact.told.point, {})[fact.id] = fact
        if isinstance(fact.told, Acknowledged | Declined):
            self._keep_answer(fact, fact.told)
        if isinstance(fact.told, Acknowledged | Declined) and fact.told.link:
            self._links[fact.told.link] = min(fact, self._links.get(fact.told.link, fact), key=_moment)
        before = self._newest.get(key)
        if before is None or _stands(fact, before):
            self._newest[key] = fact
            if isinstance(fact.told, Attested):
                self._said.setdefault(fact.told.point, {})[fact.told.resource] = Said(
                    there=fact.told.there,
                    t=fact.t,
                    until=fact.told.until,
                    by=fact.author.name,
                    role=fact.author.role,
                )

    def _keep_phase(self, fact: Fact, told: PhaseChanged) -> None:
        phases = self._phases.setdefault(told.point, [])
        if told.phase in _PHASES and all(fact.id != known for known, _, _ in phases):
            change = Change(
                phase=Phase(told.phase), t=fact.t, by=fact.author.name, way=fact.author.way, until=told.until
            )
            insort(phases, (fact.id, fact.recorded_at, change), key=lambda one: one[0])

    def _keep_answer(self, fact: Fact, told: Acknowledged | Declined) -> None:
        kept = self._acknowledged if isinstance(told, Acknowledged) else self._declined
        answers = kept.setdefault(told.alert, {})
        answers[fact.author.name] = max(fact, answers.get(fact.author.name, fact), key=_moment)

    def _keep_returned(self, fact: Fact, told: CameBack) -> None:
        way = (told.channel, told.address)
        before = self._came_back.get(way)
        if before is None or (fact.t, fact.id) > (before.t, before.id):
            self._came_back[way] = fact
        for alert in told.alerts:
            self._lost.setdefault(alert, set()).add(way)

    def came_back(self) -> Mapping[Way, Fact]:
        """By way the last time that a message came back from there."""
        return self._came_back

    def lost(self, alert: int) -> Collection[Way]:
        """The ways by which messages of an alert went and came back."""
        return self._lost.get(alert, ())

    def changes(self, point: str) -> int:
        """How often something was said of a point: who has kept what follows from it sees whether it still does."""
        return self._changes.get(point, 0)

    def newest(self, kind: type[Delivered] | type[DeliveryPlanned], point: str) -> Fact | None:
        """What was said last of that kind of a point."""
        return self._newest.get(("delivered" if kind is Delivered else "delivery-planned", point))

    def brought_since(self, fact: Fact, point: str) -> float:
        """Litres that were delivered to a point after something was said."""
        deliveries = self._deliveries.get(point, {}).values()
        return sum(one.told.litres for one in deliveries if isinstance(one.told, Delivered) and _stands(one, fact))

    def counted(self, point: str) -> passages.Counted | None:
        """The last count of people in a point."""
        fact = self._newest.get(("counted", point))
        if fact is None or not isinstance(fact.told, Counted):
            return None
        told = fact.told
        return passages.Counted(t=fact.t, people=told.people, by=fact.author.name, tally=told.tally, shown=told.shown)

    def checked(self, point: str, now: float) -> tuple[float, str] | None:
        """When somebody last showed to be at a point, and who: attested something, checked it on the spot, counted people, or
        brought fuel."""
        words = [(said.t, said.by) for said in self.said(point).values() if said.until > said.t]
        facts = (self._newest.get((kind, point)) for kind in ("counted", "delivered", "commissioned"))
        words += [(fact.t, fact.author.name) for fact in facts if fact is not None]
        return max((word for word in words if word[0] <= now), default=None)

    def said(self, point: str) -> Mapping[str, Said]:
        """What was attested last of each resource of a point."""
        return self._said.get(point, _NOTHING)

    def phases(self, point: str) -> list[Change]:
        """Every change of a point's phase that people made, in order of time.

        What was dated by a clock that was set back since came no later than what was said after that.
        """
        found: list[Change] = []
        soonest = float("inf")  # when any of those behind it in the journal was learnt
        for _, learnt, change in reversed(self._phases.get(point, ())):
            found.append(msgspec.structs.replace(change, t=min(change.t, found[-1].t)) if learnt > soonest else change)
            soonest = min(soonest, learnt)
        found.reverse()
        found.sort(key=lambda change: change.t)
        return found

    def silenced(self, now: float) -> dict[Subject, Fact]:
        """Of which subjects nobody is to be told at `now`, and who said so."""
        return {
            fact.told.subject: fact
            for fact in self._newest.values()
            if isinstance(fact.told, Silenced) and now < fact.told.until
        }

    def acknowledged(self, alert: int) -> Fact | None:
        """The last time that somebody acknowledged an alert, who did not say afterwards that he cannot; None: nobody has."""
        declined = self._declined.get(alert, {})
        found = [
            fact
            for name, fact in self._acknowledged.get(alert, {}).items()
            if name not in declined or _moment(fact) > _moment(declined[name])
        ]
        return max(found, key=_moment, default=None)

    def declined(self, alert: int) -> Mapping[str, float]:
        """Who said that they cannot see to an alert, by their ids, and when last, unix seconds."""
        facts = self._declined.get(alert, {}).values()
        return {fact.told.person: fact.t for fact in facts if isinstance(fact.told, Declined)}

    def by_link(self, nonce: str) -> Fact | None:
        """The time that somebody answered by that link, which is used up then; None: nobody has."""
        return self._links.get(nonce)

    def help_asked(self, point: str) -> Fact | None:
        """The last time that somebody asked for help by voice; None: nobody has."""
        return self._newest.get(("help-asked", point))

    def commissioned(self, point: str) -> Fact | None:
        """The last time that somebody checked the point on the spot; None: nobody has."""
        return self._newest.get(("commissioned", point))

    def all(self) -> list[Fact]:
        """Everything that stands, in the order of the journal."""
        return sorted(self._newest.values(), key=lambda fact: fact.id)
