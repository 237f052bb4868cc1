"""docs/when-things-break says what the screen says: the titles of alerts, the words of the page, the names of commands."""

import re
from pathlib import Path

import pytest

from paraat.alerts.rules import RULES
from paraat.cli.main import main
from paraat.texts import catalogue, extract

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {"en": DOCS / "when-things-break.md", "nl": DOCS / "when-things-break.nl.md"}


@pytest.mark.parametrize("language", PAGES)
def test_every_title_every_word_of_the_page_and_every_rule_is_there(language: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    every = extract.entries(extract.read(catalogue.FOLDER / f"{language}.po")).values()
    said = "\n".join(text for message in every for text in extract.texts_of(message))
    said = re.sub(r"\{\w+\}", "…", said)
    shown = "".join(
        line for line in page.splitlines(keepends=True) if line.startswith(("| het scherm", "| the screen"))
    )
    for quoted in re.findall(r"\*([^*]+)\*|\"([^\"]+)\"", shown):
        words = "".join(quoted)
        assert words in said, words
    for rule in re.findall(r"\(`(\w+)`\)", shown):
        assert rule in RULES


def test_both_languages_have_the_same_faults_and_every_command_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    pages = {language: path.read_text(encoding="utf-8") for language, path in PAGES.items()}
    heads = {language: len(re.findall(r"^## ", page, re.MULTILINE)) for language, page in pages.items()}
    assert heads["en"] == heads["nl"]
    rules = [re.findall(r"\(`(\w+)`\)", page) for page in pages.values()]
    assert rules[0] == rules[1]
    for command in set(
        re.findall(r"`paraat ([a-z]+(?: (?:restore|backup|check|list|accept))?)", "".join(pages.values()))
    ):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0, command
    capsys.readouterr()
