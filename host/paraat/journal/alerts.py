"""Alerts, who is told of them, and every attempt to do so."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from paraat.domain.model import AlertState, Delivery, Judged
from paraat.journal.file import JournalFile, begin_after
from paraat.runtime.typed import decoder

# A Phrase is a str of its own kind, which msgspec does not take: it is kept as the English that it is.
_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode_alert = decoder(AlertState)
_FIELDS = (
    "alert_id",
    "reason",
    "rung",
    "person",
    "channel",
    "address",
    "created_at",
    "due_at",
    "first_due_at",
    "attempts",
    "state",
    "message",
    "answer",
    "settled_at",
)
_COLUMNS = ", ".join(("id", *_FIELDS))
_KEY = "alert_id = ? AND reason = ? AND person = ? AND channel = ? AND address = ?"  # as Delivery.key
# In the order in which rows may be added: a delivery is of an alert.
_TABLES = {
    "alert": ("id", "state", "body"),
    "pending": ("rule", "subject", "body"),
    "delivery": ("id", *_FIELDS),
    "attempt": ("id", "delivery_id", "at", "ok", "error"),
    "judged": ("id", "at", "entry", "fact", "own"),
}


# What of them goes on, or was sent after a moment.
_GOES_ON = {
    "alert": "state <> 'resolved' OR id IN"
    " (SELECT alert_id FROM delivery WHERE state IN ('due', 'sending') OR settled_at >= ?1)",
    "delivery": "state IN ('due', 'sending') OR settled_at >= ?1"
    " OR alert_id IN (SELECT id FROM alert WHERE state <> 'resolved')",
    "attempt": "0",
    "judged": "0",
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver; at: unix seconds."""

    at: float
    ok: bool
    error: str | None


class AlertRows(NamedTuple):
    """The rows of alerts and of who is told, as one journal hands them to another; by table, with the last ids that it gave."""

    rows: dict[str, list[tuple[Any, ...]]]
    last_ids: list[tuple[str, int]]


class AlertRecords(JournalFile):
    """The part of the journal that the alert engine and the dispatcher fill."""

    def alert_rows(self, since: float | None = None) -> AlertRows:
        """Everything about alerts. since: only what goes on, and what was sent after it (unix seconds)."""
        where = dict.fromkeys(_TABLES, "1")
        if since is not None:
            where |= _GOES_ON
        rows = {}
        for table, columns in _TABLES.items():
            query = f"SELECT {', '.join(columns)} FROM {table} WHERE ?1 IS NOT 0 AND ({where[table]})"  # noqa: S608
            rows[table] = self._read(query, (since,))
        ids = self._read(
            "SELECT name, seq FROM sqlite_sequence WHERE name IN ('alert', 'delivery', 'attempt', 'judged')"
        )
        return AlertRows(rows, ids)

    def take_alert_rows(self, taken: AlertRows) -> None:
        """Take rows of another journal in, over those of the same ids; what may become an alert is what it says it is."""
        with self._transaction() as db:
            db.execute("DELETE FROM pending")
            for table, columns in _TABLES.items():
                given = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
                news = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
                db.executemany(
                    given if table == "pending" else f"{given} ON CONFLICT (id) DO UPDATE SET {news}", taken.rows[table]
                )
            begin_after(db, taken.last_ids)

    def save_alert(self, alert: AlertState) -> AlertState:
        """Store an alert, one that just fired (id 0) under a new id; returns it with its id. A pending one has none."""
        place = (alert.rule, f"{alert.subject.kind}/{alert.subject.id}")
        with self._transaction() as db:
            if alert.state == "pending":
                db.execute(
                    "INSERT OR REPLACE INTO pending (rule, subject, body) VALUES (?, ?, ?)", (*place, _encode(alert))
                )
                return alert
            if not alert.id:
                db.execute("DELETE FROM pending WHERE rule = ? AND subject = ?", place)
                if alert.fired_at is None:  # a wobble that is over
                    return alert
                cursor = db.execute("INSERT INTO alert (state, body) VALUES (?, x'')", (alert.state,))
                assert cursor.lastrowid is not None
                alert = msgspec.structs.replace(alert, id=cursor.lastrowid)
            db.execute("UPDATE alert SET state = ?, body = ? WHERE id = ?", (alert.state, _encode(alert), alert.id))
        return alert

    def open_alerts(self) -> list[AlertState]:
        """The alerts that are firing, oldest first, and those that are pending."""
        rows = self._read("SELECT body FROM alert WHERE state <> 'resolved' ORDER BY id")
        rows += self._read("SELECT body FROM pending ORDER BY rule, subject")
        return [_decode_alert(body) for (body,) in rows]

    def alert(self, alert_id: int) -> AlertState | None:
        """One alert; None when there is none of that id."""
        rows = self._read("SELECT body FROM alert WHERE id = ?", (alert_id,))
        return _decode_alert(rows[0][0]) if rows else None

    def alerts_at(self, t: float) -> list[AlertState]:
        """The alerts that fired at t, unix seconds, oldest first, as they are stored now."""
        fired, resolved = (f"json_extract(CAST(body AS TEXT), '$.{key}_at')" for key in ("fired", "resolved"))
        rows = self._read(
            f"SELECT body FROM alert WHERE {fired} <= ? AND coalesce({resolved} > ?, 1) ORDER BY id",  # noqa: S608
            (t, t),
        )
        return [msgspec.structs.replace(_decode_alert(body), state="firing", resolved_at=None) for (body,) in rows]

    def alerts(self, limit: int) -> list[AlertState]:
        """Alerts that fire or did, newest first."""
        return [
            _decode_alert(body) for (body,) in self._read("SELECT body FROM alert ORDER BY id DESC LIMIT ?", (limit,))
        ]

    def note_judged(self, moments: Iterable[Judged]) -> None:
        """Keep when the alerts were judged, and by what."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO judged (at, entry, fact, own) VALUES (?, ?, ?, ?)",
                [(one.at, one.entry, one.fact, one.own) for one in moments],
            )

    def judged(self) -> list[Judged]:
        """Every moment at which the alerts were judged, in order."""
        return [Judged(*row) for row in self._read("SELECT at, entry, fact, own FROM judged ORDER BY id")]

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store deliveries that are due; their ids are given here. What there is already stays as it is."""
        rows = [tuple(getattr(one, name) for name in _FIELDS) for one in deliveries]
        with self._transaction() as db:
            db.executemany(
                f"INSERT OR IGNORE INTO delivery ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})",  # noqa: S608
                rows,
            )

    def due_deliveries(self, channel: str) -> list[Delivery]:
        """What waits for a channel, now or later, oldest first."""
        return self._deliveries("channel = ? AND state = 'due'", (channel,))

    def any_delivery_waits(self) -> bool:
        """Whether any delivery is to be sent yet, now or later."""
        return bool(self._read("SELECT 1 FROM delivery WHERE state IN ('due', 'sending') LIMIT 1"))

    def unsettled_deliveries(self) -> list[Delivery]:
        """What was being sent when the host was stopped, oldest first."""
        return self._deliveries("state = 'sending'", ())

    def claim_deliveries(
        self, ids: Collection[int], message: str, dropped: Iterable[tuple[int, str]], now: float
    ) -> None:
        """Write down that these are being sent, in one message, and that others were overtaken, with why."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE delivery SET state = 'sending', message = ?, settled_at = ? WHERE id = ?",
                [(message, now, one) for one in ids],
            )
            db.executemany(
                "UPDATE delivery SET state = 'dropped', answer = ?, settled_at = ? WHERE id = ?",
                [(why, now, one) for one, why in dropped],
            )

    def settle_deliveries(self, ids: Collection[int], ok: bool, answer: str, now: float, retry_at: float) -> None:
        """Write down an attempt: sent, or due again at retry_at."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE delivery SET state = ?, answer = ?, attempts = attempts + 1, due_at = ?, settled_at = ? WHERE id = ?",
                [("sent" if ok else "due", answer, retry_at, now if ok else None, one) for one in ids],
            )
            db.executemany(
                "INSERT INTO attempt (delivery_id, at, ok, error) VALUES (?, ?, ?, ?)",
                [(one, now, ok, None if ok else answer) for one in ids],
            )

    def leave_uncertain(self, ids: Collection[int], answer: str, again: Iterable[Delivery]) -> None:
        """Write down that nobody knows whether these arrived, and what is sent in their stead."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE delivery SET state = 'uncertain', answer = ? WHERE id = ?", [(answer, one) for one in ids]
            )
            self.add_deliveries(again)

    def learn_departed(self, alerts: Iterable[AlertState], rows: Sequence[Delivery]) -> int:
        """Take in what left for people by another record of it; returns how many rows of it were not known, or known as due yet.

        alerts, rows: as that record has them. An alert that is not known is taken in where it goes on and none of its rule and
        subject is newer; one that is over there, and was told so, is over.
        """
        states = {alert.id: alert for alert in alerts}
        with self._transaction() as db:
            begin_after(db, [("alert", max(states, default=0)), ("delivery", max((row.id for row in rows), default=0))])
            known = {
                one: _decode_alert(body)
                for one in states
                for (body,) in db.execute("SELECT body FROM alert WHERE id = ?", (one,))
            }
            opened = [_decode_alert(body) for (body,) in db.execute("SELECT body FROM alert WHERE state <> 'resolved'")]
            newest = {
                (alert.rule, alert.subject): alert.id
                for alert in sorted((*states.values(), *opened), key=lambda alert: alert.id)
            }
            learnt = 0
            for row in rows:
                told, has = states.get(row.alert_id), known.get(row.alert_id)
                if told is None or not _is_behind(db, row):
                    continue
                if has is None:
                    if told.state == "resolved" or newest[told.rule, told.subject] != told.id:
                        continue
                    db.execute(
                        "INSERT INTO alert (id, state, body) VALUES (?, ?, ?)", (told.id, told.state, _encode(told))
                    )
                elif (has.rule, has.subject, has.fired_at) != (told.rule, told.subject, told.fired_at):
                    continue  # another journal's
                elif (has.state, told.state) == ("firing", "resolved"):
                    db.execute("UPDATE alert SET state = 'resolved', body = ? WHERE id = ?", (_encode(told), told.id))
                known[told.id] = told
                learnt += _put(db, row)
        return learnt

    def note_answer(self, message: str, answer: str) -> None:
        """Write down what came back of a message after it was sent, such as a delivery report."""
        with self._transaction() as db:
            db.execute("UPDATE delivery SET answer = ? WHERE message = ? AND state = 'sent'", (answer, message))

    def note_declined(self, alert_id: int, person: str, answer: str) -> None:
        """Write down with what somebody was sent of an alert that he cannot see to it."""
        with self._transaction() as db:
            db.execute(
                "UPDATE delivery SET answer = ? WHERE alert_id = ? AND person = ? AND state = 'sent'",
                (answer, alert_id, person),
            )

    def deliveries_in(self, message: str) -> list[Delivery]:
        """What a message carries that was taken, is being sent, or is tried again, oldest first. message: its key."""
        return self._deliveries("message = ? AND state IN ('due', 'sending', 'sent', 'uncertain')", (message,))

    def delivery(self, delivery_id: int) -> Delivery | None:
        """One delivery; None when there is none of that id."""
        found = self._deliveries("id = ?", (delivery_id,))
        return found[0] if found else None

    def note_returned(self, message: str, answer: str, now: float) -> None:
        """Write down that a message came back: what it carried was not told, and goes that way no more."""
        with self._transaction() as db:
            db.execute(
                "UPDATE delivery SET state = 'returned', answer = ?, settled_at = ?"
                " WHERE message = ? AND state IN ('due', 'sent', 'uncertain')",
                (answer, now, message),
            )

    def sent_since(self, t: float) -> list[Delivery]:
        """What was sent, or perhaps was, since t, unix seconds; oldest first."""
        return self._deliveries("settled_at >= ? AND state IN ('sent', 'sending', 'uncertain')", (t,))

    def settled_between(self, since: float, until: float) -> list[Delivery]:
        """What came to its end after `since` and by `until`, unix seconds, whatever became of it; oldest first."""
        return self._deliveries(
            "settled_at > ? AND settled_at <= ? AND state IN ('sent', 'uncertain', 'dropped', 'returned')",
            (since, until),
        )

    def standing_deliveries(self) -> list[tuple[int, str, str, int]]:
        """Of the alerts that fire how their messages to people stand: (alert, rung, state, how many), the first rung first."""
        return self._read(
            "SELECT alert_id, rung, state, count(*) FROM delivery WHERE rung <> 'log'"
            " AND alert_id IN (SELECT id FROM alert WHERE state <> 'resolved')"
            " GROUP BY alert_id, rung, state ORDER BY alert_id, min(id)"
        )

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        """All deliveries of these alerts, oldest first."""
        marks = ", ".join("?" * len(alert_ids))
        return self._deliveries(f"alert_id IN ({marks})", alert_ids)

    def attempts(self, delivery_id: int) -> list[Attempt]:
        """Every attempt of a delivery, oldest first."""
        rows = self._read("SELECT at, ok, error FROM attempt WHERE delivery_id = ? ORDER BY id", (delivery_id,))
        return [Attempt(at=at, ok=bool(ok), error=error) for at, ok, error in rows]

    def _deliveries(self, where: str, arguments: tuple[object, ...]) -> list[Delivery]:
        rows = self._read(f"SELECT {_COLUMNS} FROM delivery WHERE {where} ORDER BY id", arguments)  # noqa: S608
        return [_delivery(row) for row in rows]


def _is_behind(db: sqlite3.Connection, row: Delivery) -> bool:
    """Whether less is known of a delivery than this: it is not there, or what came of that try is not."""
    found = db.execute(f"SELECT state, attempts FROM delivery WHERE {_KEY}", row.key).fetchone()  # noqa: S608
    if found is None:
        return True
    state, attempts = found
    if row.state == "sending":
        return bool(state == "due" and attempts <= row.attempts)
    return bool(state in ("due", "sending") and attempts < row.attempts)


def _put(db: sqlite3.Connection, row: Delivery) -> int:
    settled = (row.state, row.attempts, row.message, row.answer, row.settled_at)
    changed = db.execute(
        f"UPDATE delivery SET state = ?, attempts = ?, message = ?, answer = ?, settled_at = ? WHERE {_KEY}",  # noqa: S608
        (*settled, *row.key),
    ).rowcount
    if changed:
        return changed
    return db.execute(
        f"INSERT OR IGNORE INTO delivery ({_COLUMNS}) VALUES (?{', ?' * len(_FIELDS)})",  # noqa: S608
        tuple(getattr(row, name) for name in ("id", *_FIELDS)),
    ).rowcount


def _delivery(row: Sequence[Any]) -> Delivery:
    return Delivery(**dict(zip(("id", *_FIELDS), row, strict=True)))
