"""Changes one file in one place after another, and asks named tests in a process of their own each time.

    make mutants FILE=firmware/node/journal.py TESTS="firmware/node/test_journal.py firmware/node/test_packing.py" DRAW=14

For what benchmarks/mutants.py cannot ask in its own process: firmware under MicroPython, a helper that is a process itself, tests
with servers of their own. It changes comparisons, conditions, sums, truths, numbers and what is returned, also outside of functions.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_PLACE = ROOT / "build" / "mutants" / "one_by_one"
_LIMIT_S = 240.0  # of tests that take seconds; what takes longer hangs, and is noticed
_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "*"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}


class Change(NamedTuple):
    """Other bytes in the place of some."""

    begin: int
    end: int
    new: bytes


def changes(source: bytes) -> Iterator[Change]:
    """Every change of a file, in no order that means anything."""
    lines = source.splitlines(keepends=True)

    def at(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column

    def begin(node: ast.expr) -> int:
        return at(node.lineno, node.col_offset)

    def end(node: ast.expr) -> int:
        return at(node.end_lineno or 0, node.end_col_offset or 0)

    def instead(node: ast.expr, new: str) -> Change:
        old = source[begin(node) : end(node)].decode()
        return Change(begin(node), end(node), new.format(old=old).encode())

    def between(left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Change]:
        if type(operator) in _OPERATORS:
            old, new = (word.encode() for word in _OPERATORS[type(operator)])
            found = source.find(old, end(left), begin(right))
            if found >= 0:
                yield Change(found, found + len(old), new)

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                yield from between(left, right, operator)
            case ast.BinOp(left=left, op=operator, right=right):
                yield from between(left, right, operator)
            case ast.BoolOp(op=operator, values=[left, right, *_]):
                yield from between(left, right, operator)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield instead(
                    node, source[begin(operand) : end(operand)].decode().replace("{", "{{").replace("}", "}}")
                )
            case ast.If(test=test) | ast.IfExp(test=test) if not any(
                isinstance(one, ast.NamedExpr) for one in ast.walk(test)
            ):
                yield instead(test, "not ({old})")
            case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
                yield instead(value, "None")
            case ast.Constant(value=bool(value)):
                yield instead(node, str(not value))
            case ast.Constant(value=int(number) | float(number)):
                yield instead(node, repr(number + 1))
            case _:
                pass


def lay_out() -> None:
    """Copy what git knows."""
    shutil.rmtree(_PLACE, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(lambda name: (ROOT / name).exists(), listed.splitlines()):
        (_PLACE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, _PLACE / name)


def noticed_by(tests: list[str]) -> str:
    """The first test that notices the change that stands in the copy; "" when none does."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]
    paths = {"PYTHONPATH": os.pathsep.join(str(_PLACE / name) for name in ("host", "wire", "tests"))}
    try:
        run = subprocess.run(
            command, cwd=_PLACE, env=os.environ | paths, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "hung"
    if run.returncode == 0:
        return ""
    failed = (line for line in run.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests")))
    return next(failed, f"pytest ended with {run.returncode}")


def main() -> int:
    """Say of each change that was drawn which test notices it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--tests", nargs="+", required=True, help="as they stand under tests/")
    parser.add_argument("--draw", type=int, default=10)
    parser.add_argument("--seed", default="", help="another lot than without it")
    args = parser.parse_args()
    lay_out()
    path, tests = _PLACE / args.file, [f"tests/{name}" for name in args.tests]
    source = path.read_bytes()
    if said := noticed_by(tests):
        sys.exit(f"without any change: {said}")
    every = sorted(set(changes(source)))
    drawn = random.Random(args.file + args.seed).sample(every, min(args.draw, len(every)))
    survived = 0
    for change in drawn:
        path.write_bytes(source[: change.begin] + change.new + source[change.end :])
        said = noticed_by(tests)
        survived += not said
        line = source[: change.begin].count(b"\n") + 1
        old = source[change.begin : change.end].decode()
        print(f"{args.file}:{line} {old!r} -> {change.new.decode()!r}: {said or 'survived'}", flush=True)
    print(f"{args.file}: {len(drawn) - survived} of {len(drawn)} noticed, drawn of {len(every)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
