"""The durable memory of the host: it survives a power cut, and comes before any acknowledgement."""

from paraat.journal.journal import Attempt, Journal, JournalError, Stored

__all__ = ["Attempt", "Journal", "JournalError", "Stored"]
