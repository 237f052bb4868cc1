"""Catalogues for a test: a copy of the real ones in a folder of its own, where a language can be added."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paraat.texts import catalogue


@contextmanager
def catalogues_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that everything reads its words from while the block runs."""
    for path in catalogue.FOLDER.glob("*.po"):
        shutil.copy(path, folder)
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    catalogue.forget()
    yield folder
    monkeypatch.undo()
    catalogue.forget()
