import io
import logging
import traceback
from pathlib import Path

import pytest

from paraat.provision.pki import passphrase
from paraat.provision.pki.passphrase import PassphraseError
from paraat.site import secrets
from paraat.site.errors import SettingsError

HIDDEN = "zeer-geheim-wachtwoord"
WIFI = f'[wifi]\nssid = "paraat"\npassword = "{HIDDEN}"\n'


def site(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "secrets.toml"
    path.write_text(text)
    path.chmod(mode)
    return directory


def test_the_sites_wifi_is_every_points(tmp_path: Path) -> None:
    assert secrets.board_secrets(site(tmp_path, WIFI), "nsp-0101") == {"wifi": {"ssid": "paraat", "password": HIDDEN}}


def test_a_point_has_its_own_password(tmp_path: Path) -> None:
    site(tmp_path, WIFI + '[points.nsp-0102.wifi]\npassword = "a-key-of-its-own"\n')
    assert secrets.board_secrets(tmp_path, "nsp-0102")["wifi"] == {"ssid": "paraat", "password": "a-key-of-its-own"}
    assert secrets.board_secrets(tmp_path, "nsp-0101")["wifi"]["password"] == HIDDEN


def test_an_open_network_of_a_point_does_not_get_the_sites_password(tmp_path: Path) -> None:
    site(tmp_path, WIFI + '[points.nsp-0102.wifi]\nssid = "gasten"\n')
    assert secrets.board_secrets(tmp_path, "nsp-0102") == {"wifi": {"ssid": "gasten"}}


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (WIFI, 0o640, "chmod 600"),
        (WIFI.replace("ssid =", "sid ="), 0o600, "wifi.sid"),
        (f'[wifi]\npassword = "{HIDDEN}"\n', 0o600, "wifi.ssid"),
        (f'[wifi]\nssid = "paraat"\npassword = "{HIDDEN * 4}"\n', 0o600, "wifi.password"),
        (f'[wifi]\nssid = "paraat"\npassword = ["{HIDDEN}"]\n', 0o600, "wifi.password"),
        (f'[wifi]\nssid = "paraat"\npassword = {HIDDEN}\n', 0o600, "at line 3"),
        (f'[wifi]\nssid = "paraat"\npassword = "{HIDDEN}', 0o600, "no TOML"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, mode: int, words: str
) -> None:
    site(tmp_path, text, mode)
    with pytest.raises(SettingsError) as caught:
        secrets.board_secrets(tmp_path, "nsp-0101")
    assert words in str(caught.value)
    assert "secrets.toml" in str(caught.value)
    logging.getLogger().exception("as a program would log it", exc_info=caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert HIDDEN not in shown


def test_no_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"secrets\.toml.*\[wifi\]"):
        secrets.load(tmp_path)


def test_the_secrets_do_not_show_themselves(tmp_path: Path) -> None:
    assert HIDDEN not in repr(secrets.load(site(tmp_path, WIFI)))


# --- the passphrase of the authority ---


def test_the_passphrase_comes_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "pass"
    path.write_text(HIDDEN + "\n")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        passphrase.read(path)
    assert HIDDEN not in str(caught.value)
    path.chmod(0o600)
    assert passphrase.read(path) == HIDDEN


def test_systemd_hands_it_over_as_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / passphrase.CREDENTIAL
    path.write_text(HIDDEN)
    path.chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert passphrase.read(None) == HIDDEN


def test_without_a_terminal_it_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(PassphraseError, match="--passphrase-file"):
        passphrase.read(None)
