"""The table at the end of `make faults`: what was told, what of it was found, and what was lost, of all that was broken in this run."""

from collections import Counter
from collections.abc import Iterable

from _pytest.terminal import TerminalReporter

_ROWS = {"stored": "sets: told stored, found stored", "people": "people: alerts that fired, messages that left"}


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """What the tests of faults counted, and how many others there were."""
    ended = {how: terminalreporter.stats.get(how, []) for how in ("passed", "failed", "skipped", "error")}
    reports = [
        report for found in ended.values() for report in found if getattr(report, "when", "") in ("call", "setup")
    ]
    counts = [pair for report in reports for pair in report.user_properties]
    terminalreporter.section("what was broken, and what came of it")
    for line in _lines(counts):
        terminalreporter.write_line(line)
    total = ", ".join(f"{len(found)} {how}" for how, found in ended.items() if found)
    terminalreporter.write_line(f"tests of one fault each, and of these runs: {total}")


def _lines(counts: Iterable[tuple[str, object]]) -> list[str]:
    lines, tallies = [], Counter[str]()
    table = [f"{'':48}{'told':>8}{'found':>8}{'twice':>8}{'lost':>8}"]
    for name, value in counts:
        if name == "counted":
            what, number = value  # type: ignore[misc]
            tallies[what] += int(number)
        elif name == "rounds":
            assert isinstance(value, dict)
            played = dict(value)
            seed = played.pop("seed")
            kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(played.items(), key=lambda one: -one[1]))
            lines.append(f"{sum(played.values())} rounds under load, seed {seed}: {kinds}")
        elif name in _ROWS:
            table.append(f"{_ROWS[name]:48}" + "".join(f"{number:8}" for number in value))  # type: ignore[attr-defined]
    return [*lines, *(table if len(table) > 1 else []), *(f"{what}: {number}" for what, number in tallies.items())]
