"""The catalogues and the code together: nothing missing, nothing left over, the same placeholders, valid plurals."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from host.texts.catalogues import catalogues_in
from paraat.alerts.rules import make_rules
from paraat.cli.main import main
from paraat.domain.thresholds import Alerts
from paraat.site import paths
from paraat.texts import Amount, Count, Phrase, Words, explain, extract, languages, reason
from paraat.texts.catalogue import FOLDER
from paraat.web.texts import Words as PageWords

ROOT = extract.ROOT
REPOSITORY = extract.MAKEFILE.parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py")) if "hal" not in path.parts}
SOURCES |= {path: path.read_text(encoding="utf-8") for path in (REPOSITORY / "dashboards").glob("*.py")}


@cache  # and not when this file is read, which every process of `make test` does
def nodes() -> list[tuple[Path, ast.AST]]:
    """All that the code is made of."""
    return [(path, node) for path, source in SOURCES.items() for node in ast.walk(ast.parse(source))]


@cache
def all_calls() -> list[tuple[Path, ast.Call]]:
    return [(path, node) for path, node in nodes() if isinstance(node, ast.Call)]


def test_the_catalogues_are_what_make_words_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert extract.main(["--check"]) == 0, capsys.readouterr().err


def test_dutch_and_english_say_everything() -> None:
    assert languages()[0] == "nl"
    assert "en" in languages()
    for language in ("nl", "en"):
        assert extract.untranslated(extract.read(FOLDER / f"{language}.po")) == []


def calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, node in all_calls():
        if (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")) in names:
            yield path, node


def test_babel_finds_every_phrase() -> None:
    """A sentence that is put together, or in a variable, is none that a translator ever sees."""
    for path, call in calls("Phrase", "Count"):
        wanted = call.args[:1] if getattr(call.func, "id", "") == "Phrase" else call.args[1:3]
        for argument in wanted:
            assert isinstance(argument, ast.Constant), f"{path}:{call.lineno}"
            assert isinstance(argument.value, str), f"{path}:{call.lineno}"


def keys() -> dict[tuple[str, str], object]:
    return {at: message for at, message in extract.entries(extract.read(FOLDER / "en.po")).items() if at[0]}


def test_every_code_of_an_error_has_words() -> None:
    known = {key for context, key in keys() if context == "found"}
    asked = [
        (path, call, first.value)
        for path, call in calls(
            *{
                name
                for source in SOURCES.values()
                for name in re.findall(
                    r"class (\w+Error)\((?:texts\.)?(?:SpokenError|PkiError|AuthorityError)\)", source
                )
            }
        )
        for first in call.args[:1]
        if isinstance(first, ast.Constant) and isinstance(first.value, str)
    ]
    assert len(asked) > 50
    for path, call, code in asked:
        assert code in known or " " in code, f"{path}:{call.lineno}: {code}"


def test_every_line_for_the_screen_has_words() -> None:
    known = {key for context, key in keys() if context == "screen"}
    for path, call in calls("say", "_say"):
        if call.args and isinstance(call.args[0], ast.Constant) and "." in str(call.args[0].value):
            assert call.args[0].value in known, f"{path}:{call.lineno}"


def test_no_key_is_left_over() -> None:
    """A key stands in the code, or fits what is put together there: f"status.{n}", words.code("fault", code)."""
    literal, patterns = set(), []
    for _, node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            literal.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".*" for p in node.values]
            if any(part.strip(".*\\ ") for part in parts):
                patterns.append("".join(parts))
    patterns += [f"{kind}\\..*" for path, c in calls("code") for kind in [getattr(c.args[0], "value", "")] if kind]
    patterns += [
        f"{c.args[1].value}\\..*" for _, c in calls("codes") if isinstance(c.args[1], ast.Constant)
    ]  # dashboards
    for path in (ROOT / "web/templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        literal |= set(re.findall(r"""["']([\w. -]+)["']""", text))
        patterns += [f"{re.escape(start)}.*" for start in re.findall(r"""["']([a-z]+\.)["'] ~""", text)]
    whole = re.compile("|".join(p for p in patterns if "." in p.replace(".*", "")))
    # A mail's key is its rule and the wording that the rule says.
    mails = {
        f"{name}.{wording}" for name, rule in make_rules(Alerts()).items() for wording in (*rule.wordings, "resolved")
    }
    left = [at for at in keys() if at[1] not in literal | mails and not whole.fullmatch(at[1])]
    assert left == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{pad}: niet daar", "placeholders"),
        ("er is niets", "placeholders"),
        ("{path}: {path} is er niet", ""),
        ("", ""),
    ],
)
def test_what_does_not_fit_its_english_is_told(text: str, complaint: str) -> None:
    catalog = Catalog(locale="nl")
    catalog.add("{path}: not there", text)
    assert bool(list(extract.problems("nl", catalog))) == bool(complaint)
    catalog = Catalog(locale="nl")
    catalog.add("no %(type)s: %(value)r", "geen %(type)s: %(waarde)r")
    assert list(extract.problems("nl", catalog))


def test_a_language_has_all_its_plural_forms() -> None:
    catalog = Catalog(locale="uk")
    catalog.add(("{n} point", "{n} points"), ("{n} пункт", "{n} пункти"))
    [line] = extract.problems("uk", catalog)
    assert "2 plural forms" in line


def test_a_phrase_is_english_and_knows_its_languages() -> None:
    found = Phrase("mode {mode}", mode="0644")
    assert found == "mode 0644"
    nested = Phrase("{at}: found {found}; expected {expected}", at="a.toml", found=found, expected=Phrase("one line"))
    assert nested == "a.toml: found mode 0644; expected one line"
    assert Words("nl").say(nested) == "a.toml: gevonden: rechten 0644; verwacht: één regel"
    assert Words("en").say(nested) == nested
    assert Words("nl").say(Count(1, "{n} point", "{n} points")) == "1 punt"
    assert Words("nl").say(Count(2, "{n} point", "{n} points")) == "2 punten"
    assert (Words("nl").say(Amount(40.96, 1)), str(Amount(40.96, 1))) == ("41,0", "41.0")
    assert Words("nl").say("as it is") == "as it is"


def test_a_brace_in_somebody_elses_text_is_no_placeholder() -> None:
    assert Words("nl").say(Phrase.of("Unclosed {array")) == "Unclosed {array"


def test_what_the_system_says_is_translated_where_we_know_it() -> None:
    assert Words("nl").say(reason(PermissionError(13, "Permission denied", "/etc/x"))) == "geen toegang"
    assert Words("nl").say(reason(OSError(99, "Strange {thing}"))) == "Strange {thing}"
    assert explain(ConnectionRefusedError(111, "Connection refused"), "nl") == ("verbinding geweigerd", "")


def test_a_key_without_words_is_an_error_and_an_unknown_code_is_not() -> None:
    with pytest.raises(KeyError, match="web: no such key"):
        Words("nl", "web")("no such key")
    assert Words("nl", "web").code("fault", "gremlins") == "gremlins"
    with pytest.raises(KeyError):
        Words("tlh")


GERMAN = """
msgid ""
msgstr ""
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgctxt "web"
msgid "fuel"
msgstr "Brennstoff"

msgctxt "web"
msgid "missing"
msgid_plural "missing"
msgstr[0] "{n} Messung fehlt"
msgstr[1] "{n} Messungen fehlen"

msgctxt "date"
msgid "short day and clock"
msgstr "d.M. HH:mm"

msgid "{at}: found {found}; expected {expected}"
msgstr "{at}: gefunden {found}; erwartet {expected}"

msgid "nothing"
msgstr "nichts"

msgid "Say what there is"
msgstr "Sagen, was es gibt"
"""


def test_a_third_language_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    with catalogues_in(folder, monkeypatch):
        (folder / "de.po").write_text(GERMAN)
        assert languages() == ("nl", "de", "en")
        words = PageWords("de")
        assert (words("fuel"), words("battery")) == ("Brennstoff", "Battery")  # what it lacks is said in English
        assert words.count("missing", 3) == "3 Messungen fehlen"
        assert words.number(1.25, 1) == "1,2"

        site = tmp_path / "site"
        shutil.copytree(paths.example_site_dir(), site)
        toml = site / "site.toml"
        toml.write_text(toml.read_text().replace('language = "nl"', 'language = "de"'))
        point = site / "points/nsp-0101.toml"
        point.write_text(point.read_text().replace('name = "', '# name = "', 1))
        assert main(["check", "--site", str(site)]) == 2
        assert "nsp-0101.toml: name: gefunden nichts; erwartet a value" in capsys.readouterr().err

        make = ["make", "-s", "help", "PARAAT_LANGUAGE=de", f"TEXTS={folder}"]
        shutil.copy(FOLDER / "say.awk", folder)
        told = subprocess.run(make, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        assert re.search(r"^help +Sagen, was es gibt$", told, re.MULTILINE)
        assert extract.main([]) == 0  # the rest of it is for `make words` to write
        assert "de.po" in capsys.readouterr().out
        assert extract.main(["--check"]) == 0


def test_a_site_in_a_language_that_nobody_wrote_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), site)
    toml = site / "site.toml"
    toml.write_text(toml.read_text().replace('language = "nl"', 'language = "tlh"'))
    assert main(["check", "--site", str(site)]) == 2
    known = " of ".join(map(repr, languages()))
    assert f"site.language: gevonden: 'tlh'; verwacht: {known}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "variable", "site_says", "expected"),
    [
        ([], None, "en", "in order"),
        ([], None, "nl", "in orde\n"),
        ([], "en", "nl", "in order"),
        (["--language", "nl"], "en", "en", "in orde\n"),
    ],
)
def test_the_command_the_variable_and_the_site_say_the_language_in_this_order(
    arguments: list[str],
    variable: str | None,
    site_says: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), site)
    toml = site / "site.toml"
    toml.write_text(toml.read_text().replace('language = "nl"', f'language = "{site_says}"'))
    if variable:
        monkeypatch.setenv("PARAAT_LANGUAGE", variable)
    else:
        monkeypatch.delenv("PARAAT_LANGUAGE", raising=False)
    assert main(["check", "--site", str(site), *arguments]) == 0
    assert expected in capsys.readouterr().out


def test_a_variable_with_a_language_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARAAT_LANGUAGE", "tlh")
    assert main(["check", "--site", "nowhere"]) == 2
    known = ", ".join(languages())
    assert f"PARAAT_LANGUAGE: gevonden: 'tlh'; verwacht: een van: {known}" in capsys.readouterr().err


def test_the_glossary_has_one_word_for_one_thing() -> None:
    rows = [line.split("|") for line in (REPOSITORY / "docs/glossary.md").read_text().splitlines() if line[:2] == "| "]
    other = [word.strip() for row in rows[1:] for word in row[4].split(",") if word.strip()]
    assert len(other) > 30
    whole = re.compile(rf"(?<![\w/.\-`{{])(?:{'|'.join(map(re.escape, other))})(?![\w/.\-}}=])", re.IGNORECASE)
    for at, message in extract.entries(extract.read(FOLDER / "nl.po")).items():
        for text in extract.texts_of(message):
            said = re.sub(
                r"\[\w+\] \w+|--\S+ [A-Z]+|\w+ = |HOST:PORT|port onder|OK (?=\{code\})", "", text
            )  # what a file or a command is called, and what is typed
            assert not (found := whole.search(said)), f"{at}: {found and found[0]}: docs/glossary.md has another word"


def test_argparse_says_nothing_that_we_have_no_words_for() -> None:
    """Of this Python: a newer one may say more, which is then English until it gets its line in cli/parser.py."""
    import argparse

    from babel.messages.extract import extract_from_file

    theirs = {words for _, words, _, _ in extract_from_file("python", argparse.__file__) if isinstance(words, str)}
    ours = {at[1] for at in extract.entries(extract.read(FOLDER / "nl.po"))}
    assert {text for text in theirs - ours if not _for_programmers(text)} == set()


def _for_programmers(text: str) -> bool:
    return bool(
        re.search(
            r"dest=|option_string|metavar|\.__call__|not defined|mutually|cannot merge|can't open|conflict|subparser|callable|positionals|prefix_chars|with mode",
            text,
        )
    )
