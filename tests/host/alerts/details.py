"""The numbers that a rule's texts ask for, made up: so that words are tested without a list of all rules' details."""

import string

from paraat.texts import Words

_MOMENTS = ("_at", "_t", "_before")  # as alerts/texts.py writes them
_ABOUT_THE_SUBJECT = {"id", "name", "municipality", "renew", "fired_at"}


def made_up_detail(rule: str, now: float) -> dict[str, float | int | str | None]:
    """By each {name} in the English mails of a rule a number; a moment ten minutes ago where it is one."""
    asked: set[str] = set()
    for context in ("mail subject", "mail body"):
        for key, text in Words("en", context).all().items():
            if key.partition(".")[0] == rule:
                asked |= {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return {name: now - 600 if name.endswith(_MOMENTS) else 42.5 for name in asked - _ABOUT_THE_SUBJECT}
