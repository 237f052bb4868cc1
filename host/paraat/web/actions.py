"""What people say of a point, from the body of a request to what is kept. Every complaint is a ValueError that says why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from paraat.domain.activation import Phase
from paraat.domain.facts import (
    Attested,
    Author,
    Counted,
    Delivered,
    DeliveryPlanned,
    GapAccepted,
    PhaseChanged,
    Silenced,
)
from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.subjects import Subject
from paraat.runtime.typed import decode
from paraat.site.tables import mistake_in
from paraat.texts import Phrase
from paraat.texts.printable import printable
from paraat.web.api import Acknowledge, author_of


class Attest(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/attest: that a resource is there (or is not), until when; or revoke: never mind."""

    resource: str
    there: bool = True
    until: datetime | None = None
    revoke: bool = False


class ChangePhase(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/phase. until: the end of out-of-use."""

    phase: Phase
    until: datetime | None = None


class Count(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/count: somebody has counted the people there."""

    people: Annotated[int, Meta(ge=0, le=5000)]


class AcceptGap(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/gaps: nobody waits any longer for what is missing. first, last: of these seqs only."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    first: Annotated[int, Meta(ge=1)] = 1
    last: Annotated[int, Meta(ge=1)] | None = None


Litres = Annotated[float, Meta(gt=0, le=100_000)]


class Deliver(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/delivery: fuel was brought."""

    litres: Litres


class PlanDelivery(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/plan: who brings how much fuel when; or cancel: nobody does."""

    litres: Litres | None = None
    at: datetime | None = None
    who: Annotated[str, Meta(max_length=80)] = ""
    cancel: bool = False


class Silence(Acknowledge, frozen=True, kw_only=True):
    """Posted to /api/v1/points/<id>/silence, /api/v1/alerts/<id>/silence: nobody is told until then, and why; or end."""

    until: datetime | None = None
    reason: Annotated[str, Meta(max_length=120)] = ""
    end: bool = False


T = TypeVar("T", bound=msgspec.Struct)


def _given(body: bytes, kind: type[T]) -> T:
    """What was posted. Raises ValueError that names the key, what was found there and what is expected."""
    try:
        return decode(body, kind)
    except msgspec.ValidationError as error:
        wrong = mistake_in(msgspec.json.decode(body), kind, error)
        raise ValueError(
            Phrase(
                "{key}: found {found}; expected {expected}", key=wrong.key, found=wrong.found, expected=wrong.expected
            )
        ) from error


def attested(body: bytes, point: str, profiles: Mapping[str, Profile], now: float) -> tuple[Attested, Author]:
    """An attestation, and whose it is."""
    given = _given(body, Attest)
    author = author_of(given)
    resources = profiles[point].resources
    by_word = [name for name, one in resources.items() if one.by == "word" and one.need != "not-required"]
    if given.resource not in by_word:
        raise ValueError(
            Phrase(
                "{resource} is nothing to attest at {point}; expected is one of: {by_word}",
                resource=repr(given.resource),
                point=point,
                by_word=", ".join(by_word),
            )
        )
    roles = resources[given.resource].roles
    if roles and author.role not in roles and not given.revoke:
        raise ValueError(
            Phrase(
                "role {role} may not attest {resource}; its profile expects: {roles}",
                role=repr(author.role),
                resource=given.resource,
                roles=", ".join(roles),
            )
        )
    if given.revoke:
        return Attested(point=point, resource=given.resource, there=False, until=now), author
    until = _future("until", given.until, now)
    return Attested(point=point, resource=given.resource, there=given.there, until=until), author


def phase_changed(body: bytes, point: str, now: float) -> tuple[PhaseChanged, Author]:
    """A change of a point's phase, and whose it is."""
    given = _given(body, ChangePhase)
    if given.phase is not Phase.OUT_OF_USE:
        if given.until is not None:
            raise ValueError(Phrase("until is only for out-of-use"))
        return PhaseChanged(point=point, phase=given.phase.value), author_of(given)
    until = _future("until", given.until, now)
    return PhaseChanged(point=point, phase=given.phase.value, until=until), author_of(given)


def counted(body: bytes, point: str, _now: float) -> tuple[Counted, Author]:
    """A count by hand, and who counted."""
    given = _given(body, Count)
    return Counted(point=point, people=given.people), author_of(given)


def gap_accepted(body: bytes, point: str, _now: float) -> tuple[GapAccepted, Author]:
    """That what is missing is waited for no longer, why, and who says so."""
    given = _given(body, AcceptGap)
    reason = printable(given.reason).strip()
    if not reason:
        raise ValueError(Phrase("reason is empty; it says why nobody waits for these sets any longer"))
    if given.last is not None and given.last < given.first:
        raise ValueError(Phrase("last {last} is below first {first}", last=given.last, first=given.first))
    return GapAccepted(point=point, reason=reason, first=given.first, last=given.last), author_of(given)


def delivered(body: bytes, place: Point) -> tuple[Delivered, Author]:
    """A delivery that somebody confirms, and who."""
    given = _given(body, Deliver)
    _has_tank(place)
    return Delivered(point=place.id, litres=given.litres), author_of(given)


def _has_tank(place: Point) -> None:
    if place.tank is None:
        raise ValueError(
            Phrase("{point} has no tank: its file has no [tank], and nobody brings fuel there", point=place.id)
        )


def delivery_planned(body: bytes, place: Point, now: float) -> tuple[DeliveryPlanned, Author]:
    """A delivery that is arranged, or is off; and who says so."""
    given = _given(body, PlanDelivery)
    author, point = author_of(given), place.id
    _has_tank(place)
    if given.cancel:
        return DeliveryPlanned(point=point, at=now, litres=0.0, who=""), author
    who = printable(given.who).strip()
    if not who or given.litres is None:
        raise ValueError(Phrase("a plan needs litres and who: the name of who brings it"))
    return DeliveryPlanned(point=point, at=_future("at", given.at, now), litres=given.litres, who=who), author


def silenced(body: bytes, subject: Subject, now: float, most_s: float) -> tuple[Silenced, Author]:
    """That nobody is to be told of a subject for a while, or is again; and who says so. most_s: for no longer."""
    given = _given(body, Silence)
    if given.end:
        return Silenced(subject=subject, until=now, reason=""), author_of(given)
    until, reason = _future("until", given.until, now), printable(given.reason).strip()
    if not reason:
        raise ValueError(
            Phrase("reason: found nothing; expected why nobody is to be told, such as work on the generator")
        )
    if until - now > most_s:
        raise ValueError(
            Phrase(
                "until: found {found}; nothing is silenced for longer than {hours} h at once ([telling] silence_most_h)",
                found=given.until and given.until.isoformat(),
                hours=f"{most_s / 3600:g}",
            )
        )
    return Silenced(subject=subject, until=until, reason=reason), author_of(given)


def _future(key: str, at: datetime | None, now: float) -> float:
    if at is None or at.tzinfo is None or at.timestamp() <= now:
        found = Phrase("nothing") if at is None else at.isoformat()
        raise ValueError(
            Phrase(
                "{key}: found {found}; expected a moment to come, such as 2026-12-31T23:00:00Z", key=key, found=found
            )
        )
    return at.timestamp()
