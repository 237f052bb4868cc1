"""The journal whole."""

from paraat.journal.alerts import AlertRecords
from paraat.journal.entries import Entries
from paraat.journal.outbox import Outbox


class Journal(Entries, Outbox, AlertRecords):
    """The journal in one file. One process holds it at a time; its methods may be called from
    several threads.

    Every method that writes is one transaction, unless it runs inside `atomic`. All of them raise
    JournalError when the disk or the file fails them; nothing of that call is stored then, and it
    may be called again.
    """
