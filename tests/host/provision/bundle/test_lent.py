"""What is lent must be given back: the heap of a chip without PSRAM has no room for what a frame keeps by mistake."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.provision.bundle import mpy, pack, program
from paraat.site import paths

FILES = sorted((paths.firmware_dir() / "node").glob("*.py"))


def loans(tree: ast.AST) -> Iterator[tuple[ast.Call, tuple[str, ...]]]:
    """The calls lent("node.x", ...) and the modules that they name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lent":
            yield node, tuple(arg.value for arg in node.args if isinstance(arg, ast.Constant))


def is_loan(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and any(list(loans(item.context_expr)) for item in node.items)


def kept_on(function: ast.AsyncFunctionDef) -> list[int]:
    """Lines of loans whose module the frame of this coroutine keeps while it waits for something else."""
    inside_loops = {
        child for loop in ast.walk(function) if isinstance(loop, ast.While | ast.For) for child in ast.walk(loop)
    }
    found = []
    for node in ast.walk(function):
        if is_loan(node):
            end = node.end_lineno or 0
            waits = [w.lineno for w in ast.walk(function) if isinstance(w, ast.Await) and w.lineno > end]
            if node in inside_loops or waits:
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_coroutine_goes_on_with_what_it_was_lent(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            assert kept_on(function) == [], (
                f"{path.name}: {function.name} keeps it: write the `with` in a function of its own"
            )


def test_the_check_sees_a_loan_in_a_loop_and_one_before_another_wait() -> None:
    looping = "async def f():\n while True:\n  with lent('node.a') as a:\n   a.b()\n  await c()\n"
    going_on = "async def f():\n with lent('node.a') as a:\n  await a.b()\n await c()\n"
    fine = "async def f():\n await c()\n with lent('node.a') as a:\n  return await a.b()\n"
    for source, lines in ((looping, [3]), (going_on, [2]), (fine, [])):
        (function,) = ast.parse(source).body
        assert isinstance(function, ast.AsyncFunctionDef)
        assert kept_on(function) == lines


# The start makes one of it, which runs for ever.
STAYS = {"node.desired"}
PROGRAM = program.Program(mpy.board_sources())
ALWAYS = set(PROGRAM.reached(pack.ROOT)) | STAYS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_that_a_loan_brings_is_named(path: Path) -> None:
    """Else it stays: what the first module imports at its top level, and no module that always runs has."""
    for call, names in loans(ast.parse(path.read_text(encoding="utf-8"))):
        missing = set(PROGRAM.reached(names[0])) - ALWAYS - set(names)
        assert not missing, f"{path.name}:{call.lineno}: {names[0]} brings {', '.join(sorted(missing))}"
