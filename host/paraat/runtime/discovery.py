"""What a room has several of, found from its files: who adds one writes a file, and lists it nowhere."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType


def modules_in(package: str, path: Iterable[str]) -> Iterator[ModuleType]:
    """The modules of a package (its __name__ and __path__), by name; without base, and without those that begin with _."""
    for name in sorted(found.name for found in pkgutil.iter_modules(path)):
        if name != "base" and not name.startswith("_"):
            yield importlib.import_module(f"{package}.{name}")


def classes_in(module: ModuleType, method: str) -> list[type]:
    """The classes that a module makes itself and that have this method, in the order of the file.

    Raises TypeError where there is none: a file that nobody would miss is a mistake.
    """
    made = [kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__]
    having = [kind for kind in made if hasattr(kind, method) and not kind.__name__.startswith("_")]
    if not having:
        raise TypeError(f"{module.__name__}: no class with {method}() in it; one belongs there")
    return having
