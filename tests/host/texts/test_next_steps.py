"""Every next step that a message gives, and what happens when a tired person does just that.

A step names commands, and commands are harmless or not. HARMLESS says why doing it once too often changes nothing that
was right; CAREFUL are those that can end a board's certificate or its memory, and each place that names one is in PLACES, with the
reason why doing just that makes nothing worse. What no message may ever say is in NEVER.
"""

import re
from collections.abc import Iterator

import pytest

from paraat.texts import Words, extract
from paraat.texts.catalogue import FOLDER, languages

HARMLESS = {
    "make doctor": "looks only",
    "make logs": "looks only",
    "make verify": "looks; the board starts again",
    "make help": "looks only",
    "make tools": "installs what is missing",
    "make setup": "installs what is missing",
    "make words": "writes the catalogues anew",
    "make bundle": "a folder of its own; refuses one from which boards were flashed",
    "make bring-back": "joins; done again it changes nothing",
    "make update": "a board takes only newer firmware of its own region, and goes back by itself",
    "make renew": "a board tries its new certificate beside the old one, and goes back by itself",
    "make labels": "writes labels anew",
    "make commission": "looks, and writes down what was seen",
    "make image": "a folder of its own; refuses a point that has a board",
    "make flash": "refuses a board of another point, and a point with another board; what the CP has stays",
    "paraat check": "looks only",
    "paraat serve": "a second one refuses to start",
    "paraat command": "asks a board",
    "paraat pki list": "looks only",
    "paraat pki crl": "writes the list of what is revoked; never one that forgets",
    "paraat pki replace": "each step is refused where a board would be lost; done again it changes nothing",
    "paraat pki renew": "a new key for a service; says what follows",
    "paraat broker-config": "writes the same files",
    "paraat configure": "sends what stands in the site's files",
    "paraat update": "as make update",
    "paraat bundle": "writes a file",
    "paraat simulate": "makes points up, for a test",
    "paraat alerts": "looks, or acknowledges by name",
}  # fmt: skip
CAREFUL = ("make erase", "make replace", "paraat pki revoke", "paraat pki init", "rm", "kill", "erase_flash")
PLACES = {
    "flash.other-point": "the other board comes first; erase asks, and the revoked point is the one that loses this board",
    "flash.taken": "the board of the list comes first; replace asks the button of another board",
    "verify.board-other": "the right board comes first; replace refuses the board that is in the list",
    "succession.boards-left": "renewing comes first; what is revoked is named by who types it, and is a board that is gone",
    "certificates.board-pending": "by serial number: only the certificate of the board that was not finished",
}
NEVER = ("pki init", "cp -r", "kill ", "rm -", "/pki/inventory.json site", "whole folder back")
_COMMAND = re.compile(r"\b(make [a-z][a-z-]+|paraat pki [a-z]+|paraat [a-z][a-z-]+)\b")


def steps(language: str) -> Iterator[tuple[str, str]]:
    words = Words(language, "do")
    yield from words.all().items()


def commands(text: str) -> list[str]:
    return [found for found in _COMMAND.findall(text) if found not in ("make it", "make no", "make room")]


@pytest.mark.parametrize("language", languages())
def test_each_step_names_only_commands_whose_harm_was_thought_of(language: str) -> None:
    for code, text in steps(language):
        for command in commands(text):
            if command in CAREFUL:
                assert code in PLACES, (code, text)
                first = text.split(command)[0]
                assert len(first) > 20, f"{code}: what is safe comes first: {text}"
            else:
                assert command in HARMLESS, (code, command)


@pytest.mark.parametrize("language", languages())
def test_no_step_destroys(language: str) -> None:
    for code, text in steps(language):
        for bad in NEVER:
            assert bad not in text, (code, text)


def test_no_sentence_sends_to_a_new_authority_or_overwrites_a_copy() -> None:
    """The sentences of the code and of the screen too: only the option's own help names pki init."""
    catalog = extract.read(FOLDER / "en.po")
    said = [(at[1], text) for at, m in extract.entries(catalog).items() for text in extract.texts_of(m)]
    said += [(msgid, msgid) for msgid in extract.phrases()]
    for code, text in said:
        assert "pki init" not in text, code
        assert "move it away" not in text, code


@pytest.mark.parametrize("language", languages())
def test_no_step_gives_a_stolen_board_back_by_an_older_copy(language: str) -> None:
    """A whole folder from an older copy forgets what was revoked since; one file does not (crl.pem keeps it)."""
    older = {"en": "last copy", "nl": "laatste kopie"}.get(language, "last copy")
    for code, text in steps(language):
        assert older not in text, (code, text)
