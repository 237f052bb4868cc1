"""`paraat pki` as an administrator calls it."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paraat.cli.main import main
from paraat.site import files, inventory, paths
from site_broker import PASSPHRASE
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")

PARAAT = str(Path(sys.executable).parent / "paraat")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    shutil.copytree(paths.example_site_dir(), folder / "site")
    (folder / "pass").write_text(PASSPHRASE + "\n")
    (folder / "pass").chmod(0o600)
    assert pki(folder, "init", "--broker-name", "cp.lan") == 0
    return folder


@pytest.fixture
def folder(new: Path, tmp_path: Path) -> Path:
    shutil.copytree(new, tmp_path / "f")
    return tmp_path / "f"


def pki(folder: Path, *words: str) -> int:
    return main(["pki", *words, "--site", str(folder / "site"), "--passphrase-file", str(folder / "pass")])


def test_an_authority_whose_broker_no_board_reaches_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    (tmp_path / "pass").write_text(PASSPHRASE)
    (tmp_path / "pass").chmod(0o600)
    assert pki(tmp_path, "init") == 0
    assert "No board reaches that. Set boards_host" in capsys.readouterr().out
    assert pki(tmp_path, "renew", "broker", "--broker-name", "10.0.0.2", "--broker-name", "127.0.0.1") == 0


def test_init_says_every_key_that_boards_need_to_find_the_broker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    (tmp_path / "pass").write_text(PASSPHRASE)
    (tmp_path / "pass").chmod(0o600)
    assert pki(tmp_path, "init", "--broker-name", "127.0.0.1", "--broker-name", "10.0.0.2") == 0
    assert '  boards_host = "10.0.0.2"\n  port = 8883\n' in capsys.readouterr().out


@pytest.mark.needs("openssl")
def test_from_init_to_a_revoked_board(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pki(folder, "issue", "nsp-0101", "--out", str(folder / "board")) == 0
    files = {path.name: path for path in (folder / "board").iterdir()}
    assert sorted(files) == ["ca.der", "cert.der", "key.der"]
    assert files["key.der"].stat().st_mode & 0o777 == 0o600
    assert pki(folder, "revoke", "nsp-0101", "--reason", "stolen") == 0
    assert pki(folder, "renew", "host") == 0
    assert pki(folder, "renew", "broker", "--broker-name", "10.0.0.2") == 0
    assert pki(folder, "crl", "--out", str(folder / "crl.pem")) == 0
    text = subprocess.run(
        ["openssl", "crl", "-in", folder / "crl.pem", "-noout", "-text"], capture_output=True, text=True
    )
    assert text.stdout.count("Serial Number") == 3
    capsys.readouterr()
    assert main(["pki", "list", "--site", str(folder / "site")]) == 0
    said = capsys.readouterr().out
    assert "stolen" in said
    valid = [line.split()[0] for line in said.splitlines() if " valid " in line]
    assert valid == ["Paraat", "paraat-watch", "paraat-desk", "paraat-host", "10.0.0.2"]


@pytest.mark.needs("openssl")
def test_the_ca_verifies_what_it_issued_for_openssl_too(folder: Path) -> None:
    where = folder / "site" / "pki"
    for name, purpose in (
        ("broker.crt", "sslserver"),
        ("host.crt", "sslclient"),
        ("watch.crt", "sslclient"),
        ("desk.crt", "sslclient"),
    ):
        command = [
            "openssl",
            "verify",
            "-x509_strict",
            "-crl_check",
            "-CRLfile",
            where / "crl.pem",
            "-purpose",
            purpose,
        ]
        done = subprocess.run([*command, "-CAfile", where / "ca.crt", where / name], capture_output=True, text=True)
        assert done.returncode == 0, done


def test_a_neighbour_that_we_watch_gets_a_certificate_as_its_host_reads_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = folder / "site" / "site.toml"
    site.write_text(site.read_text() + '\n[watcher]\nneighbours = ["regio-noord"]\n')
    assert pki(folder, "issue", "regio-noord", "--out", str(folder / "theirs")) == 0
    made = {path.name: path for path in (folder / "theirs").iterdir()}
    assert sorted(made) == ["ca.crt", "regio-noord.crt", "regio-noord.key"]
    assert made["regio-noord.key"].stat().st_mode & 0o777 == 0o600
    assert made["regio-noord.crt"].read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "name them in its [watcher.broker]" in capsys.readouterr().out
    assert pki(folder, "issue", "regio-oost", "--out", str(folder / "others")) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("issue", "nsp-9999", "--out", "{out}"), "no point of this id"),
        (("issue", "nsp-0101", "--out", "{site}/board"), "never kept there"),
        (("issue", "nsp-0101", "--out", "{site}/../none/board"), "No such file"),
        (("revoke", "nsp-0101", "--reason", "x"), "paraat pki list"),
        (("init",), "is there already"),
        (("crl", "--out", "{site}/none/crl.pem"), "may this user write there"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    before = inventory.load(folder / "site")
    values = {"out": str(folder / "board"), "site": str(folder / "site")}
    assert pki(folder, *(word.format(**values) for word in words)) != 0
    assert said in capsys.readouterr().err
    assert inventory.load(folder / "site") == before
    assert not (folder / "board").exists()


def test_a_certificate_that_can_be_neither_written_nor_revoked_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        monkeypatch.setattr(inventory, "write_atomic", no_room)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_atomic", no_room)
    assert pki(folder, "issue", "nsp-0101", "--out", str(folder / "board")) == 1
    [left] = inventory.load(folder / "site").of("nsp-0101", "pending")
    assert f"`.venv/bin/paraat pki revoke {left.serial} --reason failed`" in capsys.readouterr().err
    assert not (folder / "board").exists()


def test_a_wrong_passphrase_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pass").write_text("another passphrase, also long")
    assert pki(folder, "revoke", "nsp-0101", "--reason", "x") == 1
    said = capsys.readouterr().err
    assert "passphrase is wrong" in said
    assert "Traceback" not in said
    assert "another passphrase" not in said


def test_asked_at_the_keyboard_it_is_in_no_process_list_and_not_on_the_screen(folder: Path) -> None:
    """Ctrl-C at the question ends it with one line, and nothing is made."""
    shutil.rmtree(folder / "site")
    shutil.copytree(paths.example_site_dir(), folder / "site")
    main_end, child_end = pty.openpty()
    command = [PARAAT, "pki", "init", "--site", str(folder / "site")]
    process = subprocess.Popen(command, stdin=child_end, stdout=child_end, stderr=child_end, start_new_session=True)
    os.close(child_end)
    said = b""

    def asks(words: bytes) -> bool:
        nonlocal said
        said += os.read(main_end, 4096)
        return words in said

    wait_for(lambda: asks(b"Passphrase of the CA:"), "the question")
    os.write(main_end, PASSPHRASE.encode() + b"\n")
    wait_for(lambda: asks(b"Once more:"), "the second question")
    seen = b"".join(path.read_bytes() for path in Path(f"/proc/{process.pid}").glob("cmdline"))
    seen += Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"init" in seen
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT_S) == 130
    os.close(main_end)
    for shown in (seen, said):
        assert PASSPHRASE.encode() not in shown
    assert not (folder / "site" / "pki").exists()


def typed(folder: Path, *answers: str) -> tuple[int, str]:
    """`paraat pki crl` with these typed at its questions: (exit code, what the screen said)."""
    main_end, child_end = pty.openpty()
    command = [PARAAT, "pki", "crl", "--site", str(folder / "site"), "--out", str(folder / "out.pem")]
    said = b""
    with subprocess.Popen(
        command, stdin=child_end, stdout=child_end, stderr=child_end, start_new_session=True
    ) as process:
        os.close(child_end)
        for answer in answers:
            while not said.rstrip().endswith(b":"):
                said += os.read(main_end, 4096)
            os.write(main_end, f"{answer}\n".encode())
            said += b" |"
        while True:
            try:
                said += os.read(main_end, 4096)
            except OSError:
                break
    os.close(main_end)
    return process.returncode, said.decode()


def test_the_passphrase_may_be_mistyped_twice(folder: Path) -> None:
    code, said = typed(folder, "not this one at all", "nor this one either", PASSPHRASE)
    assert code == 0, said
    assert "once more (2 left)" in said
    assert "once more (1 left)" in said
    code, said = typed(folder, *["wrong each time, alas"] * 3)
    assert code == 1
    assert "passphrase is wrong" in said


def test_a_wrong_passphrase_in_a_file_is_no_reason_to_ask(folder: Path) -> None:
    (folder / "pass").write_text("another passphrase, also long")
    assert pki(folder, "crl") == 1


def test_broker_config_writes_what_mosquitto_needs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["broker-config", "--site", str(folder / "site"), "--out", str(folder / "etc")]
    assert main(command) == 0
    written = sorted(path.name for path in (folder / "etc").rglob("*") if path.is_file())
    assert written == ["acl", "broker.crt", "broker.key", "ca.crt", "crl.pem", "mosquitto.conf"]
    shutil.rmtree(folder / "site" / "pki")
    assert main(command) == 1
    assert "docs/pki.md" in capsys.readouterr().err


def test_the_inventory_is_json_that_others_can_read(folder: Path) -> None:
    kinds = [row["kind"] for row in json.loads(inventory.path_of(folder / "site").read_text())["certificates"]]
    assert kinds == ["authority", "broker", "host", "watch", "desk"]
