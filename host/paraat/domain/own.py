"""How the coordination point itself stands: what the rules about it look at. Pure; what is not known is None."""

from collections.abc import Sequence

import msgspec

from paraat.domain.subjects import (
    BACKUP,
    BROKER,
    CHANNEL,
    CLOCK,
    DATABASE,
    DISK,
    HOST,
    LOOP,
    MAILBOX,
    POWER,
    RETURNS,
    UNKNOWN_BOARD,
    Subject,
)

_TREND_LEAST_S = 3600.0  # so long free space must be measured before its end is foretold


class BrokerLink(msgspec.Struct, frozen=True, kw_only=True):
    """The connection with the broker. problem: what it keeps from us, although it is there."""

    now: float
    connected: bool
    problem: str = ""

    @property
    def subject(self) -> Subject:
        """The broker."""
        return Subject(BROKER, BROKER)


class HostPeers(msgspec.Struct, frozen=True, kw_only=True):
    """Whether another host serves these boards. elsewhere: its name; "": none. spare: ours is to serve only when none does.

    takeovers: how often of late somebody with our name took our place at the broker.
    """

    now: float
    elsewhere: str = ""
    spare: bool = False
    serving: bool = False
    takeovers: int = 0

    @property
    def subject(self) -> Subject:
        """The host."""
        return Subject(HOST, HOST)


class DatabaseLag(msgspec.Struct, frozen=True, kw_only=True):
    """InfluxDB. waiting_since: when the oldest entry that it has not got came in; None: it has them all. refused: how many lines
    are kept aside that it would not have.
    """

    now: float
    waiting_since: float | None
    waiting: int
    refused: int = 0

    @property
    def subject(self) -> Subject:
        """The database."""
        return Subject(DATABASE, "influx")


class DiskSpace(msgspec.Struct, frozen=True, kw_only=True):
    """The disk that the journal is on, bytes. full_in_h: hours until it is full, as it filled lately; None: it does not."""

    now: float
    free: int
    total: int
    full_in_h: float | None = None

    @property
    def subject(self) -> Subject:
        """The disk."""
        return Subject(DISK, "journal")


class JournalHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The journal. problem: why nothing can be kept in it now; "": it can. set_aside: a damaged one that is not brought back."""

    now: float
    problem: str = ""
    set_aside: str = ""

    @property
    def subject(self) -> Subject:
        """The journal."""
        return Subject(DISK, "journal")


class HostTime(msgspec.Struct, frozen=True, kw_only=True):
    """The host's clock. synchronised: whether something keeps it right, as the kernel knows it."""

    now: float
    synchronised: bool | None

    @property
    def subject(self) -> Subject:
        """The clock."""
        return Subject(CLOCK, CLOCK)


class ClockDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the host's clock is believed. behind_s: how far it is behind, by the word of so many boards; None: it is believed.

    behind_s: negative where it is ahead. boards: 0 where no board says so, and the clock made a leap itself.
    """

    now: float
    behind_s: float | None
    boards: int = 0

    @property
    def subject(self) -> Subject:
        """The clock."""
        return Subject(CLOCK, CLOCK)


class HostPower(msgspec.Struct, frozen=True, kw_only=True):
    """What the host runs on. left_h: hours that its UPS holds, by its own word."""

    now: float
    on_battery: bool | None
    charge_percent: float | None = None
    left_h: float | None = None

    @property
    def subject(self) -> Subject:
        """The supply."""
        return Subject(POWER, POWER)


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """The backups of this host. newest_t: when the newest was made; None: there is none."""

    now: float
    newest_t: float | None

    @property
    def subject(self) -> Subject:
        """The backups."""
        return Subject(BACKUP, BACKUP)


class ChannelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A way to tell people. failing_since, why: since when nothing went out by it, and what it said; None: it works."""

    now: float
    name: str
    failing_since: float | None = None
    why: str = ""

    @property
    def subject(self) -> Subject:
        """The channel."""
        return Subject(CHANNEL, self.name)


class MailboxHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox to which the mails of a channel come back. failing_since, why: since when nobody could look into it; None: one can."""

    now: float
    channel: str
    failing_since: float | None = None
    why: str = ""

    @property
    def subject(self) -> Subject:
        """The mailbox, by its channel."""
        return Subject(MAILBOX, self.channel)


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of the messages of a channel. came: (name, address, unix seconds, why), of those who are told by it now."""

    now: float
    channel: str
    came: tuple[tuple[str, str, float, str], ...] = ()

    @property
    def subject(self) -> Subject:
        """What comes back of the channel."""
        return Subject(RETURNS, self.channel)


class LoopProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the program that goes round. hung_since: since when it has not got on; None: it does."""

    now: float
    name: str
    hung_since: float | None = None

    @property
    def subject(self) -> Subject:
        """The loop."""
        return Subject(LOOP, self.name)


class UnknownBoard(msgspec.Struct, frozen=True, kw_only=True):
    """A board that sends for a point that this site has not. known: it has it now."""

    now: float
    id: str
    first_t: float
    last_t: float
    known: bool = False

    @property
    def subject(self) -> Subject:
        """The board, by the point that it says it stands at."""
        return Subject(UNKNOWN_BOARD, self.id)


def full_in_h(free: Sequence[tuple[float, int]], total: int) -> float | None:
    """Hours until a disk is full, by (seconds, bytes free) in order of time; None: too short to say, or it does not fill.

    By the ends of what was measured: what a log or a backup takes and gives back in between says nothing.
    """
    if len(free) < 2 or free[-1][0] - free[0][0] < _TREND_LEAST_S:
        return None
    part = max(1, len(free) // 4)
    (t0, begin), (t1, end) = (_middle(rows) for rows in (free[:part], free[-part:]))
    filled = begin - end
    if filled <= 1e-4 * total:  # a hundredth of a percent is noise
        return None
    return max(0.0, free[-1][1] / filled * (t1 - t0) / 3600)


def _middle(rows: Sequence[tuple[float, int]]) -> tuple[float, float]:
    return sum(t for t, _ in rows) / len(rows), sum(free for _, free in rows) / len(rows)
