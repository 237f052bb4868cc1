"""One file per alert rule, called as the rule is, with one class that judges. Thresholds are settings; rules are code."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paraat.alerts.rules.base import Judgement, Rule, Verdict
from paraat.domain.thresholds import Alerts
from paraat.runtime.discovery import classes_in, modules_in

__all__ = ["RULES", "Judgement", "Rule", "Verdict", "make_rules"]


def _found() -> Iterator[tuple[str, Callable[[Alerts, Mapping[str, Alerts]], Rule[Any]]]]:
    for module in modules_in(__name__, __path__):
        [rule] = classes_in(module, "judge")
        yield module.__name__.rpartition(".")[2], rule


RULES: dict[str, Callable[[Alerts, Mapping[str, Alerts]], Rule[Any]]] = dict(_found())


def make_rules(settings: Alerts, own: Mapping[str, Alerts] | None = None) -> dict[str, Rule[Any]]:
    """Every rule with its thresholds, by name. own: by point, where its profile or its file has others than the site."""
    return {name: rule(settings, own or {}) for name, rule in RULES.items()}
