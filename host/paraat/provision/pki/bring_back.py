"""`make bring-back`: the copy of a site that was away for a day comes home, and nothing of either side is lost.

The lists of certificates are joined by serial number (site/joining.py), the files that people change one by one
(site/copies.py). All of it is known before a byte is written.
"""

import contextlib
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography import x509

from paraat.provision.micropython import pinned
from paraat.provision.pki import certificates, revoked
from paraat.provision.pki.authority import CA_KEY, Authority
from paraat.site import copies, inventory, joining
from paraat.site.copies import Coming
from paraat.site.files import write_atomic
from paraat.site.inventory import Inventory, PkiError
from paraat.site.joining import Conflict, Joined
from paraat.site.site import load_site
from paraat.texts import Phrase, reason

_REMOTE = re.compile(r"(?P<host>[^/:\s-][^/:\s]*):(?P<path>.*)")
_LIMIT_S = 60.0
_MOST_BYTES = 64_000_000
# The public part of a site, and what people change in it; its journal and its keys stay there.
_WANTED = "site.toml taken.json secrets.toml micropython.lock.json points profiles labels commissioned pki/inventory.json pki/crl.pem"


class BringBackError(PkiError):
    """Raised when a copy cannot come back; nothing was changed."""


class Plan(NamedTuple):
    """What comes back. before: our list as it was when this was made."""

    site_dir: Path
    other: Path
    before: Inventory
    joined: Joined
    coming: Coming

    @property
    def conflicts(self) -> list[Conflict]:
        """What somebody must choose first."""
        return [*self.joined.conflicts, *self.coming.conflicts]

    @property
    def changes(self) -> list[Phrase]:
        """What is new, for people; empty when nothing is."""
        return [*self.joined.changes, *self.coming.changes]


@contextlib.contextmanager
def copy_of(source: str) -> Iterator[Path]:
    """The site's folder in what FROM= names: a folder, or user@machine:folder over ssh. Raises BringBackError."""
    remote = _REMOTE.fullmatch(source)
    if remote is None or Path(source).exists():
        yield _site_in(Path(source))
        return
    with tempfile.TemporaryDirectory(prefix="paraat-") as folder:  # of mode 0700
        _fetch(remote["host"], remote["path"], Path(folder))
        yield _site_in(Path(folder))


def _site_in(folder: Path) -> Path:
    for place in (folder, folder / "site"):
        if inventory.path_of(place).is_file():
            return place
    raise BringBackError("joining.no-copy", folder=folder)


def _fetch(host: str, path: str, target: Path) -> None:
    # A path after ~/ is taken from where ssh begins; all else is quoted, for the shell over there reads it again.
    quoted = "'" + path.removeprefix("~/").replace("'", "'\\''") + "'" if path not in ("", "~") else "."
    command = f"cd {quoted} && if [ -d site/pki ]; then cd site; fi && tar -chf - --ignore-failed-read {_WANTED}"
    try:
        run = subprocess.run(["ssh", host, command], capture_output=True, check=False, timeout=_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BringBackError("joining.no-ssh", host=host, why=str(error)) from error
    if not run.stdout or len(run.stdout) > _MOST_BYTES:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise BringBackError("joining.no-ssh", host=host, why=said[-1] if said else f"code {run.returncode}")
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as tar:
        for member in tar:
            name = Path(member.name)
            if not member.isfile() or name.is_absolute() or ".." in name.parts:
                continue
            data = tar.extractfile(member)
            assert data is not None
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target / name, data.read(), mode=0o600)


def plan(site_dir: Path, other: Path, *, keep: Collection[str] = (), take: Collection[str] = ()) -> Plan:
    """What would come back; changes nothing. Raises BringBackError, JoiningError, InventoryError, SettingsError."""
    if other.resolve() == site_dir.resolve():
        raise BringBackError("joining.same-folder", folder=other)
    load_site(other)  # what is wrong with it is said before it is wrong here
    before = inventory.load(site_dir)
    joined = joining.join(before, inventory.load(other), keep=keep, take=take)
    _check_authorities(site_dir, before, joined)
    try:
        coming = copies.coming(site_dir, other, keep=keep, take=take)
    except OSError as error:
        raise BringBackError("joining.unread", path=error.filename, why=reason(error)) from error
    if both := {*keep} & {*take}:
        raise BringBackError("joining.chosen-twice", names=", ".join(sorted(both)))
    seen, complaint = pinned.join(site_dir, other, keep=pinned.LOCK in keep, take=pinned.LOCK in take)
    if complaint is not None:
        coming.conflicts.append(complaint)
    if seen is not None:
        coming.files[pinned.LOCK] = seen
    points = [record.cn for record in joined.taken if record.kind == "board"]
    coming.files.update(copies.brought(site_dir, other, points))
    return Plan(site_dir, other, before, joined, coming)


def _check_authorities(site_dir: Path, before: Inventory, joined: Joined) -> None:
    """What comes was signed by an authority that counts here. Raises BringBackError."""
    counting = {certificates.serial_of(each) for each in revoked.authorities_of(site_dir)}
    for record in joined.taken:
        if record.kind == "authority":
            raise BringBackError("joining.newer-authority", name=record.cn)
    late = [r.cn for r in joined.taken if (r.issuer or before.first_authority) not in counting]
    if late:
        raise BringBackError("joining.older-authority", points=", ".join(late))


def carry_out(decided: Plan, opened: Callable[[], Authority], now: datetime) -> None:
    """Write it. opened: our authority, asked for only when a new list of revoked certificates must be signed.

    Raises PkiError and SettingsError; the list of certificates comes last, and whole.
    """
    sign = _needs_signing(decided)
    authority = opened() if sign is None else None
    try:
        files = decided.coming.files
        services = dict(_services(decided))
        copies.write(decided.site_dir, files)
        for name, data in services.items():
            write_atomic(decided.site_dir / name, data, mode=0o600 if name.endswith(".key") else 0o644)
    except OSError as error:
        raise BringBackError("joining.unread", path=error.filename, why=reason(error)) from error
    if authority is not None:
        authority.adopt(decided.joined.inventory, decided.before, now)
    else:
        assert sign is not None
        _adopt_unsigned(decided, sign)


def _services(decided: Plan) -> Iterator[tuple[str, bytes]]:
    """Certificate and key of a service that was renewed there: without its key what counts would be of no use here."""
    for record in decided.joined.taken:
        if record.kind in inventory.SERVICES:
            for end in ("crt", "key"):
                name = f"{inventory.FOLDER}/{record.kind}.{end}"
                yield name, (decided.other / name).read_bytes()


def _needs_signing(decided: Plan) -> bytes | None:
    """A list of revoked certificates that is right already, ours or theirs; None when one must be signed.

    Raises BringBackError when it must be and the key is not here.
    """
    authorities = revoked.authorities_of(decided.site_dir)
    joined = decided.joined.inventory
    wanted = [{int(r.serial, 16) for r in joined.revoked_by(certificates.serial_of(each))} for each in authorities]
    for place in (decided.site_dir, decided.other):
        path = place / inventory.FOLDER / revoked.CRL
        found = [{row.serial_number for row in revoked.read(path, each) or ()} for each in authorities]
        if found == wanted and revoked.how_many(path) == len(authorities):
            return path.read_bytes()
    if not (decided.site_dir / inventory.FOLDER / CA_KEY).exists():
        raise BringBackError("joining.key-away", path=decided.site_dir / inventory.FOLDER / CA_KEY)
    return None


def _adopt_unsigned(decided: Plan, listed: bytes) -> None:
    """Both sides together are what one of them has signed already: its list is taken as it is, without a key."""
    number = x509.load_pem_x509_crl(listed).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    with inventory.locked(decided.site_dir):
        if inventory.load(decided.site_dir).certificates != decided.before.certificates:
            raise BringBackError("pki.changed-meanwhile", path=inventory.path_of(decided.site_dir))
        path = decided.site_dir / inventory.FOLDER / revoked.CRL
        try:
            write_atomic(path, listed, mode=0o644)  # first: what is refused is never refused too late
        except OSError as error:
            raise BringBackError("pki.list-not-written", path=path, why=reason(error)) from error
        inventory.save(decided.site_dir, msgspec.structs.replace(decided.joined.inventory, crl_number=number))
