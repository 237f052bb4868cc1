"""The site's own key: made once, for its owner only, and nothing else is taken for one."""

from pathlib import Path

import pytest

from paraat.site.errors import SettingsError
from paraat.site.private import OWN_KEY, derived, own_key


def test_it_is_made_at_its_first_use_and_stays(tmp_path: Path) -> None:
    key = own_key(tmp_path)
    assert len(key) == 32
    assert own_key(tmp_path) == key
    assert (tmp_path / OWN_KEY).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [OWN_KEY]


def test_two_sites_and_two_purposes_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert own_key(tmp_path / "a") != own_key(tmp_path / "b")
    assert derived(b"k", "link") != derived(b"k", "sms code")


def test_one_that_others_may_read_or_that_is_no_key_is_refused(tmp_path: Path) -> None:
    key = own_key(tmp_path)
    (tmp_path / OWN_KEY).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        own_key(tmp_path)
    (tmp_path / OWN_KEY).chmod(0o600)
    for wrong in ("", "hello", "ab" * 8):
        (tmp_path / OWN_KEY).write_text(wrong)
        with pytest.raises(SettingsError) as caught:
            own_key(tmp_path)
        assert key.hex() not in str(caught.value)


def test_where_it_cannot_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be made"):
        own_key(tmp_path / "file")
