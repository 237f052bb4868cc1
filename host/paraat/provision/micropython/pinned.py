"""MicroPython's images by pinned name and checksum: given by hand, lying in a folder, or fetched where there is internet."""

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from paraat.boards.boards import Board
from paraat.boards.builds import Sha256, builds
from paraat.provision.micropython import micropython_image
from paraat.provision.micropython.micropython_image import FirmwareError, MicroPythonImage
from paraat.runtime.typed import decode
from paraat.site.files import write_atomic
from paraat.site.joining import Conflict
from paraat.texts import Phrase

SOURCE = "https://micropython.org/resources/firmware/"
LOCK = "micropython.lock.json"
_LIMIT_S = 60.0
_MAX_BYTES = 16_000_000


class Obtained(NamedTuple):
    """An image that is there now. first_seen: its checksum was known to nobody, and is from now on."""

    board: str
    image: MicroPythonImage
    source: str
    first_seen: bool


def fetch(url: str) -> bytes:
    """The file behind an https address. Raises OSError."""
    with urllib.request.urlopen(url, timeout=_LIMIT_S) as answer:  # noqa: S310 - SOURCE is https
        data: bytes = answer.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise OSError(f"more than {_MAX_BYTES} bytes")
    return data


def obtain(
    board: Board,
    target: Path,
    site_dir: Path,
    *,
    given: Sequence[Path],
    folders: tuple[Path, ...],
    fetching: Callable[[str], bytes] = fetch,
) -> Obtained:
    """Put the image for a board into the folder `target`: a given file that fits, else one of folders, else fetched.

    Raises FirmwareError when none is to be had, or it is not the one that was pinned or seen before.
    """
    path, source = _choose(board, target, given, folders, fetching)
    try:
        image = micropython_image.load(path, board)
        first_seen = check(site_dir, board, image)
    except FirmwareError:
        if path.parent == target:  # what we put there ourselves
            path.unlink(missing_ok=True)
        raise
    return Obtained(board.id, image, source, first_seen)


def _choose(
    board: Board, target: Path, given: Sequence[Path], folders: tuple[Path, ...], fetching: Callable[[str], bytes]
) -> tuple[Path, str]:
    """(the file in `target`, where it came from)"""
    fitting, complaints = _fitting(board, given)
    if fitting is None and given and all(micropython_image.is_named(path, board) for path in given):
        raise complaints[-1]
    if fitting is None:
        try:
            fitting = micropython_image.find(board, folders)
        except FirmwareError:
            return _fetched(board, target, fetching)
    copied = target / _name(board, fitting)
    shutil.copyfile(fitting, copied)
    return copied, str(fitting)


def _fitting(board: Board, given: Sequence[Path]) -> tuple[Path | None, list[FirmwareError]]:
    complaints = []
    for path in given:
        try:
            micropython_image.load(path, board)
        except FirmwareError as error:
            complaints.append(error)
        else:
            return path, complaints
    return None, complaints


def _name(board: Board, path: Path) -> str:
    """A name under which micropython_image.find knows it."""
    return path.name if micropython_image.is_named(path, board) else f"{board.firmware.image}-0-{path.stem}.bin"


def _fetched(board: Board, target: Path, fetching: Callable[[str], bytes]) -> tuple[Path, str]:
    pin = builds().get(board.firmware.image)
    if pin is None:
        raise FirmwareError("micropython.no-pin", image=board.firmware.image, board=board.name)
    url = SOURCE + pin.file
    try:
        data = fetching(url)
    except (OSError, urllib.error.URLError) as error:
        raise FirmwareError("micropython.not-fetched", url=url, why=str(error), file=pin.file) from error
    path = target / pin.file
    path.write_bytes(data)
    return path, url


def join(site_dir: Path, other: Path, *, keep: bool, take: bool) -> tuple[bytes | None, Conflict | None]:
    """(what both have seen, where that is more than ours; what the two do not agree on, unless one was chosen)."""
    ours, theirs = _seen(site_dir / LOCK), _seen(other / LOCK)
    differ = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    if keep:
        theirs |= {name: ours[name] for name in differ}
    elif differ and not take:
        said = Phrase("{file}: the two saw another {name}; ask who changed it", file=LOCK, name=", ".join(differ))
        return None, Conflict(LOCK, said)
    both = {**ours, **theirs}
    return (None, None) if both == ours else (_lock(both), None)


def _lock(seen: dict[str, Sha256]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(dict(sorted(seen.items()))), indent=1) + b"\n"


def _seen(lock: Path) -> dict[str, Sha256]:
    return decode(lock.read_bytes(), dict[str, Sha256]) if lock.exists() else {}


def check(site_dir: Path, board: Board, image: MicroPythonImage) -> bool:
    """Compare with the pin, else with what was seen before, else remember it. True when it was remembered now.

    Raises FirmwareError when it is another file than that.
    """
    pin = builds().get(board.firmware.image)
    lock = site_dir / LOCK
    seen = _seen(lock)
    name = image.path.name
    expected = pin.sha256 if pin is not None and pin.file == name and pin.sha256 else seen.get(name)
    if expected is None:
        write_atomic(lock, _lock({**seen, name: image.sha256}), mode=0o644)
        return True
    if expected != image.sha256:
        raise FirmwareError("micropython.changed", name=name, found=image.sha256, expected=expected, lock=lock)
    return False
