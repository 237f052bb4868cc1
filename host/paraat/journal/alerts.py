"""Alerts, whom they are told, and every attempt to do so."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from paraat.domain.model import AlertState, Delivery
from paraat.journal.file import JournalFile

_encode = msgspec.json.Encoder().encode
_decode_alert = msgspec.json.Decoder(AlertState).decode


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver; at: unix seconds."""

    at: float
    ok: bool
    error: str | None


class AlertRecords(JournalFile):
    """The part of the journal that the alert engine and the dispatcher fill."""

    def save_alert(self, alert: AlertState) -> AlertState:
        """Store an alert, a new one (id 0) under a new id; returns it with its id."""
        with self._transaction() as db:
            if not alert.id:
                cursor = db.execute("INSERT INTO alert (state, body) VALUES (?, x'')", (alert.state,))
                alert = msgspec.structs.replace(alert, id=cursor.lastrowid)
            db.execute(
                "UPDATE alert SET state = ?, body = ? WHERE id = ?",
                (alert.state, _encode(alert), alert.id),
            )
        return alert

    def open_alerts(self) -> list[AlertState]:
        """The alerts that are pending or firing, oldest first."""
        rows = self._read("SELECT body FROM alert WHERE state <> 'resolved' ORDER BY id")
        return [_decode_alert(body) for (body,) in rows]

    def alerts_at(self, t: float) -> list[AlertState]:
        """The alerts that fired at t, unix seconds, oldest first, as they are stored now."""
        fired, resolved = (f"json_extract(CAST(body AS TEXT), '$.{key}_at')" for key in ("fired", "resolved"))
        rows = self._read(
            f"SELECT body FROM alert WHERE {fired} <= ? AND coalesce({resolved} > ?, 1) ORDER BY id",  # noqa: S608
            (t, t),
        )
        return [msgspec.structs.replace(_decode_alert(body), state="firing", resolved_at=None) for (body,) in rows]

    def alerts(self, limit: int) -> list[AlertState]:
        """Alerts in any state, newest first."""
        return [
            _decode_alert(body) for (body,) in self._read("SELECT body FROM alert ORDER BY id DESC LIMIT ?", (limit,))
        ]

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store deliveries that are due; their ids are given here."""
        rows = [
            (
                d.alert_id,
                d.transition,
                d.channel,
                d.recipient,
                d.subject,
                d.body,
                d.due_at,
                d.attempts,
                d.state,
                d.error,
            )
            for d in deliveries
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO delivery (alert_id, transition, channel, recipient, subject, body,"
                " due_at, attempts, state, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def due_deliveries(self, now: float, limit: int, *, ahead_s: float) -> list[Delivery]:
        """The deliveries that are due at `now`, the longest waiting first.

        ahead_s: none is ever put off for longer. What seems to wait beyond that is due now: the clock was set back.
        """
        rows = self._read(
            "SELECT * FROM delivery WHERE state = 'due' AND (due_at <= ? OR due_at > ?) ORDER BY due_at, id LIMIT ?",
            (now, now + ahead_s, limit),
        )
        return [_delivery(row) for row in rows]

    def settle_delivery(
        self, delivery_id: int, ok: bool, error: str | None, now: float, retry_at: float | None
    ) -> None:
        """Write down an attempt: sent, or due again at retry_at, or given up (retry_at None)."""
        state = "sent" if ok else "failed" if retry_at is None else "due"
        with self._transaction() as db:
            db.execute(
                "UPDATE delivery SET state = ?, error = ?, attempts = attempts + 1,"
                " due_at = coalesce(?, due_at) WHERE id = ?",
                (state, error, retry_at, delivery_id),
            )
            db.execute(
                "INSERT INTO attempt (delivery_id, at, ok, error) VALUES (?, ?, ?, ?)",
                (delivery_id, now, ok, error),
            )

    def deliveries(self, alert_id: int) -> list[Delivery]:
        """All deliveries of an alert, oldest first."""
        rows = self._read("SELECT * FROM delivery WHERE alert_id = ? ORDER BY id", (alert_id,))
        return [_delivery(row) for row in rows]

    def attempts(self, delivery_id: int) -> list[Attempt]:
        """Every attempt of a delivery, oldest first."""
        rows = self._read("SELECT at, ok, error FROM attempt WHERE delivery_id = ? ORDER BY id", (delivery_id,))
        return [Attempt(at=at, ok=bool(ok), error=error) for at, ok, error in rows]


def _delivery(row: Sequence[Any]) -> Delivery:
    names = ("id", "alert_id", "transition", "channel", "recipient", "subject", "body", "due_at")
    return Delivery(**dict(zip((*names, "attempts", "state", "error"), row, strict=True)))
