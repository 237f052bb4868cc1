"""What the commands of `paraat` share: their exit codes, and how they complain."""

import sys
from collections.abc import Iterable

from paraat.settings import Site

EXIT_FAILED = 1
EXIT_USAGE = 2  # asked wrongly, or the site's files are wrong
EXIT_STOPPED = 130  # as a shell says it after Ctrl-C


def fail(text: str) -> int:
    """Complain, and return the exit code for that."""
    print(f"paraat: {text}", file=sys.stderr)
    return EXIT_FAILED


def unknown_points(site: Site, points: Iterable[str]) -> str:
    """A complaint about points that the site does not have; empty when there is none."""
    unknown = sorted(set(points) - set(site.points))
    if not unknown:
        return ""
    return f"{site.directory}: no point {', '.join(unknown)}; known are {', '.join(sorted(site.points))}"
