"""The table of rules in docs/alerts.md, from the rules themselves: make words"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from paraat.alerts.rules import RULES
from paraat.domain.thresholds import PER_POINT, Alerts
from paraat.texts import Words

PAGE = Path(__file__).parents[3] / "docs/alerts.md"
_BEGIN, _END = "<!-- rules: make words -->\n", "<!-- end of rules -->\n"
_ACTION = re.compile(r"^Do (.*)$", re.MULTILINE)
_ORDER = ("lead", "coordination", "technician")
_WHO = {"lead": "lead", "coordination": "CP", "technician": "technician"}


def table() -> str:
    """In Markdown a row for each wording of each rule: what it is, when, how bad, what to do."""
    head = ("rule", "what", "thresholds", "for", "severity", "what to do")
    rows = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    rules = sorted(RULES, key=lambda name: (_ORDER.index(RULES[name](Alerts(), {}).for_role), name))
    return "\n".join([*rows, *(row for name in rules for row in _rows(name))]) + "\n"


def _rows(name: str) -> Iterator[str]:
    made = RULES[name](Alerts(), {})
    bodies, subjects = Words("en", "mail body"), Words("en", "mail subject")
    for n, (wording, severity) in enumerate(made.wordings.items()):
        key = f"{name}.{wording}"
        action = _ACTION.search(bodies.raw(key))
        title = f"`{name}`" if n == 0 else ""
        limits = _limits(name) if n == 0 else ""
        who = _WHO[made.for_role] if n == 0 else ""
        cells = (title, subjects.raw(key), limits, who, severity, action[1] if action else "")
        yield f"| {' | '.join(cells)} |"


def _limits(name: str) -> str:
    """The keys of [alerts.<rule>] with their standard values; those of another table where it has none of its own."""
    found = getattr(Alerts(), name, None)
    if found is None:
        return "as `certificate_expiry`"
    told = ", ".join(f"{key} {_said(value)}" for key, value in msgspec.structs.asdict(found).items())
    return f"{told}{' *' if name in PER_POINT else ''}"


def _said(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value or "none")


def written(page: str) -> str:
    """The page with the table as it is now. Raises ValueError where it has no place for it."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE}: no lines {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{begin}{table()}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
