"""TOML files as typed tables. Every complaint names the file, the key, what was found and what is expected."""

import functools
import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from paraat.domain.fields import EMAIL_ADDRESS, HOST_NAME, HTTP_URL, LINE, PHONE_NUMBER, Part
from paraat.runtime.typed import convert
from paraat.site.errors import SettingsError
from paraat.texts import Phrase, reason

try:
    import rtoml
except ImportError:  # where there is no wheel of it: a start takes longer
    rtoml = None  # type: ignore[assignment]

T = TypeVar("T", bound=Part)
# rtoml reads TOML 1.1. A file that only it reads would be in order on this machine, and refused on a laptop that has no wheel of it.
# All that 1.1 has more stands in braces, behind one of these backslashes, or is a time without seconds; Python's own reader, of
# TOML 1.0, reads what may have any of them. A point's file mostly has none, and those are the thousands.
_NEWER = ("{", "\\e", "\\x")
_MAY_BE_A_TIME = re.compile(
    r":\d\d(?!:)"
)  # from the colon on: an expression that begins with digits takes thirty times as long


def may_be_newer(text: str) -> bool:
    """Whether a TOML file may have what TOML 1.0 has not."""
    return any(sign in text for sign in _NEWER) or _MAY_BE_A_TIME.search(text) is not None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises SettingsError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows puts a mark before it
        if rtoml is not None and not may_be_newer(text):
            with suppress(ValueError):  # what is wrong Python's own reader says, with line and column
                return rtoml.loads(text)
        return tomllib.loads(text)
    except FileNotFoundError as error:
        raise SettingsError(path, "", Phrase("no such file"), Phrase("a file as in deploy/site.example/")) from error
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: no UTF-8, no TOML, a number too long to be read
        raise SettingsError(
            path, "", Phrase("a mistake ({error})", error=_mistake(error)), Phrase("a readable TOML file in UTF-8")
        ) from error


# What Python says of TOML, so that it is translated too; what has a piece of the file in it stays as it is.
_TOML = (
    Phrase("Invalid value"),
    Phrase("Invalid statement"),
    Phrase("Expected '=' after a key in a key/value pair"),
    Phrase("Expected newline or end of document after a statement"),
    Phrase("Expected ']' at the end of a table declaration"),
    Phrase("Expected ']]' at the end of an array declaration"),
    Phrase("Cannot overwrite a value"),
    Phrase("Unterminated string"),
    Phrase("Unclosed array"),
    Phrase("Unclosed inline table"),
    Phrase("Invalid initial character for a key part"),
    Phrase("Invalid date or datetime"),
)
_AT_LINE = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", re.DOTALL)


def _mistake(error: Exception) -> Phrase:
    if isinstance(error, OSError):
        return reason(error)
    if isinstance(error, UnicodeDecodeError):
        return Phrase("byte {at} is no UTF-8", at=error.start)
    if match := _AT_LINE.fullmatch(str(error)):
        told, line, column = match.groups()
        twice = re.fullmatch(r"Cannot declare \('(.*)',\) twice", told)
        what = Phrase("Cannot declare {table} twice", table=twice[1]) if twice else Phrase.of(told)
        return Phrase("{what} (at line {line}, column {column})", what=what, line=line, column=column)
    return Phrase.of(str(error))


def read_table(path: Path, kind: type[T]) -> T:
    """A TOML file as one typed table. Raises SettingsError."""
    return convert_table(path, read_toml(path), kind)


def convert_table(path: Path, data: dict[str, Any], kind: type[T], key: str = "") -> T:
    """A table read from `path` as `kind`; key: where in the file it stands. Raises SettingsError."""
    try:
        return convert(data, kind, str_keys=True)
    except msgspec.ValidationError as error:
        _blame_named_tables(path, data, kind, key)
        raise _explain(path, data, kind, str(error), key) from error


def mistake_in(data: Any, kind: type[msgspec.Struct], error: msgspec.ValidationError) -> SettingsError:
    """What is wrong with data of a request, told as of a file: its key, what was found there, what is expected."""
    return _explain(Path(), data, kind, str(error), "")


def _blame_named_tables(path: Path, data: dict[str, Any], kind: type[Part], key: str) -> None:
    """Of tables with free names, as [resources.<name>], and of rows, msgspec does not say which is wrong: look here."""
    for name, found in _types(kind).items():
        arguments, value = get_args(found), data.get(name)
        tables: list[tuple[str, Any]] = []
        if get_origin(found) is dict and isinstance(value, dict):
            part, tables = arguments[1], [(f"{name}.{own}", table) for own, table in value.items()]
        elif get_origin(found) is tuple and isinstance(value, list):
            part, tables = arguments[0], [(f"{name}[{n}]", table) for n, table in enumerate(value)]
        for at, table in tables:
            if isinstance(part, type) and issubclass(part, Part) and isinstance(table, dict):
                convert_table(path, table, part, ".".join(filter(None, (key, at))))


_PATTERNS = {
    LINE: Phrase("a text on one line"),
    HTTP_URL: Phrase("a URL such as http://127.0.0.1:8086"),
    EMAIL_ADDRESS: Phrase("a mail address"),
    PHONE_NUMBER: Phrase("a number such as +31612345678, without spaces"),
    HOST_NAME: Phrase("a name of a-z, 0-9 and -, such as regio-noord"),
}

# What msgspec says: "Expected `int`, got `str` - at `$.broker.port`", "Object contains unknown field `x` - at `$.a`".
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)


def _explain(path: Path, data: dict[str, Any], kind: type[msgspec.Struct], message: str, at: str) -> SettingsError:
    match = _WHERE.match(message)
    assert match is not None
    what, key = match["what"], match["key"] or ""

    def error(found: str, expected: str, last: str = "") -> SettingsError:
        return SettingsError(path, ".".join(part for part in (at, key, last) if part), found, expected)

    if unknown := re.search(r"unknown field `(.*)`", what):
        known = ", ".join(_keys(kind, key)) or Phrase("a key of this table")
        return error(Phrase("an unknown key"), Phrase("one of: {known}", known=known), unknown[1])
    if missing := re.search(r"missing required field `(.*)`", what):
        name, expected = _required(_table(kind, key.split(".") if key else []), missing[1])
        return error(Phrase("nothing"), expected, name)
    if "Invalid enum value" in what:
        return error(_found(data, key), either(_choices(kind, key)))
    for regex, words in _PATTERNS.items():
        if f"regex {regex!r}" in what:
            return error(_found(data, key), words)
    return error(_found(data, key), _expected(re.sub(r", got .*", "", what).removeprefix("Expected ").replace("`", "")))


# Of msgspec's "int >= 1", "str | null", "str of length >= 1".
_TYPES = {
    "int": Phrase("int"),
    "float": Phrase("float"),
    "str": Phrase("str"),
    "bool": Phrase("bool"),
    "object": Phrase("object"),
    "array": Phrase("array"),
    "null": Phrase("null"),
}
_TYPE_AND_LIMIT = re.compile(r"(?P<types>[a-z]+(?: \| [a-z]+)*)(?P<length> of length)?(?: (?P<limit>.+))?")


def _expected(told: str) -> str:
    match = _TYPE_AND_LIMIT.fullmatch(told)
    if match is None:
        return told
    first, *others = (_TYPES.get(name, name) for name in match["types"].split(" | "))
    kind = functools.reduce(lambda one, other: Phrase("{one} | {other}", one=one, other=other), others, first)
    if match["length"]:
        return Phrase("{kind} of length {limit}", kind=kind, limit=match["limit"])
    return Phrase("{kind} {limit}", kind=kind, limit=match["limit"]) if match["limit"] else kind


def either(values: Iterable[object]) -> str:
    """ "a" or "b": the values that a key may have."""
    return functools.reduce(lambda one, other: Phrase("{one} or {other}", one=one, other=other), map(repr, values))


def _found(data: Any, key: str) -> str:
    for part in re.findall(r"[^.\[\]]+", key):
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, ValueError, IndexError, TypeError):
            return "nothing"
    return repr(data)[:80]


def _table(kind: type[msgspec.Struct], parts: list[str]) -> type[msgspec.Struct] | None:
    """The struct that describes the table at `parts`, or None where the table is free."""
    for part in parts:
        found = _types(kind).get(part)
        structs = [o for o in (found, *get_args(found)) if isinstance(o, type) and issubclass(o, Part)]
        if not structs:
            return None
        kind = structs[0]
    return kind


# What the domain's own records say that belongs there; it knows no languages.
_DESCRIBED = (Phrase("the folder of its board in boards/, such as esp32_devkitc_ve"),)


def _required(table: type[msgspec.Struct] | None, name: str) -> tuple[str, str]:
    """(a missing key, what belongs there). Of a table that is missing whole: its first key that must be there."""
    found = next((f for f in msgspec.structs.fields(table) if f.name == name), None) if table else None
    if found is None:
        return name, Phrase("a value: this key is required")
    if isinstance(found.type, type) and issubclass(found.type, Part):
        first = next(field for field in msgspec.structs.fields(found.type) if field.required)
        below, expected = _required(found.type, first.name)
        return f"{name}.{below}", expected
    told = [meta.description for meta in getattr(found.type, "__metadata__", ()) if getattr(meta, "description", None)]
    return name, Phrase.of(told[0]) if told else Phrase("a value: this key is required")


def _types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _keys(kind: type[msgspec.Struct], key: str) -> tuple[str, ...]:
    """The keys that the table at `key` may have."""
    table = _table(kind, key.split(".") if key else [])
    return table.__struct_fields__ if table else ()


def _choices(kind: type[msgspec.Struct], key: str) -> tuple[Any, ...]:
    """The values that a Literal or an Enum at `key` may have."""
    *parents, last = key.split(".")
    table = _table(kind, parents)
    name, _, row = last.partition("[")
    kind_of_key = _types(table).get(name) if table else None
    if isinstance(kind_of_key, type) and issubclass(kind_of_key, Enum):
        return tuple(choice.value for choice in kind_of_key)
    found = get_args(kind_of_key)
    return get_args(found[0]) if row else found
