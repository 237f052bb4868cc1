"""`make bundle`: a folder with everything that a day without internet takes, in which `make` works as in a clone.

Makefile, host/, firmware/, docs/ ...   this software, as it is committed
wheels/               the Python packages, with a lock of their own; the Makefile takes them from there
firmware-images/      MicroPython for the boards of the site
site/                 the site's files that a technician needs, the encrypted CA key and the Wi-Fi too unless left out
SHA256SUMS            of all but site/
"""

import contextlib
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from paraat.boards.boards import check_memory, load_board
from paraat.provision.micropython import pinned
from paraat.provision.micropython.pinned import Obtained
from paraat.site import copies, fingerprint, inventory, shortening
from paraat.site.files import write_atomic
from paraat.site.site import Site
from paraat.texts import Phrase, SpokenError, reason

MARK = "SHA256SUMS"
SITE = "site"
WHEELS = "wheels"
IMAGES = "firmware-images"
LOCK = "technician.lock"
# What a technician's work takes. The broker's and the host's keys, tokens and the journal stay at home, and of the files whom to
# tell and how one gets in (site/shortening.py).
_SITE_FILES = ("site.toml", pinned.LOCK)
_PKI_FILES = ("ca.crt", "broker.crt", "update.pub", "crl.pem", inventory.NAME)
# Only to flash. ca.old.key: there while one authority takes another's place.
_KEYS = ("secrets.toml", *(f"{inventory.FOLDER}/{name}" for name in ("ca.key", "ca.old.key", "update.key")))

_README = """\
PARAAT: alles voor een dag zonder internet / everything for a day without internet

1. Kopieer deze hele map naar de laptop (versleutelde schijf).   Copy this whole folder to the laptop (encrypted disk).
2. Open een terminal in deze map:                               Open a terminal in this folder:
      make tools        een keer, zonder internet               once, without internet
      make doctor       zegt wat er nog mis is                  says what is still wrong
      make flash POINT=nsp-0101
3. Hoe verder: docs/technician.md                               How to go on: docs/technician.en.md
4. Na de dag, op het coordinatiepunt:    After the day, at the coordination point:
      make bring-back FROM=<deze map / this folder>
   Daarin staat welk bord bij welk punt hoort. Kopieer de bestanden nooit met de hand terug.
   It says which board belongs to which point. Never copy the files back by hand.

Hoofdcertificaat van deze regio / authority of this region: {words}
Python {python}, {system}. Software {commit}.
"""


class BundleError(SpokenError):
    """Raised when the folder cannot be made whole; nothing is left behind. str() says why and what to do."""


class Summary(NamedTuple):
    """What was made. sizes: bytes by part."""

    folder: Path
    commit: str
    uncommitted: int
    sizes: dict[str, int]
    images: list[Obtained]
    keys: bool


Wheels = Callable[[Path, Path], None]


def make(
    site: Site,
    out: Path,
    *,
    repository: Path,
    given: Sequence[Path] = (),
    folders: tuple[Path, ...] = (),
    with_keys: bool = True,
    anyway: bool = False,
    wheels: Wheels | None = None,
    fetching: Callable[[str], bytes] = pinned.fetch,
    now: datetime | None = None,
) -> Summary:
    """Make the folder `out`, or make it anew. given: files of MicroPython; folders: where more of them lie.

    wheels: puts the packages of a lock file into a folder; None: pip. anyway: for the bench too.
    now: aware; without it the system's. Raises BundleError, FirmwareError, InventoryError, TooLittleMemoryError.
    """
    kinds = sorted({point.board.type for point in site.points.values()})
    for kind in () if anyway else kinds:
        check_memory(load_board(kind))
    _check_place(out, site.directory)
    commit, uncommitted = _commit(repository)
    with _told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))  # of mode 0700
        try:
            _copy_site(site.directory, building / SITE, with_keys=with_keys)
            _hand_out(site.directory, building / SITE, now or datetime.now(UTC), commit)
            (building / IMAGES).mkdir()
            images = [
                pinned.obtain(
                    load_board(kind), building / IMAGES, site.directory, given=given, folders=folders, fetching=fetching
                )
                for kind in kinds
            ]
            if (site.directory / pinned.LOCK).exists():  # it may have been written just now
                shutil.copyfile(site.directory / pinned.LOCK, building / SITE / pinned.LOCK)
                (building / SITE / pinned.LOCK).chmod(0o600)
            _copy_source(repository, building)
            (wheels or pip_wheels)(repository / "requirements" / LOCK, building / WHEELS)
            _write_readme(building, commit, site.directory)
            _write_sums(building)
            sizes = _sizes(building)
            if out.exists():
                shutil.rmtree(out)
            building.rename(out)
        except BaseException:  # Ctrl-C too: keys lie in it
            shutil.rmtree(building, ignore_errors=True)
            raise
    return Summary(out, commit, uncommitted, sizes, images, with_keys)


@contextlib.contextmanager
def _told(out: Path) -> Iterator[None]:
    """A disk that is full or not ours, as a BundleError."""
    try:
        yield
    except OSError as error:
        raise BundleError("bundle.not-written", path=error.filename or out, why=reason(error)) from error


def pip_wheels(lock: Path, target: Path) -> None:
    """The packages of a lock as wheels for this machine and Python, and a lock of these. Raises BundleError."""
    target.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--wheel-dir", str(target), "--requirement", str(lock)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        said = [line for line in run.stderr.splitlines() if line.strip()]
        last = said[-1] if said else f"pip ended with code {run.returncode}"
        raise BundleError("bundle.packages", why=last)
    write_lock(target)


def write_lock(target: Path) -> None:
    """wheels/technician.lock: exactly the files that lie there; and for which Python they are."""
    lines = []
    for path in sorted(target.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{_sha256(path)}\n")
    (target / LOCK).write_text("".join(lines))
    (target / "python.txt").write_text(_python() + "\n")


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _check_place(out: Path, site_dir: Path) -> None:
    """A folder that is there is made anew, unless it is another one, or boards were flashed from it since."""
    if out.exists() and not (out / MARK).exists():
        raise BundleError("bundle.other-folder", out=out)
    theirs = out / SITE
    if inventory.path_of(theirs).exists():
        known = inventory.load(site_dir).certificates if inventory.path_of(site_dir).exists() else ()
        ours = {record.serial: record.state for record in known}
        # A revoked one here is at least as new: what was issued or revoked there only must not be lost.
        for record in inventory.load(theirs).certificates:
            if ours.get(record.serial) not in (record.state, "revoked"):
                about = {"serial": record.serial, "point": record.cn, "state": record.state}
                raise BundleError("bundle.flashed-from", theirs=theirs, site=site_dir, out=out, **about)


def _commit(repository: Path) -> tuple[str, int]:
    """(the commit, how many tracked files differ from it)"""
    if not (repository / ".git").exists():
        raise BundleError("bundle.no-clone", folder=repository)
    commit = _git(repository, "rev-parse", "--short=12", "HEAD").strip()
    return commit, len(_git(repository, "status", "--porcelain", "--untracked-files=no").splitlines())


def _git(repository: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise BundleError(Phrase("git {command}: {said}", command=words[0], said=run.stderr.strip()))
    return run.stdout


def _copy_source(repository: Path, target: Path) -> None:
    with tempfile.TemporaryFile() as file:
        subprocess.run(["git", "-C", str(repository), "archive", "--format=tar", "HEAD"], stdout=file, check=True)
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            # Our own repository's files. Python before 3.11.4, as in Debian 12, has no filter, and ignores this line.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(target)  # noqa: S202 - our own files


def _copy_site(site_dir: Path, target: Path, *, with_keys: bool) -> None:
    target.mkdir(mode=0o700)
    for name in (inventory.FOLDER, "points"):
        (target / name).mkdir(mode=0o700)
    pki = [f"{inventory.FOLDER}/{name}" for name in _PKI_FILES]
    keys = _KEYS if with_keys else ()
    points = [f"points/{path.name}" for path in sorted((site_dir / "points").glob("*.toml"))]
    profiles = [f"profiles/{path.name}" for path in sorted((site_dir / "profiles").glob("*.toml"))]
    if profiles:
        (target / "profiles").mkdir(mode=0o700)
    for name in (*_SITE_FILES, *points, *profiles, *pki, *keys):
        source = site_dir / name
        if not source.exists():
            continue
        if name.endswith(".key") and b"ENCRYPTED" not in source.read_bytes()[:64]:
            raise BundleError("bundle.open-key", path=source)
        data = source.read_bytes()
        if name.endswith(".toml") and name not in _KEYS:
            data = _shortened(source, data)
        write_atomic(target / name, data, mode=0o600)  # whoever made the original readable for others


def _shortened(path: Path, data: bytes) -> bytes:
    """Without whom to tell and how one gets in: nobody needs that to flash."""
    try:
        return shortening.shorten(data.decode("utf-8-sig")).given.encode()
    except ValueError as error:
        raise BundleError("bundle.not-shortened", path=path) from error


def _hand_out(site_dir: Path, copy: Path, now: datetime, commit: str) -> None:
    """Remember what went along, so that `make bring-back` knows what was changed on which side."""
    originals = {name: (site_dir / name).read_bytes() for name in copies.shared_files(copy)}
    copies.hand_out(copy, originals, now, commit)


def _write_readme(folder: Path, commit: str, site_dir: Path) -> None:
    found = fingerprint.here(site_dir)
    words = fingerprint.words(found) if found is not None else "?"
    system = f"{platform.system()} {platform.machine()}"
    (folder / "LEES-MIJ.txt").write_text(_README.format(python=_python(), system=system, commit=commit, words=words))


def _write_sums(folder: Path) -> None:
    """For `sha256sum -c SHA256SUMS`. Not of site/: a digest of a short password tells the password."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.relative_to(folder).parts[0] != SITE]
    sums = [f"{_sha256(path)}  {path.relative_to(folder)}\n" for path in files]
    (folder / MARK).write_text("".join(sums))


def _sizes(folder: Path) -> dict[str, int]:
    parts = {WHEELS: 0, IMAGES: 0, SITE: 0, "software": 0}
    for path in folder.rglob("*"):
        if path.is_file():
            part = path.relative_to(folder).parts[0]
            parts[part if part in parts else "software"] += path.stat().st_size
    return parts


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
