"""The pseudo-language, for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.texts.brackets import LANGUAGE, NEVER_WORDS, in_brackets
from host.texts.catalogues import catalogues_in
from paraat.texts import extract
from paraat.texts.catalogue import FOLDER


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of catalogues, with the pseudo-language in it, which PARAAT_LANGUAGE asks for: read once for all."""
    folder = tmp_path_factory.mktemp("texts")
    catalog = extract.read(FOLDER / "nl.po")
    english = extract.entries(extract.read(FOLDER / "en.po"))
    for at, found in extract.entries(catalog).items():
        original = english[at].string if at in english else found.id
        texts = (original,) if isinstance(original, str) else tuple(original)
        said = texts if at[0] in NEVER_WORDS else tuple(in_brackets(text) for text in texts)
        found.string = said[0] if isinstance(found.id, str) else said
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "1000")
        patch.setenv("PARAAT_LANGUAGE", LANGUAGE)
        with catalogues_in(folder, patch):
            catalog.locale = LANGUAGE
            (folder / f"{LANGUAGE}.po").write_text(extract.written(catalog), encoding="utf-8")
            yield folder
