"""Versions of desired configurations: they rise when something changes, and stay when nothing does."""

from pathlib import Path

import pytest

from paraat.fleet import desired
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import load_site
from paraat_wire import codec, host_codec

WANTED = {"point": "nsp-0101", "interval_s": 60}


@pytest.mark.parametrize(
    ("last", "state", "version"),
    [
        (None, {}, 2),
        (None, {"config": 1}, 2),  # what `make flash` wrote
        ({**WANTED, "version": 4}, {}, 4),
        ({**WANTED, "version": 4}, {"config": 4}, 4),
        ({**WANTED, "version": 4}, {"config": 3}, 4),  # the board has not taken it yet
        ({**WANTED, "version": 4}, {"config": 7}, 8),  # our own memory was lost, or the board was flashed anew
        ({**WANTED, "version": 4, "interval_s": 30}, {"config": 4}, 5),
        ({**WANTED, "version": 4, "interval_s": 30}, {"config": 3, "config_refused": 6}, 7),
        ({**WANTED, "version": 4}, {"config": 3, "config_refused": 4}, 4),  # it failed: only `--again` tries it anew
        # Believed, a stolen board could use up all versions of its point.
        ({**WANTED, "version": 4}, {"config": 1_000_000_000}, 4),
        ({**WANTED, "version": 4}, {"config": 4, "config_refused": 2**60}, 4),
        (None, {"config": 999_999_998}, 2),
    ],
)
def test_the_version(last: dict[str, object] | None, state: dict[str, object], version: int) -> None:
    assert desired.choose(WANTED, last, state) == {**WANTED, "version": version}


def test_again_gives_a_new_version_to_what_was_refused() -> None:
    chosen = desired.choose(WANTED, {**WANTED, "version": 4}, {"config": 3, "config_refused": 4}, again=True)
    assert chosen["version"] == 5


def test_what_was_published_is_kept_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "desired" / "nsp-0101.json"
    assert desired.read(path) is None
    desired.save(path, {**WANTED, "version": 3})
    assert desired.read(path) == {**WANTED, "version": 3}
    path.write_text("{")
    with pytest.raises(SettingsError, match="delete it to begin anew"):
        desired.read(path)


def test_every_point_of_the_example_fits_into_a_boards_buffer_and_names_no_secret_or_tls() -> None:
    site = load_site(paths.example_site_dir())
    for point in site.points:
        config = desired.choose(desired.content(site, point), None, {})
        assert len(host_codec.encode_config(config)) < codec.MAX_BOARD_BYTES
        assert not {"built", "journal"} & set(config)
        assert "tls" not in config["broker"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"online": True, "config": 4}, ""),
        ({"online": True, "config": 3}, None),
        ({"online": True, "config": 4, "config_trial": True}, None),
        ({"online": False, "config": 4}, None),  # the will: it may be on trial, or gone
        ({"online": True, "config": 3, "config_refused": 4, "config_error": "version 4: no"}, "version 4: no"),
        ({"online": True, "config": 3, "config_refused": 2, "config_error": "version 2: no"}, None),
    ],
)
def test_what_a_state_says_about_version_4(state: dict[str, object], expected: str | None) -> None:
    assert desired.outcome(4, state) == expected
