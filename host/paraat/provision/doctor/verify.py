"""`paraat verify`: what lies on a board that is attached, against what should lie there.

The board tells digests and public things only: neither a private key nor a password leaves it.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec import Meta

from paraat.boards.node_config import node_config
from paraat.provision.bundle.bundle import compile_firmware
from paraat.provision.doctor.checks import Finding, Level
from paraat.provision.usb.remote import RemoteBoard, RemoteError
from paraat.runtime.typed import decode
from paraat.site import inventory
from paraat.site.site import Site

_MARK = "PARAAT-REPORT "
# What the image and the board add to the configuration; the site's files say nothing of them.
_ADDED = ("built", "journal", "broker")
# Runs on the board. It prints one line, _MARK and JSON.
_ASK = """
import binascii, gc, hashlib, json, os, sys
gc.collect()
def digest(path):
    h = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while True:
                data = f.read(512)
                if not data:
                    break
                h.update(data)
    except OSError:
        return None
    return binascii.hexlify(h.digest()).decode()
def walk(folder, base=""):
    for name, kind, *_ in os.ilistdir(folder):
        if kind == 0x4000:
            yield from walk(folder + "/" + name, base + name + "/")
        else:
            yield base + name
def content(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""
def table(path):
    try:
        return json.loads(content(path))
    except ValueError:
        return {}
def mac():
    try:
        import machine
        return binascii.hexlify(machine.unique_id()).decode()
    except (ImportError, AttributeError):
        return ""
slot = None
try:
    import main
    slot = main.put_slot_on_path()
except ImportError:
    pass
report = {
    "mac": mac(), "micropython": ".".join([str(n) for n in sys.implementation.version[:3]]),
    "slot": slot, "manifest": table(slot + "/manifest.json") if slot else {},
    "files": {name: digest(slot + "/" + name) for name in walk(slot) if name.endswith(".mpy")} if slot else {},
    "config": table("config.json"), "certificate": binascii.hexlify(content("tls/cert.der")).decode(),
    "authority": digest("tls/ca.der"), "update_key": digest("update.pub"),
}
print("PARAAT-REPORT " + json.dumps(report))
"""


class Manifest(msgspec.Struct, frozen=True):
    """The slot's manifest.json as wire/paraat_wire/bundle.py describes it; files: name, bytes, SHA-256."""

    version: str = ""
    build: int = 0
    files: tuple[tuple[str, int, str], ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a board says of itself. mac: 12 hexadecimal digits. files: of the slot, name -> SHA-256."""

    mac: str
    micropython: Annotated[str, Meta(pattern=r"^[0-9.]+$")]
    slot: str | None
    manifest: Manifest
    files: dict[str, str | None]
    config: dict[str, Any]
    certificate: str
    authority: str | None
    update_key: str | None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's files and this software say. record: the point's certificate and board, None when unknown.

    authorities: the digests of what a board may believe, of which there are several while one authority takes another's place.
    at: the moment at which it is compared.
    """

    point: str
    record: inventory.Record | None
    revoked: frozenset[str]
    authorities: frozenset[str]
    update_key: str
    config: dict[str, Any]
    firmware: dict[str, str]
    at: datetime
    site: Path


def ask(board: RemoteBoard) -> Report:
    """Have the attached board report, and start its program again. Raises RemoteError."""
    try:
        said = board.run(_ASK)
    finally:
        board.restart()
    line = next((line for line in said.splitlines() if line.startswith(_MARK)), "")
    try:
        return decode(line.removeprefix(_MARK), Report)
    except msgspec.DecodeError as error:
        raise RemoteError("remote.report", port=board.port, why=str(error)) from error


def expected(site: Site, point: str, at: datetime) -> Expected:
    """at: the moment at which it is compared, aware. Raises InventoryError, SettingsError, CompileError; OSError when a public file of the site's pki is missing."""
    listed = inventory.load(site.directory)
    trusted = x509.load_pem_x509_certificates((site.directory / inventory.FOLDER / "ca.crt").read_bytes())
    ders = [each.public_bytes(serialization.Encoding.DER) for each in trusted]
    return Expected(
        point=point,
        record=next(iter(listed.of(point, "valid", "pending")), None),
        revoked=frozenset(record.serial for record in listed.revoked()),
        authorities=frozenset(_digest(der) for der in (*ders, b"".join(ders))),
        update_key=_digest((site.directory / inventory.FOLDER / "update.pub").read_bytes()),
        config=json.loads(json.dumps(node_config(site, point))),
        firmware={name: _digest(data) for name, data in compile_firmware().files.items()},
        at=at,
        site=site.directory,
    )


def compare(found: Report, wanted: Expected) -> Iterator[tuple[str, Finding]]:
    """(what was compared, the finding), the gravest first; of a wrong board only that it is one. Pure."""
    point, board, certificate = _point(found, wanted), _board(found, wanted), _certificate(found, wanted)
    yield "point", point
    is_another = point.level is Level.WRONG or board.level is Level.WRONG
    if point.level is not Level.WRONG:
        yield "board", board
    if is_another:  # what else differs follows from that, and has no step of its own
        if certificate.code == "verify.certificate-revoked":
            # Where another has its place, it was stolen or replaced, and is not written for this point.
            has_another = wanted.record is not None
            yield "certificate", certificate._replace(code="verify.certificate-gone") if has_another else certificate
        return
    yield "certificate", certificate
    same = found.authority in wanted.authorities
    yield "authority", Finding(*(_fine("verify.authority-fine") if same else _wrong("verify.authority-other")))
    yield "update-key", _update_key(found, wanted)
    yield from (("firmware", finding) for finding in _firmware(found, wanted))
    yield "micropython", _micropython(found, wanted)
    yield "config", _config(found, wanted)


def _fine(code: str) -> tuple[Level, str]:
    return Level.FINE, code


def _wrong(code: str) -> tuple[Level, str]:
    return Level.WRONG, code


def _point(found: Report, wanted: Expected) -> Finding:
    name = str(found.config.get("point", ""))
    values = {"found": name, "point": wanted.point}
    if not name:
        return Finding(Level.WRONG, "verify.point-none", values)
    same = name == wanted.point
    return Finding(*(_fine("verify.point-fine") if same else _wrong("verify.point-other")), values)


def _board(found: Report, wanted: Expected) -> Finding:
    recorded = wanted.record.board if wanted.record is not None else None
    values = {"found": _mac(found.mac), "point": wanted.point}
    if recorded is None and carries_image(found, wanted):
        return Finding(Level.FINE, "verify.board-image", values)
    if recorded is None:
        return Finding(Level.WRONG, "verify.board-unknown", values)
    values |= {"expected": recorded.mac, "label": recorded.serial}
    same = _mac(recorded.mac) == _mac(found.mac)
    return Finding(*(_fine("verify.board-fine") if same else _wrong("verify.board-other")), values)


def carries_image(found: Report, wanted: Expected) -> bool:
    """Whether the point's certificate was written by `make image`, which knows no board, and is on this one."""
    record = wanted.record
    return record is not None and record.board is None and record.serial == _serial(found)


def board_of(found: Report, kind: str) -> inventory.Board:
    """What the list says of this board. kind: its folder of boards/."""
    mac = _mac(found.mac)
    written = datetime.fromtimestamp(int(found.config.get("built", 0)), UTC)
    return inventory.Board(
        mac=mac, serial=mac, type=kind, flashed_at=written, firmware=found.manifest.version, micropython=None
    )


def _serial(found: Report) -> str | None:
    try:
        certificate = x509.load_der_x509_certificate(bytes.fromhex(found.certificate))
    except ValueError:
        return None
    serial = f"{certificate.serial_number:X}"
    return serial.zfill(len(serial) + len(serial) % 2)


def _certificate(found: Report, wanted: Expected) -> Finding:
    values: dict[str, object] = {"point": wanted.point}
    try:
        certificate = x509.load_der_x509_certificate(bytes.fromhex(found.certificate))
    except ValueError:
        return Finding(Level.WRONG, "verify.certificate-none", values)
    serial = _serial(found)
    values |= {"serial": serial, "until": f"{certificate.not_valid_after_utc:%Y-%m-%d}"}
    if serial in wanted.revoked:
        return Finding(Level.WRONG, "verify.certificate-revoked", values)
    same = wanted.record is not None and wanted.record.serial == serial
    if same and certificate.not_valid_after_utc < wanted.at:
        return Finding(Level.WRONG, "verify.certificate-ended", values)
    return Finding(*(_fine("verify.certificate-fine") if same else _wrong("verify.certificate-other")), values)


def _update_key(found: Report, wanted: Expected) -> Finding:
    if found.update_key is None:
        return Finding(Level.WRONG, "verify.update-key-none", {"point": wanted.point})
    same = found.update_key == wanted.update_key
    return Finding(*(_fine("verify.update-key-fine") if same else _wrong("verify.update-key-other")))


def _firmware(found: Report, wanted: Expected) -> Iterator[Finding]:
    values: dict[str, object] = {"point": wanted.point, "slot": found.slot}
    if found.slot is None:
        yield Finding(Level.WRONG, "verify.firmware-none", values)
        return
    listed = {name: digest for name, _, digest in found.manifest.files}
    damaged = sorted(name for name in listed.keys() | found.files.keys() if listed.get(name) != found.files.get(name))
    built = datetime.fromtimestamp(found.manifest.build, UTC)
    values |= {"version": found.manifest.version, "built": f"{built:%Y-%m-%d %H:%M}", "files": _some(damaged)}
    if damaged:
        yield Finding(Level.WRONG, "verify.firmware-damaged", values)
        return
    yield Finding(Level.FINE, "verify.firmware-fine", values)
    other = sorted(n for n in listed.keys() | wanted.firmware.keys() if listed.get(n) != wanted.firmware.get(n))
    if other:
        yield Finding(Level.WARNING, "verify.firmware-differs", values | {"n": len(other), "files": _some(other)})


def _micropython(found: Report, wanted: Expected) -> Finding:
    recorded = wanted.record.board.micropython if wanted.record is not None and wanted.record.board else None
    expected = (recorded or "?").removeprefix("v")
    values = {"found": found.micropython, "expected": expected, "point": wanted.point}
    # The record may name a preview (1.29.0-preview.12.g...); the board tells three numbers.
    if recorded and expected.partition("-")[0] != found.micropython:
        return Finding(Level.WARNING, "verify.micropython-other", values)
    return Finding(Level.FINE, "verify.micropython-fine", values)


def _config(found: Report, wanted: Expected) -> Finding:
    other = [
        key for key, value in sorted(wanted.config.items()) if key not in _ADDED and found.config.get(key) != value
    ]
    ours = wanted.config["broker"]
    theirs = found.config.get("broker", {})
    other += [f"broker.{k}" for k, v in sorted(ours.items()) if k not in ("host", "tls") and theirs.get(k) != v]
    values = {
        "keys": ", ".join(other),
        "version": found.config.get("version", "?"),
        "point": wanted.point,
        "site": wanted.site,
    }
    return Finding(*((Level.WARNING, "verify.config-other") if other else _fine("verify.config-fine")), values)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(text: str) -> str:
    digits = text.replace(":", "").lower()
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _some(names: list[str], most: int = 4) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" (+{more})" if more > 0 else "")
