"""The files behind the host's TLS: which is wrong is said with its key, and a change is seen whichever of them changed."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from paraat.intake.tls import TlsFiles
from paraat.provision.pki import certificates
from paraat.site.errors import SettingsError
from site_broker import TLS, make_site

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls") / "site"
    make_site(folder, datetime.now(UTC))
    return folder


@pytest.fixture
def site(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "site"))


def no_pem(name: str) -> Spoil:
    def spoil(pki_dir: Path) -> None:
        (pki_dir / name).write_text("nothing of the kind\n")

    return spoil


def gone(name: str) -> Spoil:
    return lambda pki_dir: pki_dir.joinpath(name).unlink()


def of_somebody_else(pki_dir: Path) -> None:
    now = datetime.now(UTC)
    other = certificates.issue_client(certificates.make_authority("Elders", now), "paraat-host", now)
    (pki_dir / "host.key").write_bytes(other.key_pem())


def with_a_passphrase(pki_dir: Path) -> None:
    now = datetime.now(UTC)
    own = certificates.issue_client(certificates.make_authority("Elders", now), "paraat-host", now)
    (pki_dir / "host.crt").write_bytes(own.certificate_pem())
    locked = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"asked for nobody"))
    (pki_dir / "host.key").write_bytes(locked)


def for_everybody(pki_dir: Path) -> None:
    (pki_dir / "host.key").chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "file", "key"),
    [
        (no_pem("ca.crt"), "ca.crt", "broker.ca_file"),
        (gone("ca.crt"), "ca.crt", "broker.ca_file"),
        (no_pem("host.crt"), "host.crt", "broker.cert_file"),
        (gone("host.key"), "host.crt", "broker.cert_file"),
        (of_somebody_else, "host.crt", "broker.cert_file"),
        (with_a_passphrase, "host.crt", "broker.cert_file"),
        (for_everybody, "host.key", "broker.key_file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_key(site: Path, spoil: Spoil, file: str, key: str) -> None:
    spoil(site / "pki")
    with pytest.raises(SettingsError) as caught:
        TlsFiles(TLS, site)
    assert (caught.value.path, caught.value.key) == (site / "pki" / file, key)
    assert caught.value.found
    assert caught.value.expected
    if key != "broker.key_file":
        wanted = {
            "broker.ca_file": "a PEM file",
            "broker.cert_file": "a PEM certificate, and its key in broker.key_file",
        }
        assert str(caught.value.expected) == wanted[key]


def test_a_missing_file_is_said_in_words_and_not_with_a_number(site: Path) -> None:
    (site / "pki" / "ca.crt").unlink()
    with pytest.raises(SettingsError) as caught:
        TlsFiles(TLS, site)
    assert str(caught.value.found) == "No such file or directory"


def touch(path: Path) -> None:
    """As a renewal does: another file under that name."""
    other = path.with_suffix(".new")
    shutil.copyfile(path, other)
    other.chmod(path.stat().st_mode)
    os.utime(other, ns=(1, 1))
    other.replace(path)


@pytest.mark.parametrize("name", ["ca.crt", "host.crt", "host.key"])
def test_a_change_of_any_file_is_seen_once(site: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = TlsFiles(TLS, site)
    loaded: list[object] = []
    load = files._load
    monkeypatch.setattr(files, "_load", lambda context: (loaded.append(context), load(context))[1])
    files.refresh()
    assert loaded == [], "nothing has changed since it was made"
    touch(site / "pki" / name)
    files.refresh()
    assert loaded[-1] is files.context
    taken = len(loaded)
    files.refresh()
    assert len(loaded) == taken


def test_a_file_that_is_away_for_a_moment_hides_no_change_of_another(site: Path) -> None:
    files = TlsFiles(TLS, site)
    (site / "pki" / "host.crt").rename(site / "pki" / "away")
    with pytest.raises(SettingsError):
        files.refresh()
    files.refresh()  # said once
    of_somebody_else(site / "pki")
    with pytest.raises(SettingsError):
        files.refresh()
    (site / "pki" / "away").rename(site / "pki" / "host.crt")


def test_an_authority_alone_is_enough_where_the_broker_asks_for_a_password(site: Path) -> None:
    alone = msgspec.structs.replace(TLS, cert_file=None, key_file=None)
    assert TlsFiles(alone, site).context.get_ca_certs()
