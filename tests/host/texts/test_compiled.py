"""A catalogue is compiled once for all commands, and what was compiled is never believed when it is old or torn."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.texts.catalogues import catalogues_in
from paraat.texts import Words, catalogue


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of catalogues of its own."""
    with catalogues_in(tmp_path, monkeypatch) as folder:
        yield folder


def said() -> str:
    catalogue.forget()
    return Words("nl").gettext("show this help message and exit")


def compiled(folder: Path) -> Path:
    [found] = folder.glob("__pycache__/nl.*")
    return found


def test_it_is_made_once_and_read_from_then_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said()
    assert compiled(folder).suffix == ".mo"
    monkeypatch.setattr(catalogue, "_read", None)  # to read the .po again fails
    assert said() == words


@pytest.mark.parametrize("torn", [b"", b"\0" * 4096, None])
def test_one_that_is_torn_is_made_anew(folder: Path, torn: bytes | None) -> None:
    words = said()
    whole = compiled(folder).read_bytes()
    compiled(folder).write_bytes(whole[:-1] if torn is None else torn)
    assert said() == words
    assert compiled(folder).read_bytes() == whole


def test_another_catalogue_counts_at_once_and_leaves_no_old_one(folder: Path) -> None:
    words = said()
    po = folder / "nl.po"
    po.write_text(po.read_text(encoding="utf-8").replace(words, words.upper()), encoding="utf-8")
    assert said() == words.upper()
    assert compiled(folder).exists()


def test_where_nothing_can_be_kept_it_is_said_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "__pycache__").write_bytes(b"a file in the way")
    assert said()
    (folder / "__pycache__").unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert said()
    assert not (folder / "__pycache__").exists()
