"""Gives the firmware's own names to words that MicroPython has in its ROM: there a name costs no RAM (ADR 0013).

Every name of a program that the ROM lacks takes some 20 bytes of the board's heap, for ever. What is neither seen from
outside nor looked up by its text can be called anything, if it is the same everywhere: one spelling becomes one other
throughout the firmware, a word that the firmware has nowhere. What belongs to MicroPython is in its ROM by itself, and
so is never touched. Classes keep their names: an exception's is what the console says. For the functions' in a
traceback names.json is the key.
"""

import ast
import keyword
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from paraat.provision.bundle.program import PackError

# Looked up by MicroPython itself in what may be one of our objects: streams, generators, exceptions.
_CALLED = {
    "args", "close", "code", "coro", "errno", "flush", "ioctl", "line", "message",
    "pend_throw", "read", "readinto", "readline", "send", "throw", "value", "write",
}  # fmt: skip
# Typed or sent by who has a board on the console (provision/attached.py).
_FOR_THE_CONSOLE = {"install_file", "main"}
_ONLY_SOME = "#"
_DYNAMIC = ("getattr", "setattr", "hasattr")


@lru_cache
def rom_names() -> tuple[frozenset[str], tuple[str, ...]]:
    """(all identifiers in the ROM of the official ESP32 images, those to choose from: in every version that we know)."""
    text = (Path(__file__).parent / "rom_names.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    every = lines[: lines.index(_ONLY_SOME)]
    usable = [w for line in every for w in line.split() if not w.startswith("__") and not keyword.iskeyword(w)]
    return frozenset(w for line in lines for w in line.split()), tuple(sorted(usable, key=lambda w: (len(w), w)))


def shorten(sources: Mapping[str, str], outside: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """(sources, new name by old name). outside: source of what uses the firmware by its names. Raises PackError."""
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    survey = _Survey(trees)
    others = _Survey({"": ast.parse(outside)})
    fixed = survey.kept | survey.texts | others.texts | {name for name in others.names if not name.startswith("_")}
    in_rom, usable = rom_names()
    free = [word for word in usable if word not in fixed | survey.names | _CALLED]
    wanted = sorted(survey.names - fixed - in_rom)
    names = dict(zip(wanted, free, strict=False))  # where the words do not go round, the last ones stay as they are
    for tree in trees.values():
        _rename(tree, names)
    return {path: ast.unparse(tree) + "\n" for path, tree in trees.items()}, names


class _Survey(ast.NodeVisitor):
    """names: all identifiers. texts: all strings. kept: names that somebody may expect as they are."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self.names: set[str] = set()
        self.texts: set[str] = set()
        self.kept = {part for path in trees for part in path.removesuffix(".py").split("/")}
        self._modules = {path.removesuffix(".py").replace("/", ".") for path in trees}
        for path, tree in trees.items():
            self._path = path
            self._external: set[str] = set()
            self._top = tree.body
            self.visit(tree)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        source = node.module if isinstance(node, ast.ImportFrom) else None
        for alias in node.names:
            self.names.update((alias.asname or alias.name).split("."))
            if source is None or (source not in self._modules and f"{source}.{alias.name}" not in self._modules):
                self._external.add(alias.asname or alias.name)
                self.kept.update(alias.name.split("."))
        self.kept.update((source or "").split("."))

    visit_ImportFrom = visit_Import

    def visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.names.add(node.name)
        if node.name.endswith("__") or node.name in _FOR_THE_CONSOLE:
            self.kept.add(node.name)
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)
        if not node.name.startswith("_"):  # an exception's name is what the console says of it
            self.kept.add(node.name)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if node in self._top:
            public = [t.id for t in node.targets if isinstance(t, ast.Name) and not t.id.startswith("_")]
            self.kept.update(public)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.names.add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        self.names.add(node.arg)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.names.add(node.attr)
        if isinstance(node.value, ast.Name) and node.value.id in self._external:
            self.kept.add(node.attr)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.names.update(node.names)

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.names.update([node.name] if node.name else [])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.add(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self.names.update(keyword.arg for keyword in node.keywords if keyword.arg)
        if isinstance(node.func, ast.Name) and node.func.id in _DYNAMIC:
            of, name = node.args[:2]
            external = isinstance(of, ast.Name) and of.id in self._external
            if not isinstance(name, ast.Constant) and not external:
                raise PackError(f"{self._path}: {ast.unparse(node)}: names of our own objects must stand as they are")
        self.generic_visit(node)


def _rename(tree: ast.Module, names: Mapping[str, str]) -> None:
    def new(name: str) -> str:
        return names.get(name, name)

    for node in ast.walk(tree):
        match node:
            case ast.Name():
                node.id = new(node.id)
            case ast.Attribute():
                node.attr = new(node.attr)
            case ast.arg():
                node.arg = new(node.arg)
            case ast.keyword(arg=str(arg)):
                node.arg = new(arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                node.name = new(node.name)
            case ast.ExceptHandler(name=str(name)):
                node.name = new(name)
            case ast.Global() | ast.Nonlocal():
                node.names = [new(name) for name in node.names]
            case ast.alias():
                node.name = new(node.name)
                node.asname = new(node.asname) if node.asname else None
