"""Keeps the catalogues and the code together: `make words`.

    python -m paraat.texts.extract            bring every .po file up to date, and say what is wrong or not translated
    python -m paraat.texts.extract de         begin a catalogue for German
    python -m paraat.texts.extract --check    write nothing; fails when something is wrong or not up to date

Babel finds the Phrases; the Makefile's own are behind ## and #: there, and in $(call say,...). Keys stand in en.po.
"""

import contextlib
import io
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from paraat.texts import catalogue
from paraat.texts.catalogue import DEFAULT, SOURCE

ROOT = catalogue.FOLDER.parent
MAKEFILE = ROOT.parent.parent / "Makefile"
_KEYWORDS = {"Phrase": None, "Count": (2, 3)}
_IN_MAKEFILE = re.compile(r"^(?:[a-z-]+:.*?## |#: )(.*)$|\$\(call say,((?:[^,()]|\([^()]*\))*)\)", re.MULTILINE)

_PERCENT = re.compile(r"%(?:\(\w+\))?[srd]")

MessageId = tuple[str, str]  # context ("" for a Phrase), id
Phrases = dict[
    str, tuple[str | tuple[str, str], list[str]]
]  # by its id: it with its plural, and the files it stands in


def phrases() -> Phrases:
    """Every Phrase and Count of the code, and every sentence of the Makefile, in the order of the files."""
    found: Phrases = {}
    for path in sorted(ROOT.rglob("*.py")):
        with contextlib.redirect_stderr(
            io.StringIO()
        ):  # it warns of f-strings among a Phrase's values, where they belong
            messages = extract_from_file("python", path, keywords=_KEYWORDS)
        for _, words, _, _ in messages:
            _note(
                found,
                words if isinstance(words, str) else (words[0], words[1]),
                f"host/paraat/{path.relative_to(ROOT)}",
            )
    for match in _IN_MAKEFILE.finditer(MAKEFILE.read_text(encoding="utf-8")):
        _note(found, match[1] or match[2], "Makefile")
    return found


def _note(found: Phrases, words: str | tuple[str, str], file: str) -> None:
    msgid = words if isinstance(words, str) else words[0]
    _, files = found.setdefault(msgid, (words, []))
    if file not in files:
        files.append(file)


def read(path: Path) -> Catalog:
    """A catalogue as it is."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def key_of(message: Message) -> MessageId:
    """What it is known by."""
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def entries(catalog: Catalog) -> dict[MessageId, Message]:
    """The messages of a catalogue, without its head."""
    return {key_of(message): message for message in catalog if message.id}


def updated(language: str, old: Catalog, keys: Catalog, wanted: Phrases) -> Catalog:
    """A language's catalogue as it should be: all keys, all Phrases, what was translated, and nothing else."""
    have = entries(old)
    new = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for at, english in sorted(entries(keys).items(), key=lambda item: item[0][0]):
        said = have[at].string if at in have else _empty(english)
        shown = () if language == SOURCE else (f"English: {_one_line(english)}",)
        new.add(english.id, said, context=at[0], auto_comments=shown)
    if language != SOURCE:
        for msgid, (words, files) in wanted.items():
            message = new.add(words, auto_comments=(f"in {', '.join(files)}",))
            message.string = have["", msgid].string if ("", msgid) in have else _empty(message)
    return new


def _empty(message: Message) -> str | tuple[str, ...]:
    return "" if isinstance(message.id, str) else ("", "")


def _one_line(message: Message) -> str:
    return " | ".join(texts_of(message)).replace("\n", "\\n")


def texts_of(message: Message) -> tuple[str, ...]:
    """The texts of a message: one, or one a plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def written(catalog: Catalog) -> str:
    """A catalogue as the bytes of its file: one line a text, no dates and no names, so that a change shows what changed."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, omit_header=True)
    head = (
        f'msgid ""\nmsgstr ""\n"Language: {catalog.locale_identifier}\\n"\n"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    )
    return f"{head}\n{out.getvalue().decode()}"


def problems(language: str, catalog: Catalog) -> Iterator[str]:
    """What is wrong with what is translated; what is not translated is said in English, and is none."""
    for at, message in entries(catalog).items():
        wanted = _holes(at[1]) if not at[0] else None
        for text in texts_of(message):
            if text and wanted is not None and _holes(text) - {"n"} != wanted - {"n"}:
                yield f"{language}.po: {at[1]}: other {{placeholders}} than in the English"
        if isinstance(message.id, tuple) and len(texts_of(message)) != catalog.num_plurals:
            yield f"{language}.po: {at[1]}: {len(texts_of(message))} plural forms, the language has {catalog.num_plurals}"
        if message.fuzzy:
            yield f"{language}.po: {at[1]}: still fuzzy"


def _differ(language: str, catalog: Catalog, english: Catalog) -> Iterator[str]:
    theirs = entries(english)
    for at, message in entries(catalog).items():
        for text in texts_of(message) if at in theirs else ():
            if text and _holes(text) - {"n"} != set().union(*map(_holes, texts_of(theirs[at]))) - {"n"}:
                yield f"{language}.po: {at[0]} {at[1]}: other {{placeholders}} than in en.po"


def _holes(text: str) -> set[str]:
    """The {names}, and those that argparse fills in: %(name)s."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name} | set(_PERCENT.findall(text))


def untranslated(catalog: Catalog) -> list[str]:
    """What has no text yet."""
    return [" ".join(at).strip() for at, message in entries(catalog).items() if not all(texts_of(message))]


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    check = arguments == ["--check"]
    wanted = phrases()
    english = read(catalogue.FOLDER / f"{SOURCE}.po")
    new = [] if check else [catalogue.FOLDER / f"{language}.po" for language in arguments]
    wrong: list[str] = []
    for path in sorted({*catalogue.FOLDER.glob("*.po"), *new}):
        language = path.stem
        catalog = updated(language, read(path) if path.exists() else Catalog(locale=language), english, wanted)
        wrong += problems(language, catalog)
        wrong += _differ(language, catalog, english)
        missing = untranslated(catalog)
        if missing and language in (DEFAULT, SOURCE):
            wrong += [f"{path.name}: not translated: {text}" for text in missing]
        elif missing:
            print(
                f"{path.name}: {len(missing)} of {len(entries(catalog))} texts are not translated: they are said in English"
            )
        text = written(catalog)
        if check and text != path.read_text(encoding="utf-8"):
            wrong.append(f"{path.name}: not up to date: make words")
        if not check:
            path.write_text(text, encoding="utf-8")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
