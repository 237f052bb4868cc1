"""What every rule says, for whom and when, in a language and with the thresholds of a site: `paraat alerts rules`."""

from collections.abc import Iterator

import msgspec

from paraat.alerts.rules import RULES
from paraat.domain.thresholds import PER_POINT, Alerts
from paraat.texts import Words

_ORDER = ("lead", "coordination", "technician")
_ACTION = 1  # the line of a mail that says what to do


def lines(alerts: Alerts, language: str) -> Iterator[str]:
    """Rule by rule: its name and the role of the roster it is for, its thresholds (*: a profile or a point may say others), its wordings.

    alerts: the thresholds of the site. Of a wording: its severity, what a mail's subject says, and what is to be done.
    """
    made = {name: rule(alerts, {}) for name, rule in RULES.items()}
    web, subjects, bodies = Words(language, "web"), Words(language, "mail subject"), Words(language, "mail body")
    for name in sorted(made, key=lambda name: (_ORDER.index(made[name].for_role), name)):
        rule = made[name]
        yield f"{name}: {web(f'rule.{name}')} ({rule.for_role})"
        if limits := _limits(alerts, name):
            yield f"  [alerts.{name}] {limits}"
        for wording, severity in rule.wordings.items():
            key = f"{name}.{wording}"
            action = bodies.raw(key).splitlines()[_ACTION]
            yield f"  {web(f'severity.{severity}')}: {subjects.raw(key)}. {action}"


def _limits(alerts: Alerts, name: str) -> str:
    """The keys of [alerts.<rule>] with their values here; nothing for a rule that takes those of another."""
    found = getattr(alerts, name, None)
    if found is None:
        return ""
    told = ", ".join(f"{key} = {_said(value)}" for key, value in msgspec.structs.asdict(found).items())
    return f"{told}{' *' if name in PER_POINT else ''}"


def _said(value: float | str | tuple[float, ...] | None) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_said, value))}]"
    return f"{value:g}" if isinstance(value, int | float) else msgspec.json.encode(value or "").decode()
