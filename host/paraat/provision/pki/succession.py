"""Which boards are due for a new certificate, and how one authority takes another's place while boards run.

begin      another authority signs from then on; broker and host believe both
(boards)   each gets a certificate of the new one and believes both, over the broker
services   broker, hosts and desk get certificates of the new one: refused while a board believes the old one only
finish     the old one is dropped: refused while the broker shows a certificate of the old one
(boards)   each is told to believe the new one only
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509

from paraat.fleet.renewing import Issued
from paraat.provision.pki import certificates, revoked
from paraat.provision.pki.authority import Authority, AuthorityError
from paraat.site import inventory
from paraat.site.inventory import Inventory, PkiError, Record
from paraat.site.site import Site
from paraat.texts import Phrase

RENEW_DAYS = 90.0  # before the end, as the host does by itself
_LEAST_DAYS = 30.0  # by which a new certificate must last longer, else it is not worth the visit
_PROBE_S = 10.0

Phase = Literal["none", "boards", "services", "finish", "forget"]


class SuccessionError(PkiError):
    """Raised when the next step would lose boards, or cannot be seen to be safe. str() says what lacks."""


class Due(NamedTuple):
    """A board that needs a new certificate, and why."""

    record: Record
    why: Phrase


class Standing(NamedTuple):
    """How far one authority has come in another's place. phase: what is to be done next; left: what that waits for, by name."""

    phase: Phase
    boards: int
    left: list[Record]


def due(known: Inventory, authorities: list[x509.Certificate], now: datetime, days: float = RENEW_DAYS) -> list[Due]:
    """The boards that need a new certificate, those that end first first. authorities: what boards are to believe.

    Those whose certificate has ended are not among them (`known.ended`): the broker refuses them.
    """
    own = authorities[0]
    others = {certificates.serial_of(each) for each in authorities[1:]}
    best = min(now + timedelta(days=certificates.BOARD_DAYS), own.not_valid_after_utc)
    left_behind = {r.serial for r in known.not_of(certificates.serial_of(own), "board")}
    found = []
    for record in known.certificates:
        if record.state != "valid" or record.kind != "board" or record.not_after < now:
            continue
        if record.serial in left_behind:
            found.append(Due(record, Phrase("of the authority that is replaced")))
        elif not others and record.trusts:
            found.append(Due(record, Phrase("believes the old authority still")))
        elif record.not_after - now < timedelta(days=days) and best - record.not_after > timedelta(days=_LEAST_DAYS):
            found.append(Due(record, Phrase("ends on {day}", day=f"{record.not_after:%Y-%m-%d}")))
    return sorted(found, key=lambda each: each.record.not_after)


def standing(site_dir: Path) -> Standing:
    """How far it is, by the site's files; no key is needed. Raises PkiError."""
    known, authorities = inventory.load(site_dir), revoked.authorities_of(site_dir)
    own = certificates.serial_of(authorities[0])
    boards = [r for r in known.certificates if r.state == "valid" and r.kind == "board"]
    if len(authorities) == 1:
        left = sorted((record for record in boards if record.trusts), key=lambda record: record.cn)
        return Standing("forget" if left else "none", len(boards), left)
    if left := known.not_of(own, "board"):
        return Standing("boards", len(boards), left)
    if left := known.not_of(own, *inventory.SERVICES):
        return Standing("services", len(boards), left)
    return Standing("finish", len(boards), [])


def begin(authority: Authority, region: str, now: datetime) -> None:
    """Another authority signs from now on. Raises PkiError."""
    found = standing(authority.site_dir)
    if found.phase == "forget":
        raise SuccessionError("succession.still-told", points=names(found.left))
    authority.begin_successor(region, now)
    authority.renew_client("desk", now)


def move_services(authority: Authority, now: datetime) -> None:
    """Broker, hosts and desk get certificates of the new authority. Raises PkiError when a board would be lost."""
    found = standing(authority.site_dir)
    if authority.older is None:
        raise AuthorityError("succession.none", folder=authority.site_dir / inventory.FOLDER)
    if found.phase == "boards":
        raise SuccessionError("succession.boards-left", points=names(found.left), n=len(found.left), of=found.boards)
    for record in found.left:
        if record.kind == "broker":
            authority.renew_broker((), now)
        else:
            authority.renew_client(record.kind, now)


def finish(authority: Authority, site: Site, now: datetime) -> None:
    """The old authority is dropped. Raises PkiError when something still shows a certificate of it."""
    found = standing(authority.site_dir)
    if authority.older is None:
        raise AuthorityError("succession.none", folder=authority.site_dir / inventory.FOLDER)
    if found.phase != "finish":
        raise SuccessionError("succession.not-yet", names=names(found.left))
    if shown_by_broker(site).issuer != authority.authorities()[0].subject:
        raise SuccessionError("succession.broker-old", site=site.directory)
    authority.drop_older(now)


def shown_by_broker(site: Site) -> x509.Certificate:
    """What the broker shows, to the desk's certificate, which it takes. Raises SuccessionError when it does not take it.

    The desk has a certificate of the newest authority from its beginning on: so a broker that takes it believes that one.
    """
    folder = site.directory / inventory.FOLDER
    where = f"{site.broker.host}:{site.broker.port}"
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    try:
        context.load_cert_chain(folder / inventory.DESK, folder / inventory.DESK_KEY)
        with (
            socket.create_connection((site.broker.host, site.broker.port), timeout=_PROBE_S) as plain,
            context.wrap_socket(plain, server_hostname=site.broker.host) as secure,
        ):
            der = secure.getpeercert(binary_form=True)
            assert der is not None, "a certificate was required"
            # With TLS 1.3 a refusal comes after the handshake. A DISCONNECT (MQTT 3.14) ends it for a broker that takes us.
            secure.sendall(b"\xe0\x00")
            secure.recv(1)
    except ssl.SSLError as error:
        raise SuccessionError(
            "succession.broker-refuses", where=where, why=error.reason or str(error), site=site.directory
        ) from error
    except OSError as error:
        raise SuccessionError("succession.broker-away", where=where, why=str(error)) from error
    return x509.load_der_x509_certificate(der)


def names(records: list[Record], most: int = 8) -> str:
    """Their names, the first of many."""
    shown = ", ".join(record.cn for record in records[:most])
    return shown + (f" (+{len(records) - most})" if len(records) > most else "")


class BoardIssuer:
    """fleet.renewing.Issuer by the site's authority. now: the time, aware."""

    def __init__(self, authority: Authority, now: Callable[[], datetime]) -> None:
        self._authority = authority
        self._now = now

    def issue(self, point: str, asked: Mapping[str, object]) -> Issued:
        """Raises PkiError."""
        return Issued(*self._authority.issue_renewal(point, asked, self._now()))

    def seen(self, point: str, serial: str) -> bool:
        """Raises PkiError."""
        return self._authority.commit_renewal(point, serial, self._now())
