"""The durable memory of the host: it survives a power cut, and comes before any acknowledgement."""

from paraat.journal.alerts import Attempt
from paraat.journal.departures import Departures
from paraat.journal.entries import Stored
from paraat.journal.file import JournalError
from paraat.journal.history import Past
from paraat.journal.journal import Journal

__all__ = ["Attempt", "Departures", "Journal", "JournalError", "Past", "Stored"]
