"""What is judged, and what an alert is about: a point, its board, a way to tell people, or a part of the coordination point."""

from typing import Protocol

import msgspec

# Kinds. They stand in the journal: a name is never used for another thing.
POINT = "point"  # id: the point's
BOARD = "board"  # the ESP32 at a point; id: the point's
CHANNEL = "channel"  # a way to tell people; id: its name
NEIGHBOUR = "neighbour"  # another host of Paraat, which we watch; id: its name
# Of the coordination point itself; id: which one, where it has several.
BROKER = "broker"
HOST = "host"
DISK = "disk"
CLOCK = "clock"
DATABASE = "database"
POWER = "power"
BACKUP = "backup"
LOOP = "loop"  # a part of the program that goes round; id: its name
MAILBOX = "mailbox"  # where the mails of a channel come back to; id: the channel's name
RETURNS = "returns"  # what comes back of the messages of a channel; id: the channel's name
UNKNOWN_BOARD = "unknown-board"  # a board that sends for no point of the site; id: the point that it names
CERTIFICATE = "certificate"  # id: "broker", "host", "watch", "spare", "desk" or "authority"

TEXT = "text"  # the words of a message; id: "<rule>.<wording>"

_AT_A_POINT = (POINT, BOARD)
_ONE_OF_SEVERAL = (CHANNEL, MAILBOX, RETURNS, UNKNOWN_BOARD, LOOP)


class Subject(msgspec.Struct, frozen=True, order=True):
    """What is judged. kind: one of those above, or one of a newer release that left it in the journal."""

    kind: str
    id: str

    @property
    def point(self) -> str | None:
        """The id of the point that it stands at; None: it belongs to the coordination point."""
        return self.id if self.kind in _AT_A_POINT else None

    @property
    def which(self) -> str:
        """Which one, where its kind alone does not say it to people; else ""."""
        return self.id if self.kind in _ONE_OF_SEVERAL else ""


class View(Protocol):
    """How a subject stands at one moment: what the rules for its kind look at."""

    @property
    def subject(self) -> Subject:
        """Whose view it is."""
        ...
