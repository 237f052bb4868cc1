"""Two copies of a site's list of certificates that both went on, made one again. Pure: no file and no clock.

Row by row, by serial number. What one side revoked is revoked, whatever the other says: also the certificate that the same
board got on the other side before that. What only a person can know (which of two boards hangs at a point) is a
Conflict, with a name, and nothing is joined until somebody has chosen: `keep` ours or `take` theirs.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from paraat.site.inventory import Inventory, PkiError, Record
from paraat.texts import Phrase

# Why we revoke ourselves; any other reason is a person's, and means the board and not only its certificate.
OWN_REASONS = frozenset(("superseded", "abandoned", "discarded"))
_RANK = {"pending": 0, "valid": 1, "revoked": 2}


class JoiningError(PkiError):
    """Raised when two lists are not of one site, or one was changed by hand."""


class Conflict(NamedTuple):
    """What a person must choose. name: what KEEP= and TAKE= call it: a point, or a file. said: what ours and theirs are."""

    name: str
    said: Phrase


class Joined(NamedTuple):
    """The list of both, what is new in it for us, and what is not decided; with a conflict it is not to be used."""

    inventory: Inventory
    changes: list[Phrase]
    conflicts: list[Conflict]
    taken: list[Record]  # what counts, and was unknown here


def join(ours: Inventory, theirs: Inventory, *, keep: Collection[str] = (), take: Collection[str] = ()) -> Joined:
    """One list of two. keep, take: the names of conflicts, decided for what is here or for what comes from there.

    Raises JoiningError.
    """
    _same_region(ours, theirs)
    serials = dict.fromkeys(record.serial for record in (*ours.certificates, *theirs.certificates))
    both = Inventory(
        crl_number=max(ours.crl_number, theirs.crl_number),
        certificates=tuple(_newest(ours.find(serial), theirs.find(serial)) for serial in serials),
    )
    work = _Work(ours, theirs, both, frozenset(keep), frozenset(take))
    for here, there in ((ours, theirs), (theirs, ours)):
        work.refuse_what_was_refused(here, there)
    work.one_point_a_board()
    work.one_board_a_point()
    changes = list(_changes(ours, work.both))
    taken = [r for r in work.both.certificates if r.state == "valid" and ours.find(r.serial) is None]
    return Joined(work.both, changes, work.conflicts, taken)


def _same_region(ours: Inventory, theirs: Inventory) -> None:
    here, there = ({r.serial for r in one.certificates if r.kind == "authority"} for one in (ours, theirs))
    if not here & there:
        raise JoiningError("joining.other-region")


def _newest(ours: Record | None, theirs: Record | None) -> Record:
    """One row of two: what is revoked stays so, and what counts is more than what waits. Raises JoiningError."""
    if ours is None or theirs is None:
        found = ours or theirs
        assert found is not None
        return found
    fixed = ("cn", "kind", "not_before", "not_after", "issuer", "trusts", "renews")
    boards = [record.board for record in (ours, theirs) if record.board is not None]
    if any(getattr(ours, name) != getattr(theirs, name) for name in fixed) or len(set(boards)) > 1:
        raise JoiningError("joining.altered", serial=ours.serial, name=ours.cn)
    if ours.state == theirs.state == "revoked":
        newest = min(ours, theirs, key=lambda r: (r.reason in OWN_REASONS, r.revoked_at, r.reason))
    else:
        newest = max(ours, theirs, key=lambda r: _RANK[r.state])
    return msgspec.structs.replace(
        newest, board=boards[0] if boards else None, anyway=ours.anyway if ours.anyway is not None else theirs.anyway
    )


class _Work:
    """The joined list on its way, with what is decided and what is not."""

    def __init__(
        self, ours: Inventory, theirs: Inventory, both: Inventory, keep: frozenset[str], take: frozenset[str]
    ) -> None:
        self.ours = ours
        self.theirs = theirs
        self.both = both
        self.conflicts: list[Conflict] = []
        self._keep = keep
        self._take = take

    def refuse_what_was_refused(self, here: Inventory, there: Inventory) -> None:
        """A person revoked a board here; there it went on, and has a certificate that nobody here knew of."""
        for refused in here.revoked():
            other = there.find(refused.serial)
            if refused.kind != "board" or not _by_person(refused) or (other is not None and _by_person(other)):
                continue
            for unknown in self._counting():
                if unknown.kind == "board" and here.find(unknown.serial) is None:
                    self._refuse(refused, unknown)

    def _refuse(self, refused: Record, unknown: Record) -> None:
        assert refused.revoked_at is not None
        if unknown in self.both.renewed_from(refused.serial):  # the very board, whatever it was given since
            self._revoke(unknown, refused)
            return
        same_board = _mac(refused) is not None and _mac(refused) == _mac(unknown)
        if not same_board and refused.cn != unknown.cn:
            return
        made_later = _made_at(unknown) > refused.revoked_at.timestamp()
        if not same_board and made_later:
            return  # the board that took its place
        if same_board and not made_later:
            self._revoke(unknown, refused)
            return
        said = Phrase(
            "{point}: revoked on {day} in one copy ({reason}), and in the other it has {board}, written on {flashed}."
            " Is that board to count?",
            point=unknown.cn,
            day=f"{refused.revoked_at:%Y-%m-%d %H:%M}",
            reason=Phrase.of(refused.reason or ""),
            board=_name(unknown),
            flashed=_written(unknown),
        )
        ours_refused = self.ours.find(unknown.serial) is None
        chosen = self._chosen(unknown.cn, said)
        if chosen is not None and chosen == ours_refused:
            self._revoke(unknown, refused)

    def one_point_a_board(self) -> None:
        """A board has only what was written last: what counts for its earlier points does no longer."""
        by_mac: dict[str, list[Record]] = {}
        for record in self._counting("valid"):
            if (mac := _mac(record)) is not None:
                by_mac.setdefault(mac, []).append(record)
        for records in by_mac.values():
            *older, newest = sorted(records, key=_made_at)
            for record in older:
                self._revoke(record, newest, "superseded")

    def one_board_a_point(self) -> None:
        """Two copies gave one point a board each: only a person knows which one hangs there."""
        for name in dict.fromkeys(record.cn for record in self._counting("valid") if record.kind != "authority"):
            found = self.both.of(name, "valid")
            if len(found) < 2:
                continue
            here = next(r for r in found if self.ours.find(r.serial) is not None)
            there = next(r for r in found if r is not here)
            if here.kind != "board":  # a service takes what it finds in its folder: the newer one comes along
                older, newer = sorted((here, there), key=_made_at)
                self._revoke(older, newer, "superseded")
                continue
            said = Phrase(
                "{point} has two boards: here {ours}, written on {ours_at}; there {theirs}, written on {theirs_at}."
                " Which one hangs there?",
                point=name,
                ours=_name(here),
                ours_at=_written(here),
                theirs=_name(there),
                theirs_at=_written(there),
            )
            kept = self._chosen(name, said)
            if kept is not None:
                self._revoke(there if kept else here, here if kept else there, "superseded")

    def _counting(self, *states: str) -> list[Record]:
        return [r for r in self.both.certificates if r.state in (states or ("valid", "pending"))]

    def _chosen(self, name: str, said: Phrase) -> bool | None:
        """True: keep ours. None: nobody has chosen, and it is noted as a conflict."""
        if name in self._keep:
            return True
        if name in self._take:
            return False
        if all(conflict.name != name for conflict in self.conflicts):
            self.conflicts.append(Conflict(name, said))
        return None

    def _revoke(self, record: Record, because: Record, why: str | None = None) -> None:
        at = because.revoked_at or because.not_before
        changed = msgspec.structs.replace(record, state="revoked", revoked_at=at, reason=why or because.reason)
        self.both = self.both.replace(changed)


def _changes(ours: Inventory, both: Inventory) -> Iterator[Phrase]:
    for record in both.certificates:
        before = ours.find(record.serial)
        if before is not None and before.state == record.state:
            continue
        about: dict[str, object] = {"name": record.cn, "board": _name(record), "serial": record.serial}
        if record.state == "revoked":
            about |= {"reason": Phrase.of(record.reason or "")}
            yield Phrase("{name}: {board} is refused from now on ({reason})", **about)
        elif record.state == "valid":
            yield Phrase("{name}: {board} counts from now on", **about)
        else:
            yield Phrase("{name}: certificate {serial} waits for its board", **about)


def _by_person(record: Record) -> bool:
    return record.state == "revoked" and record.reason not in OWN_REASONS


def _mac(record: Record) -> str | None:
    return record.board.mac if record.board is not None else None


def _made_at(record: Record) -> float:
    """When the board was written, unix seconds; of a certificate without a board when it began."""
    return (record.board.flashed_at if record.board is not None else record.not_before).timestamp()


def _written(record: Record) -> str:
    at = record.board.flashed_at if record.board is not None else record.not_before
    return f"{at:%Y-%m-%d %H:%M}"


def _name(record: Record) -> str:
    """A board by what stands on its label, else the certificate."""
    if record.board is not None:
        return Phrase("board {label}", label=record.board.serial)
    return Phrase("certificate {serial}", serial=record.serial)
