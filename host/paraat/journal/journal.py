"""The journal whole."""

from paraat.journal.history import History
from paraat.journal.outbox import Outbox


class Journal(History, Outbox):
    """The journal in one file. One process holds it at a time; its methods may be called from
    several threads.

    Every method that writes is one transaction, unless it runs inside `atomic`. All of them raise
    JournalError when the disk or the file fails them; nothing of that call is stored then, and it
    may be called again.
    """
