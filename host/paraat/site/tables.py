"""TOML files as typed tables. Every complaint names the file, the key, what was found and what is expected."""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from paraat.domain.fields import EMAIL_ADDRESS, HTTP_URL, LINE, Part
from paraat.site.errors import SettingsError

T = TypeVar("T", bound=Part)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises SettingsError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows puts a mark before it
    except FileNotFoundError as error:
        raise SettingsError(path, "", "no such file", "a file as in deploy/site.example/") from error
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: no UTF-8, no TOML, a number too long to be read
        raise SettingsError(path, "", f"a mistake ({error})", "a readable TOML file in UTF-8") from error


def read_table(path: Path, kind: type[T]) -> T:
    """A TOML file as one typed table. Raises SettingsError."""
    return convert_table(path, read_toml(path), kind)


def convert_table(path: Path, data: dict[str, Any], kind: type[T], key: str = "") -> T:
    """A table read from `path` as `kind`; key: where in the file it stands. Raises SettingsError."""
    try:
        return msgspec.convert(data, kind, str_keys=True)
    except msgspec.ValidationError as error:
        _blame_named_tables(path, data, kind, key)
        raise _explain(path, data, kind, str(error), key) from error


def _blame_named_tables(path: Path, data: dict[str, Any], kind: type[Part], key: str) -> None:
    """Of tables with free names, as [resources.<name>], msgspec does not say which one is wrong: look for it here."""
    for name, found in _types(kind).items():
        tables = data.get(name)
        arguments = get_args(found)
        if get_origin(found) is dict and isinstance(arguments[1], type) and issubclass(arguments[1], Part):
            for own, table in tables.items() if isinstance(tables, dict) else ():
                if isinstance(table, dict):
                    convert_table(path, table, arguments[1], ".".join(filter(None, (key, name, own))))


_PATTERNS = {
    LINE: "a text on one line",
    HTTP_URL: "a URL such as http://127.0.0.1:8086",
    EMAIL_ADDRESS: "a mail address",
}

# What msgspec says: "Expected `int`, got `str` - at `$.broker.port`", "Object contains unknown field `x` - at `$.a`".
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?$", re.DOTALL)


def _explain(path: Path, data: dict[str, Any], kind: type[Part], message: str, at: str) -> SettingsError:
    match = _WHERE.match(message)
    assert match is not None
    what, key = match["what"], match["key"] or ""

    def error(found: str, expected: str, last: str = "") -> SettingsError:
        return SettingsError(path, ".".join(part for part in (at, key, last) if part), found, expected)

    if unknown := re.search(r"unknown field `(.*)`", what):
        known = ", ".join(_keys(kind, key)) or "a key of this table"
        return error("an unknown key", f"one of: {known}", unknown[1])
    if missing := re.search(r"missing required field `(.*)`", what):
        name, expected = _required(_table(kind, key.split(".") if key else []), missing[1])
        return error("nothing", expected, name)
    if "Invalid enum value" in what:
        return error(_found(data, key), " or ".join(repr(value) for value in _choices(kind, key)))
    for regex, words in _PATTERNS.items():
        if f"regex {regex!r}" in what:
            return error(_found(data, key), words)
    expected = re.sub(r", got .*", "", what).removeprefix("Expected ").replace("`", "")
    return error(_found(data, key), expected)


def _found(data: Any, key: str) -> str:
    for part in re.findall(r"[^.\[\]]+", key):
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, ValueError, IndexError, TypeError):
            return "nothing"
    return repr(data)[:80]


def _table(kind: type[Part], parts: list[str]) -> type[Part] | None:
    """The struct that describes the table at `parts`, or None where the table is free."""
    for part in parts:
        found = _types(kind).get(part)
        structs = [o for o in (found, *get_args(found)) if isinstance(o, type) and issubclass(o, Part)]
        if not structs:
            return None
        kind = structs[0]
    return kind


def _required(table: type[Part] | None, name: str) -> tuple[str, str]:
    """(a missing key, what belongs there). Of a table that is missing whole: its first key that must be there."""
    found = next((f for f in msgspec.structs.fields(table) if f.name == name), None) if table else None
    if found is None:
        return name, "a value: this key is required"
    if isinstance(found.type, type) and issubclass(found.type, Part):
        first = next(field for field in msgspec.structs.fields(found.type) if field.required)
        below, expected = _required(found.type, first.name)
        return f"{name}.{below}", expected
    told = [meta.description for meta in getattr(found.type, "__metadata__", ()) if getattr(meta, "description", None)]
    return name, told[0] if told else "a value: this key is required"


def _types(kind: type[Part]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _keys(kind: type[Part], key: str) -> tuple[str, ...]:
    """The keys that the table at `key` may have."""
    table = _table(kind, key.split(".") if key else [])
    return table.__struct_fields__ if table else ()


def _choices(kind: type[Part], key: str) -> tuple[Any, ...]:
    """The values that a Literal at `key` may have."""
    *parents, last = key.split(".")
    table = _table(kind, parents)
    return get_args(_types(table).get(last)) if table else ()
