"""`paraat doctor`: every check of checks.py, as one table; what is wrong comes with the next step."""

import getpass
import grp
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

import paraat
from paraat import texts
from paraat.provision.doctor import checks
from paraat.provision.doctor.checks import Finding, Level, Machine

# A sign beside each colour: nobody should need the colour.
_STYLES = {
    Level.FINE: "green",
    Level.NOTE: "cyan",
    Level.UNKNOWN: "cyan",
    Level.WARNING: "yellow",
    Level.WRONG: "bold red",
}


class Row(NamedTuple):
    """A finding, with the check that found it: a key of checks.CHECKS."""

    check: str
    finding: Finding


def this_machine(
    site_dir: Path, *, point: str | None, port: str | None, now: datetime, anyway: bool = False
) -> Machine:
    """The laptop that we run on. now: aware."""
    from paraat.provision.usb import chip, console, usb

    return Machine(
        now=now,
        site_dir=site_dir,
        point=point,
        port=port,
        anyway=anyway,
        user=getpass.getuser(),
        groups=frozenset(_group(gid) for gid in os.getgroups()),
        written_at=datetime.fromtimestamp(Path(paraat.__file__).stat().st_mtime, UTC),
        is_serial=usb.is_serial,
        may_use=lambda device: os.access(device, os.R_OK | os.W_OK),
        group_of=_group_of,
        chip_of=chip.chip_of,
        listen=console.listen,
    )


def examine(machine: Machine) -> Iterator[Row]:
    """All findings, in the order in which one would solve them."""
    for name, check in checks.CHECKS.items():
        try:
            for finding in check(machine):
                yield Row(name, finding)
        except OSError as error:  # a file of somebody else: the other checks go on
            yield Row(name, Finding(Level.WRONG, "doctor.unreadable", {"error": error, "user": machine.user}))


def show(
    rows: Iterable[Row],
    console: Console,
    language: str,
    about: str = "doctor",
    *,
    phone: str | None = None,
    **values: object,
) -> int:
    """Print what was found as a table, and below it what to do. Returns the exit code: 1 when something is wrong.

    about: whose words in texts.SAY stand around it; values: for these. phone: of the coordination point, where a step needs it.
    """
    levels = texts.say("levels", language).split("|")
    table = Table(title=texts.say(f"{about}.title", language, **values), title_justify="left")
    for column in texts.say("doctor.columns", language).split("|"):
        table.add_column(column, overflow="fold")
    steps = []
    for check, finding in rows:
        name = texts.say(f"check.{check}", language)
        found, step = texts.row(finding.code, finding.values, language)
        table.add_row(Text(name), Text(levels[finding.level], style=_STYLES[finding.level]), Text(found))
        if finding.level > Level.FINE:
            steps.append((finding.level, name, step))
    console.print(table)
    wrong = sum(level is Level.WRONG for level, *_ in steps)
    unknown = sum(level is Level.UNKNOWN for level, *_ in steps)
    noted = sum(level is Level.WARNING for level, *_ in steps)
    said = texts.say(
        f"{about}.wrong" if wrong else f"{about}.noted" if noted else f"{about}.fine",
        language,
        n=wrong or noted,
        **values,
    )
    console.print(said)
    if unknown:
        console.print(texts.say("doctor.unknown", language, n=unknown))
    for number, step in enumerate(_once(steps), start=1):
        # Never folded: there are commands in it, to be copied whole.
        console.print(Text(f"{number}. {step}"), soft_wrap=True)
    if called := texts.whom_to_call(" ".join(step for *_, step in steps), phone, language):
        console.print(Text(called, style="bold"), soft_wrap=True)
    return 1 if wrong else 0


def _once(steps: list[tuple[Level, str, str]]) -> Iterator[str]:
    """Each next step once, with all that it is for; the gravest first."""
    names: dict[str, list[str]] = {}
    for _, name, step in sorted(steps, key=lambda one: -one[0]):
        names.setdefault(step, []).append(name)
    for step, of in names.items():
        yield f"{', '.join(dict.fromkeys(of))}: {step}"


def _group_of(device: str) -> str:
    try:
        return _group(Path(device).stat().st_gid)
    except OSError:
        return "dialout"  # it went away just now; Debian's group for serial ports


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
