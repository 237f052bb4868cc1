"""TOML is read alike by the fast reader and by Python's own, which stands in for it where there is none."""

from pathlib import Path

import pytest

from paraat.site import paths, tables
from paraat.site.errors import SettingsError

FILES = sorted(paths.example_site_dir().rglob("*.toml"))


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    """What the fast reader makes of a file, and what Python's own does."""
    assert tables.rtoml is not None
    fast = tables.read_toml(path)
    monkeypatch.setattr(tables, "rtoml", None)
    return fast, tables.read_toml(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_files_of_the_example(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, own = both(path, monkeypatch)
    assert fast == own


def test_what_readers_may_differ_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.toml"
    text = '\ufeffs = """\r\na\r\nb"""\r\nn = 99999999999999999999\r\nx = -inf\r\nd = 2026-11-28\r\nt = 2026-11-28T09:00:00Z\r\n'
    path.write_bytes(text.encode())
    fast, own = both(path, monkeypatch)
    assert fast == own
    assert isinstance(fast, dict)
    assert fast["s"] == "a\nb"


@pytest.mark.parametrize("text", ["a = 1\na = 2", "a = [1,", "[a]\n[a]", "a = 'x"])
def test_a_mistake_is_told_with_its_line_as_python_has_it(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as fast:
        tables.read_toml(path)
    monkeypatch.setattr(tables, "rtoml", None)
    with pytest.raises(SettingsError) as own:
        tables.read_toml(path)
    assert str(fast.value) == str(own.value)


@pytest.mark.parametrize(
    "newer",
    [
        "a = {x = 1,\n y = 2}\n",
        "a = {x = 1,}\n",
        "a = {x = 1 # one\n}\n",
        'a = "\\e"\n',
        'a = "\\x41"\n',
        "a = 07:30\n",
        "a = 2026-11-28 07:30\n",
        "a = 2026-11-28T07:30Z\n",
    ],
)
def test_what_only_toml_1_1_has_is_refused_on_every_machine(tmp_path: Path, newer: str) -> None:
    assert tables.rtoml is not None
    assert tables.rtoml.loads(newer), "it is TOML 1.1"
    path = tmp_path / "nsp-0101.toml"
    path.write_text(newer)
    with pytest.raises(SettingsError, match=r"expected a readable TOML file"):
        tables.read_toml(path)


def test_a_points_file_is_read_by_the_quick_reader() -> None:
    """Thousands of them are read at a start."""
    for path in (paths.example_site_dir() / "points").glob("*.toml"):
        assert not tables.may_be_newer(path.read_text(encoding="utf-8")), path
