"""The command line in the reader's language: argparse's own words too.

The language of a command is --language, else PARAAT_LANGUAGE, else what the site says, else Dutch.
"""

import argparse
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from paraat.site.errors import SettingsError
from paraat.site.site import language_of
from paraat.texts import Phrase, Words, languages
from paraat.texts.catalogue import DEFAULT

VARIABLE = "PARAAT_LANGUAGE"

# argparse asks its own _ and ngettext for these, and fills in the values itself.
ARGPARSE = (
    Phrase("usage: "),
    Phrase("positional arguments"),
    Phrase("options"),
    Phrase("subcommands"),
    Phrase("show this help message and exit"),
    Phrase("show program's version number and exit"),
    Phrase(" (default: %(default)s)"),
    Phrase("argument %(argument_name)s: %(message)s"),
    Phrase("expected one argument"),
    Phrase("expected at most one argument"),
    Phrase("expected at least one argument"),
    Phrase("the following arguments are required: %s"),
    Phrase("one of the arguments %s is required"),
    Phrase("unrecognized arguments: %s"),
    Phrase("unexpected option string: %s"),
    Phrase("not allowed with argument %s"),
    Phrase("ambiguous option: %(option)s could match %(matches)s"),
    Phrase("ignored explicit argument %r"),
    Phrase("invalid %(type)s value: %(value)r"),
    Phrase("invalid choice: %(value)r (choose from %(choices)s)"),
    Phrase("unknown parser %(parser_name)r (choices: %(choices)s)"),
    Phrase("%(prog)s: error: %(message)s\n"),
)


class Parser(argparse.ArgumentParser):
    """A parser that speaks, and whose commands speak so too. Its help texts are Phrases."""

    def __init__(self, *, words: Words, **options: Any) -> None:
        self.words = words
        super().__init__(formatter_class=partial(_Formatter, words), **options)
        self.add_argument(
            "--language",
            choices=languages(),
            default=argparse.SUPPRESS,
            help=Phrase("of the screen; without it {variable}, else the site's", variable=VARIABLE),
        )

    def add_subparsers(self, **options: Any) -> "argparse._SubParsersAction[Parser]":  # type: ignore[override]
        """As argparse's; the parsers below speak the same language."""
        parser_class: Any = partial(Parser, words=self.words)
        made: argparse._SubParsersAction[Parser] = super().add_subparsers(parser_class=parser_class, **options)
        return made


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # what a group of commands adds itself to


class _Formatter(argparse.HelpFormatter):
    def __init__(self, words: Words, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._words = words

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return None if action.help is None else self._words.say(action.help)

    def add_text(self, text: str | None) -> None:
        super().add_text(None if text is None else self._words.say(text))


def speak(words: Words) -> None:
    """argparse has no other place for this: it takes its module's own _ at each message."""
    vars(argparse).update(_=words.gettext, ngettext=words.ngettext)


def language_asked(arguments: Sequence[str]) -> str:
    """Before anything else is known of the arguments. Raises SettingsError for one that PARAAT_LANGUAGE has wrong."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--language", nargs="?")
    first.add_argument("--site", type=Path, nargs="?")
    known, _ = first.parse_known_args(list(arguments))
    if known.language in languages():  # a wrong one is complained about with the rest
        return str(known.language)
    if asked := os.environ.get(VARIABLE):
        if asked not in languages():
            raise SettingsError(
                Path(VARIABLE), "", repr(asked), Phrase("one of: {known}", known=", ".join(languages()))
            )
        return asked
    return (known.site and language_of(known.site)) or DEFAULT
