"""Each fault that a technician meets, made one at a time; the doctor must find that one, and say what to do."""

import io
import os
import pty
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from paraat import texts
from paraat.boards.boards import load_board
from paraat.cli.main import main
from paraat.provision.doctor import checks, doctor, reach
from paraat.provision.doctor.checks import Level, Machine
from paraat.provision.pki import certificates
from paraat.provision.usb import console_faults, usb
from paraat.provision.usb.chip import Found
from paraat.site import copies, inventory, paths
from virtual_board import micropython
from waiting import LIMIT_S

NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
CP210X = ("10c4", "ea60")
CH340 = ("1a86", "7523")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plug(root: Path, place: str = "1-1", ids: tuple[str, str] = CP210X, tty: str | None = "ttyUSB0") -> Path:
    """A bridge in a made-up sysfs, as the kernel would show it."""
    folder = root / "sys/bus/usb/devices" / place
    write(folder / "idVendor", ids[0] + "\n")
    write(folder / "idProduct", ids[1] + "\n")
    if tty is not None:
        (folder / f"{place}:1.0" / tty).mkdir(parents=True)
        write(root / "dev" / tty, "")
    return folder


TLS = """boards_host = "mqtt.example.nl"
ca_file = "pki/ca.crt"
cert_file = "pki/host.crt"
key_file = "pki/host.key"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in order, with its authority."""
    folder = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), folder)
    toml = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(
        toml.replace("[broker]\n", f"[broker]\n{TLS}").replace("port = 1883", "port = 8883")
    )
    made = certificates.make_authority("Voorbeeld", NOW - timedelta(days=30))
    (folder / "pki").mkdir()
    (folder / "pki/ca.crt").write_bytes(made.certificate_pem())
    (folder / "pki/ca.key").write_bytes(made.key_encrypted_pem(b"een lange zin als wachtwoord"))
    (folder / "pki/ca.key").chmod(0o600)
    write(folder / "secrets.toml", '[wifi]\nssid = "paraat"\npassword = "a password"\n')
    (folder / "secrets.toml").chmod(0o600)
    (folder / "firmware").mkdir()
    (folder / "firmware/ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin").write_bytes(
        micropython(load_board("esp32_devkitc_ve"))
    )
    record(folder)
    return folder


def record(site: Path, *records: inventory.Record) -> None:
    inventory.save(site, inventory.Inventory(certificates=records))


@pytest.fixture
def machine(tmp_path: Path, site: Path) -> Machine:
    """A laptop on which nothing is wrong, with nothing attached."""
    (tmp_path / "root/sys/bus/usb/devices").mkdir(parents=True)
    return Machine(
        now=NOW,
        site_dir=site,
        root=tmp_path / "root",
        user="jan",
        written_at=NOW - timedelta(days=3),
        time_at=lambda host: NOW.timestamp() + 0.4,
        broker=lambda host, port, ca: reach.Reached("fine"),
        free_bytes=lambda path: 10**10,
        has_package=lambda name: True,
        python=(3, 11, 2),
    )


def found(machine: Machine) -> dict[str, Level]:
    """Code of each finding -> how bad. Every finding must have its words in both languages."""
    rows = list(doctor.examine(machine))
    for language in texts.languages():
        for _, finding in rows:
            words, step = texts.row(finding.code, finding.values, language)
            assert words
            assert step or finding.level is Level.FINE, finding.code
    return {row.finding.code: row.finding.level for row in rows}


def wrong(machine: Machine) -> set[str]:
    return {code for code, level in found(machine).items() if level >= Level.WARNING}


def test_a_laptop_in_order_with_nothing_attached_says_so(machine: Machine) -> None:
    assert wrong(machine) == set()
    assert found(machine)["usb.nothing"] is Level.NOTE
    assert show(machine, "nl")[0] == 0
    assert "Er is geen bord aangesloten" in show(machine, "nl")[1]
    assert "No board is attached" in show(machine, "en")[1]


def show(machine: Machine, language: str) -> tuple[int, str]:
    out = io.StringIO()
    code = doctor.show(list(doctor.examine(machine)), Console(file=out, width=200), language)
    return code, out.getvalue()


def test_something_wrong_is_exit_code_1_and_the_next_step_is_beside_it(machine: Machine) -> None:
    code, table = show(replace(machine, free_bytes=lambda path: 5_000_000), "nl")
    assert code == 1
    assert "Nog maar 5 MB vrij" in table
    assert "er is 200 MB nodig" in table
    assert "X fout" in table


LAPTOP_FAULTS: list[tuple[str, Callable[[Machine], Machine]]] = [
    ("python.old", lambda m: replace(m, python=(3, 9, 2))),
    ("python.packages", lambda m: replace(m, has_package=lambda name: name != "esptool")),
    ("site.missing", lambda m: replace(m, site_dir=m.site_dir / "elsewhere", time_at=lambda host: None)),
    ("site.unknown-point", lambda m: replace(m, point="nsp-9999")),
    ("clock.before-software", lambda m: replace(m, now=NOW - timedelta(days=4))),
    ("clock.ahead", lambda m: replace(m, time_at=lambda host: NOW.timestamp() - 3600)),
    ("clock.behind", lambda m: replace(m, time_at=lambda host: NOW.timestamp() + 61)),
    ("usb.no-port", lambda m: replace(m, port="/dev/ttyUSB9")),
]


@pytest.mark.parametrize(("code", "fault"), LAPTOP_FAULTS, ids=[code for code, _ in LAPTOP_FAULTS])
def test_faults_of_the_laptop(machine: Machine, code: str, fault: Callable[[Machine], Machine]) -> None:
    assert code in wrong(fault(machine))


def test_a_clock_before_the_authority_and_one_that_nobody_compares(machine: Machine) -> None:
    early = replace(machine, now=NOW - timedelta(days=40), written_at=NOW - timedelta(days=400))
    assert "clock.before-authority" in wrong(early)
    assert found(replace(machine, time_at=lambda host: None))["clock.not-compared"] is Level.UNKNOWN


def test_a_wrong_site_file_is_named(machine: Machine) -> None:
    (machine.site_dir / "site.toml").write_text("[site]\n")
    assert {"site.wrong"} == wrong(machine)


@pytest.mark.parametrize("name", ["pki/ca.key", "secrets.toml"])
def test_secret_files_that_others_can_read(machine: Machine, name: str) -> None:
    write(machine.site_dir / name, "-----BEGIN ENCRYPTED PRIVATE KEY-----")
    (machine.site_dir / name).chmod(0o640)
    assert wrong(machine) == {"secrets.mode"}
    assert f"chmod 600 {machine.site_dir / name}" in show(machine, "nl")[1]


def test_what_a_flash_takes_is_missed_before_the_day(machine: Machine) -> None:
    assert found(machine)["flashing.fine"] is Level.FINE
    (machine.site_dir / "firmware/ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin").unlink()
    (machine.site_dir / "secrets.toml").unlink()
    assert wrong(machine) == {"flashing.image", "flashing.wifi"}
    assert "ESP32_GENERIC-SPIRAM-*.bin" in show(machine, "nl")[1]
    (machine.site_dir / "pki/ca.key").unlink()
    assert wrong(machine) == set(), "who cannot flash misses nothing"


def test_what_is_there_is_named_with_its_variant(machine: Machine) -> None:
    assert "MicroPython (ESP32_GENERIC-SPIRAM) and Wi-Fi" in show(machine, "en")[1]
    move(machine.site_dir, "esp32_s3_devkitc_r8")
    shown = show(replace(machine, point="nsp-0101"), "nl")[1]
    assert "zet ESP32_GENERIC_S3-SPIRAM_OCT-*.bin van micropython.org" in shown


def move(site: Path, kind: str) -> None:
    toml = site / "points/nsp-0101.toml"
    toml.write_text(toml.read_text().replace("esp32_devkitc_ve", kind))


def test_the_wrong_variant_under_the_right_name_is_found_before_the_day(machine: Machine) -> None:
    meant = replace(machine, point="nsp-0101")
    file = machine.site_dir / "firmware/ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin"
    file.write_bytes(micropython(load_board("esp32_devkitc")))
    assert wrong(meant) == {"flashing.wrong-image"}
    assert f"Take that file out of {machine.site_dir}/firmware" in show(meant, "en")[1]
    file.write_bytes(micropython(load_board("esp32_devkitc_ve")))
    assert wrong(meant) == set()


def test_a_board_with_too_little_memory_is_named_with_its_points_and_one_that_has_it(machine: Machine) -> None:
    move(machine.site_dir, "esp32_devkitc")
    image = machine.site_dir / "firmware/ESP32_GENERIC-20260101-v1.28.0.bin"
    image.write_bytes(micropython(load_board("esp32_devkitc")))
    meant = replace(machine, point="nsp-0101")
    assert wrong(meant) == {"flashing.memory"}
    code, shown = show(meant, "en")
    assert code == 1
    assert "It is about: nsp-0101" in shown
    [finding] = [f for f in checks.flashing(meant) if f.code == "flashing.memory"]
    assert "Take esp32_devkitc_ve" in texts.row(finding.code, finding.values, "en")[0]
    assert found(replace(meant, anyway=True))["flashing.memory"] is Level.WARNING
    assert wrong(replace(machine, point="nsp-0102")) == set()


def test_a_board_on_ethernet_takes_no_wifi(machine: Machine) -> None:
    (machine.site_dir / "secrets.toml").unlink()
    toml = machine.site_dir / "points/nsp-0101.toml"
    toml.write_text(toml.read_text().replace("esp32_devkitc_ve", "olimex_esp32_poe_iso_wrover"))
    assert wrong(replace(machine, point="nsp-0101")) == set(), "it has the same build as the others"
    assert "flashing.wifi" in wrong(replace(machine, point="nsp-0102"))


def test_the_authority(machine: Machine) -> None:
    path = machine.site_dir / "pki/ca.crt"
    long_after = replace(machine, now=NOW + timedelta(days=certificates.AUTHORITY_DAYS), time_at=lambda host: None)
    assert "authority.expired" in wrong(long_after)
    assert "authority.expires" in wrong(replace(long_after, now=long_after.now - timedelta(days=60)))
    path.write_text("no certificate")
    assert "authority.unreadable" in wrong(machine)
    path.unlink()
    assert "authority.missing" in wrong(machine)


def test_the_authoritys_key(machine: Machine) -> None:
    key = machine.site_dir / "pki/ca.key"
    key.write_text("-----BEGIN PRIVATE KEY-----\n")
    assert wrong(machine) == {"authority.open-key"}
    key.unlink()
    assert wrong(machine) == set()
    assert found(machine)["authority.no-key"] is Level.NOTE


def certificate(cn: str, kind: inventory.Kind, days_left: float) -> inventory.Record:
    return inventory.Record(
        serial=f"{abs(hash(cn)):X}",
        cn=cn,
        kind=kind,
        state="valid",
        not_before=NOW - timedelta(days=100),
        not_after=NOW + timedelta(days=days_left),
    )


@pytest.mark.parametrize(
    ("cn", "kind", "days_left", "code"),
    [
        ("nsp-0101", "board", -1, "certificates.board-expired"),
        ("nsp-0101", "board", 59, "certificates.board-expires"),
        ("mqtt.example.nl", "broker", -1, "certificates.expired"),
        ("paraat-host", "host", 10, "certificates.expires"),
    ],
)
def test_certificates_that_end(machine: Machine, cn: str, kind: inventory.Kind, days_left: float, code: str) -> None:
    record(machine.site_dir, certificate(cn, kind, days_left), certificate("nsp-0102", "board", 400))
    assert wrong(machine) == {code}
    assert cn in show(machine, "en")[1]


@pytest.mark.parametrize(
    ("cn", "kind", "code", "step"),
    [
        ("nsp-0101", "board", "certificates.board-pending", "pki revoke {serial} "),
        ("paraat-host", "host", "certificates.pending", "pki renew host "),
    ],
)
def test_a_certificate_that_was_left_pending(
    machine: Machine, cn: str, kind: inventory.Kind, code: str, step: str
) -> None:
    made = msgspec.structs.replace(certificate(cn, kind, 400), state="pending", not_before=NOW - certificates.BACKDATED)
    record(machine.site_dir, made)
    assert wrong(machine) == set(), "a flash may be going on"
    record(
        machine.site_dir, msgspec.structs.replace(made, not_before=NOW - certificates.BACKDATED - timedelta(minutes=61))
    )
    assert wrong(machine) == {code}
    assert step.format(serial=made.serial) in show(machine, "en")[1]


def test_a_broken_inventory_is_not_an_empty_one(machine: Machine) -> None:
    inventory.path_of(machine.site_dir).write_text("{")
    assert wrong(machine) == {"certificates.inventory"}


# USB


def test_a_board_that_is_free(machine: Machine) -> None:
    plug(machine.root)
    assert found(machine)["usb.fine"] is Level.FINE
    assert wrong(machine) == set()


@pytest.mark.parametrize(("ids", "code"), [(CP210X, "usb.no-driver"), (CH340, "usb.no-driver-ch34")])
def test_a_board_without_a_driver(machine: Machine, ids: tuple[str, str], code: str) -> None:
    plug(machine.root, ids=ids, tty=None)
    assert wrong(machine) == {code}
    assert "sudo modprobe" in show(machine, "nl")[1]


def test_no_permission_and_permission_that_needs_a_new_login(machine: Machine) -> None:
    plug(machine.root)
    forbidden = replace(machine, may_use=lambda device: False)
    assert wrong(forbidden) == {"usb.permission"}
    assert "sudo usermod -aG dialout jan" in show(forbidden, "nl")[1]
    write(machine.root / "etc/group", "root:x:0:\ndialout:x:20:piet,jan\n")
    assert wrong(forbidden) == {"usb.log-in-again"}


@pytest.mark.parametrize(("program", "code"), [("minicom", "usb.busy"), ("ModemManager", "usb.modem-manager")])
def test_a_port_that_somebody_has(machine: Machine, program: str, code: str) -> None:
    plug(machine.root)
    write(machine.root / "proc/4711/comm", program + "\n")
    (machine.root / "proc/4711/fd").mkdir()
    (machine.root / "proc/4711/fd/3").symlink_to("/dev/ttyUSB0")
    assert wrong(machine) == {code}
    assert "4711" in show(machine, "en")[1]


def test_the_very_process_that_has_a_device_open_is_found(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    with device.open() as held, subprocess.Popen(["sleep", "60"], stdin=held) as child:
        assert usb.Holder(child.pid, "sleep") in usb.holders(Path("/"), str(device))
        child.kill()


def test_a_lock_left_behind(machine: Machine) -> None:
    plug(machine.root)
    write(machine.root / "run/lock/LCK..ttyUSB0", "1234\n")
    assert wrong(machine) == {"usb.locked"}


def test_a_hub_without_its_own_supply(machine: Machine) -> None:
    hub = plug(machine.root, "1-1.4").with_name("1-1")
    write(hub / "bmAttributes", "e0\n")
    assert wrong(machine) == set()
    write(hub / "bmAttributes", "a0\n")
    assert wrong(machine) == {"usb.hub"}


@pytest.mark.parametrize(
    ("place", "counter"), [("1-1", "1-0:1.0/usb1-port1"), ("1-1.4", "1-1:1.0/1-1-port4")], ids=["root hub", "hub"]
)
def test_a_socket_that_was_switched_off(machine: Machine, place: str, counter: str) -> None:
    plug(machine.root, place)
    path = machine.root / "sys/bus/usb/devices" / counter / "over_current_count"
    write(path, "0\n")
    assert wrong(machine) == set()
    write(path, "2\n")
    assert wrong(machine) == {"usb.over-current"}


def test_a_named_port_with_an_unknown_bridge_is_looked_at_all_the_same(machine: Machine) -> None:
    write(machine.root / "dev/ttyS4", "")
    named = replace(machine, port="/dev/ttyS4")
    assert found(named)["usb.fine"] is Level.FINE
    assert wrong(replace(named, may_use=lambda device: False)) == {"usb.permission"}


def test_a_file_that_may_not_be_read_does_not_stop_the_other_checks(machine: Machine) -> None:
    def denied(path: Path) -> int:
        raise PermissionError(13, "Permission denied", "/srv/paraat")

    assert wrong(replace(machine, free_bytes=denied)) == {"doctor.unreadable"}


def test_the_command_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--site", str(tmp_path / "site"), "--language", "en"]) == 1
    assert "is not there" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_a_port_that_is_none_is_not_said_to_be_busy(machine: Machine) -> None:
    write(machine.root / "dev/null", "")
    found_there = found(replace(machine, port="/dev/null", is_serial=usb.is_serial))
    assert found_there["usb.no-serial"] is Level.WRONG
    assert "usb.busy" not in found_there
    ours, theirs = pty.openpty()
    assert usb.is_serial(os.ttyname(theirs))
    assert usb.is_serial("socket://127.0.0.1:9000")
    for end in (ours, theirs):
        os.close(end)


@pytest.mark.parametrize(("days", "code"), [(2, "copy.fine"), (8, "copy.old")])
def test_a_copy_says_how_old_it_is(machine: Machine, days: int, code: str) -> None:
    assert "copy.fine" not in found(machine)
    copies.hand_out(machine.site_dir, {}, NOW - timedelta(days=days), "abc")
    assert code in found(machine)
    assert wrong(machine) == ({code} if code == "copy.old" else set())


def test_no_usb_at_all_is_said(machine: Machine) -> None:
    assert found(replace(machine, root=machine.root / "none"))["usb.none"] is Level.UNKNOWN


def test_the_wrong_chip_for_the_point(machine: Machine) -> None:
    plug(machine.root)
    meant = replace(machine, point="nsp-0101", chip_of=lambda port: Found("esp32"))
    assert found(meant)["usb.chip-fine"] is Level.FINE
    assert wrong(replace(meant, chip_of=lambda port: Found("esp32s3", 8))) == {"usb.wrong-chip"}


def test_an_s3_without_the_psram_of_the_points_board(machine: Machine) -> None:
    plug(machine.root)
    move(machine.site_dir, "esp32_s3_devkitc_r8")
    board = load_board("esp32_s3_devkitc_r8")
    (machine.site_dir / f"firmware/{board.firmware.image}-20260101-v1.28.0.bin").write_bytes(micropython(board))
    meant = replace(machine, point="nsp-0101", chip_of=lambda port: Found("esp32s3", 2))
    assert wrong(meant) == {"usb.little-psram"}
    assert "has 2 MB of PSRAM, but the esp32_s3_devkitc_r8" in " ".join(show(meant, "en")[1].replace("│", " ").split())
    assert found(replace(meant, chip_of=lambda port: Found("esp32s3", 8)))["usb.chip-fine"] is Level.FINE


def test_a_chip_that_does_not_answer(machine: Machine) -> None:
    def silent(port: str) -> Found:
        raise OSError("No serial data received.")

    plug(machine.root)
    assert wrong(replace(machine, point="nsp-0101", chip_of=silent)) == {"usb.no-answer"}


def test_no_board_is_restarted_unless_it_is_meant(machine: Machine) -> None:
    def never(port: str) -> str:
        raise AssertionError(port)

    def never_asked(port: str) -> Found:
        raise AssertionError(port)

    plug(machine.root)
    plug(machine.root, "1-2", CH340, "ttyUSB1")
    assert wrong(replace(machine, point="nsp-0101", chip_of=never_asked, listen=never)) == set()


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("\r\nBrownout detector was triggered\r\n\r\nets Jul 29 2019 12:21:46\r\n", "brownout"),
        ("rst:0x10 (RTCWDT_RTC_RESET),boot:0x13\r\ninvalid header: 0xffffffff\r\n", "empty"),
        ("rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n", "download"),
        ("Guru Meditation Error: Core  1 panic'ed (LoadProhibited).", "crash"),
        ("rst:0x10 (RTCWDT_RTC_RESET),boot:0x13", "watchdog"),
        ("MemoryError: memory allocation failed, allocating 4096 bytes", "memory"),
        ("W uplink broker 192.0.2.7:8883: not enough memory on the chip: restart the board", "memory"),
    ],
)
def test_what_the_console_says(machine: Machine, said: str, fault: str) -> None:
    assert console_faults.find(said) == [fault]
    plug(machine.root)
    assert wrong(replace(machine, port="/dev/ttyUSB0", listen=lambda port: said)) == {f"console.{fault}"}


def test_a_console_that_is_silent_and_one_that_is_well(machine: Machine) -> None:
    plug(machine.root)
    meant = replace(machine, port="/dev/ttyUSB0")
    assert wrong(replace(meant, listen=lambda port: "")) == {"console.silent"}
    assert found(replace(meant, listen=lambda port: "I link up"))["console.fine"] is Level.FINE


# The broker, against real sockets


@contextmanager
def server(issued: certificates.Issued | None, folder: Path) -> Iterator[int]:
    """A TLS server on loopback with this certificate; without one a server that speaks something else."""
    context = None
    if issued is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pem = folder / "server.pem"
        pem.write_bytes(issued.key_pem() + issued.certificate_pem())
        context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                taken, _ = listening.accept()
                with taken:
                    if context is None:
                        taken.sendall(b"\x20\x02\x00\x00")
                        taken.recv(1024)
                    else:
                        with context.wrap_socket(taken, server_side=True) as secure:
                            secure.recv(1)
            except OSError:
                pass  # the client hung up, as it should where the certificate is wrong

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(LIMIT_S)


@pytest.mark.parametrize(
    ("names", "days", "own", "step"),
    [
        (("127.0.0.1",), 100, True, "fine"),
        (("mqtt.example.nl",), 100, True, "wrong-name"),
        (("127.0.0.1",), -1, True, "expired"),
        (("127.0.0.1",), 100, False, "authority"),
    ],
)
def test_the_brokers_certificate(tmp_path: Path, names: tuple[str, ...], days: int, own: bool, step: str) -> None:
    # The ssl module looks at the real clock, so these certificates do too.
    now = datetime.now(UTC)
    ours = certificates.make_authority("ours", now)
    theirs = certificates.make_authority("theirs", now)
    (tmp_path / "ca.crt").write_bytes(ours.certificate_pem())
    made = now - timedelta(days=10) if days < 0 else now
    issued = certificates.issue_broker(ours if own else theirs, names, made, days=5 if days < 0 else days)
    with server(issued, tmp_path) as port:
        assert reach.broker("127.0.0.1", port, tmp_path / "ca.crt").step == step


def test_a_broker_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(certificates.make_authority("ours", NOW).certificate_pem())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: the port refuses
        assert reach.broker("127.0.0.1", taken.getsockname()[1], None).step == "refused"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert reach.broker("127.0.0.1", port, None).step == "fine"
        assert reach.broker("127.0.0.1", port, tmp_path / "ca.crt", limit_s=0.2).step == "silent"
    with server(None, tmp_path) as port:
        assert reach.broker("127.0.0.1", port, tmp_path / "ca.crt").step == "no-tls"
    assert reach.broker("no-such-host.invalid", 8883, None).step == "name"


@pytest.mark.parametrize("step", ["name", "silent", "refused", "network"])
def test_in_a_hall_without_its_network_nothing_is_wrong(
    machine: Machine, step: reach.Step, capsys: pytest.CaptureFixture[str]
) -> None:
    in_a_hall = replace(machine, broker=lambda host, port, ca: reach.Reached(step, "why"), time_at=lambda host: None)
    assert found(in_a_hall)[f"broker.{step}"] is Level.UNKNOWN
    assert wrong(in_a_hall) == set()
    assert doctor.show(doctor.examine(in_a_hall), Console(width=120), "nl") == 0
    said = capsys.readouterr().out
    assert "? niet te controleren" in said
    assert "Niets mis" in said
    assert "Hier niet te controleren: 2." in said


@pytest.mark.parametrize("step", ["no-tls", "authority", "expired", "wrong-name", "tls"])
def test_every_step_of_the_way_to_the_broker_has_its_words(machine: Machine, step: reach.Step) -> None:
    assert wrong(replace(machine, broker=lambda host, port, ca: reach.Reached(step, "why"))) == {f"broker.{step}"}


def test_the_time_server_is_asked_and_one_without_the_time_is_not_believed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as serving:
        serving.bind(("127.0.0.1", 0))

        def answer(stratum: int) -> None:
            question, client = serving.recvfrom(128)
            assert question[0] & 7 == 3
            seconds = int(NOW.timestamp()) + 2208988800
            serving.sendto(bytes((0x24, stratum)) + bytes(38) + struct.pack("!II", seconds, 1 << 31), client)

        for stratum, expected in ((2, NOW.timestamp() + 0.5), (16, None)):
            thread = threading.Thread(target=answer, args=(stratum,))
            thread.start()
            assert reach.time_at("127.0.0.1", serving.getsockname()[1], limit_s=LIMIT_S) == expected
            thread.join()


def test_a_broker_that_the_boards_would_look_for_in_themselves(machine: Machine) -> None:
    toml = machine.site_dir / "site.toml"
    toml.write_text(toml.read_text().replace("mqtt.example.nl", "127.0.0.1"))
    assert wrong(machine) == {"outlook.loopback"}


def test_a_site_that_was_not_set_for_tls_is_to_blame_and_not_the_broker(machine: Machine) -> None:
    toml = machine.site_dir / "site.toml"
    toml.write_text(toml.read_text().replace(TLS, 'boards_host = "mqtt.example.nl"\n'))
    unasked = replace(machine, broker=lambda *_: pytest.fail("the broker has no part in it"))
    assert wrong(unasked) == {"outlook.plain"}
    [finding] = checks.broker(unasked)
    assert "site.toml: port = 8883, ca_file" in texts.row(finding.code, finding.values, "en")[1]


def test_every_check_is_in_the_table() -> None:
    for name in checks.CHECKS:
        assert texts.say(f"check.{name}", "nl")


def test_this_machine_can_be_examined(tmp_path: Path) -> None:
    here = doctor.this_machine(tmp_path / "site", point=None, port=None, now=datetime.now(UTC))
    assert "site.missing" in found(here)
    assert msgspec.json.encode([row.finding.code for row in doctor.examine(here)])
