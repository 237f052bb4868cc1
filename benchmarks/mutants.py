"""Changes the host's code a little in one place after another, and counts the changes that no test notices.

    make mutants ROOM=alerts          # alerts, intake, journal or domain; some minutes each
    make mutants ROOM=domain FILES="tracker tanks"   # of these files only
    make mutants ROOM=domain FILES=tanks TESTS=host/domain/test_tanks.py   # asking these of tests/ only: a second a change

mutmut does it, in a copy of the tree under build/mutants/<room>, with the tests that stand beside the room: it wants the
code in src/ and forks a run of the tests for each change. What it found stays there; the same with SHOW=1 prints the
changes that survived the last run, and DRAW=200 runs so many of the changes, drawn by lot, of each file alike. SEED=2 draws
others: tests are mended by one lot, and a score is taken of another. docs/testing.md has the scores, and which survivors we accept.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("alerts", "intake", "journal", "domain")
# A room's tests that need what is not its own: files, a journal.
_BESIDE = {"domain": ("site/test_profiles.py", "journal/test_history.py")}
# Seconds for each change that nothing else notices: these are not asked.
_SLOW = ("domain/test_courses.py", "domain/test_world.py", "domain/test_incremental.py")
_ALSO = ("firmware", "boards", "deploy", "wire", "benchmarks", "docs")
# By the exit code of the tests; 33: no test comes there.
_KINDS = {
    0: "survived",
    1: "killed",
    3: "killed",
    5: "survived",
    24: "hung",
    -24: "hung",
    152: "hung",
    33: "survived",
    None: "not run",
}
_TRUTH = re.compile(r'\s*self\.(_\w+) = (False|"")')
_SQL = re.compile(r"\b(select|insert|update|delete|values|where|order by|from|pragma)\b")
_MUTMUT = str(Path(sys.executable).parent / "mutmut")


def place_of(room: str, files: Sequence[str]) -> Path:
    """Where the copy for a room, or for some of its files, stands."""
    return ROOT / "build" / "mutants" / "+".join((room, *files)).replace("/", ".")


def lay_out(place: Path, room: str, files: Sequence[str], tests: Sequence[str] = ()) -> None:
    """Copy what git knows, with the code in src/ as mutmut wants it. files: by their stems, "rules/low_fuel"; none is all.

    tests: these only, as they stand under tests/; none is those of the room.
    """
    shutil.rmtree(place, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        source = ROOT / name
        if not source.exists():
            continue
        target = place / ("src/" + name[5:] if name.startswith("host/") else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    shutil.copytree(place / "wire" / "paraat_wire", place / "src" / "paraat_wire")
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/paraat/{room}/{name}.py" for name in files] or [f"src/paraat/{room}/*"],
        # Words for people are looked at by people, and by tests of whole messages elsewhere.
        "do_not_mutate": ["src/paraat/alerts/texts.py"],
        "also_copy": list(_ALSO),
        "pytest_add_cli_args_test_selection": [
            f"tests/{name}" for name in tests or [f"host/{name}" for name in (room, *_BESIDE.get(room, ()))]
        ],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", *(f"--ignore=tests/host/{slow}" for slow in _SLOW)],
        # A thread of apprise's or of a broker does not live through a fork, which is quicker.
        "process_isolation": "forkserver" if room in ("alerts", "intake") else "fork",
        # The constant and what the tests took before, so many times, on the clock; twice that in processor time. A busy
        # machine may be ten times as slow from one minute to the next, and what is too slow counts as noticed.
        "timeout_multiplier": 15.0,
        "timeout_constant": 2.0,
    }
    with (place / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\nuse_setproctitle = false\nuse_git_change_detection = false\n")
        file.writelines(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


def draw(place: Path, count: int, seed: str) -> list[str]:
    """Make all changes, and draw so many of them by lot, of each file alike: with a seed the same ones each time."""
    # It looks for the name after everything is made, and stops when nothing has it.
    subprocess.run([_MUTMUT, "run", "none of them"], cwd=place, capture_output=True, check=False)
    chance = random.Random(place.name + seed)
    left = [chance.sample(names := list(kinds), len(names)) for kinds in results(place).values()]
    drawn: list[str] = []
    while len(drawn) < count and any(left):
        drawn += [names.pop() for names in left if names][: count - len(drawn)]
    return drawn


def results(place: Path) -> dict[str, dict[str, str]]:
    """file -> change -> what became of it: killed, survived, the same, not run; hung or crashed are noticed too."""
    folder = place / "mutants" / "src" / "paraat"
    found = {}
    for path in sorted(folder.rglob("*.meta")):
        codes = json.loads(path.read_text(encoding="utf-8")).get("exit_code_by_key", {})
        if codes:
            sources = (place / "src" / "paraat" / path.relative_to(folder).with_suffix("")).read_text(encoding="utf-8")
            kinds = {name: _KINDS.get(code, "crashed") for name, code in codes.items()}
            for name, kind in kinds.items():
                if kind == "survived" and _is_the_same(diff(place, name), sources):
                    kinds[name] = "the same"
            found[str(path.relative_to(folder)).removesuffix(".meta")] = kinds
    return found


def diff(place: Path, name: str) -> str:
    """A change, as mutmut shows it."""
    shown = subprocess.run([_MUTMUT, "show", name], cwd=place, capture_output=True, text=True, check=True)
    return shown.stdout


def _is_the_same(text: str, source: str) -> bool:
    """SQL in other letters, and None for False or "" in what a class asks for its truth alone, mean what they meant."""
    old, new = (
        [line[1:] for line in text.splitlines() if re.match(rf"[{sign}](?![{sign}]{{2}})", line)] for sign in "-+"
    )
    if len(old) == len(new) == 1 and (found := _TRUTH.fullmatch(old[0])) is not None:
        kept = f"self.{found[1]}"
        return new[0].strip() == f"{kept} = None" and not re.search(rf"return {kept}\b|{kept} (is|==)", source)
    lower = [line.lower() for line in old]
    return lower == [line.lower() for line in new] and any(_SQL.search(line) for line in lower)


def report(found: dict[str, dict[str, str]]) -> str:
    """A line for each file, and one for all."""
    counts = {path: Counter(kinds.values()) for path, kinds in found.items()}
    return "\n".join(map(_line, [*counts, "together"], [*counts.values(), sum(counts.values(), Counter[str]())]))


def _line(name: str, count: Counter[str]) -> str:
    judged = sum(count.values()) - count["not run"] - count["the same"]
    noticed = count["killed"] + count["hung"] + count["crashed"]
    share = f"{noticed / judged:.0%}" if judged else "-"
    return f"{name:36} {share:>5} of {judged}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(count.items()))


def main() -> int:
    """Run a room's tests against its changes, or show what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("files", nargs="*", help="only these, by their stems; a folder counts: rules/low_fuel")
    parser.add_argument("--tests", nargs="+", default=(), help="ask these of tests/ only: host/domain/test_tanks.py")
    parser.add_argument("--show", action="store_true", help="the survivors of the last run")
    parser.add_argument(
        "--limit-s", type=float, default=1200.0, help="stop after so many seconds; what was not run is said"
    )
    parser.add_argument("--draw", type=int, help="run only so many of the changes, drawn by lot")
    parser.add_argument("--seed", default="", help="another lot than without it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    place = place_of(args.room, args.files)
    if args.show:
        for kinds in results(place).values():
            for name, kind in kinds.items():
                if kind == "survived":
                    print(diff(place, name))
        return 0
    lay_out(place, args.room, args.files, args.tests)
    names = draw(place, args.draw, args.seed) if args.draw else []
    run = subprocess.Popen([_MUTMUT, "run", "--max-children", str(args.jobs), *names], cwd=place)
    try:
        run.wait(args.limit_s)
    except subprocess.TimeoutExpired:
        run.terminate()
        run.wait()
    print(report(results(place)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
