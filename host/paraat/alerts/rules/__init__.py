"""One file per alert rule, all of them listed here. Thresholds are settings; rules are code."""

from collections.abc import Callable

from paraat.alerts.rules import certificate_expiry, fuel_loss, help_asked, low_fuel, own_certificate, point_silent
from paraat.alerts.rules.base import Judgement, OwnRule, Rule, Verdict
from paraat.settings import Alerts

__all__ = ["OWN_RULES", "RULES", "Judgement", "OwnRule", "Rule", "Verdict", "make_own_rules", "make_rules"]

RULES: dict[str, Callable[[Alerts], Rule]] = {
    low_fuel.NAME: low_fuel.LowFuelRule,
    fuel_loss.NAME: fuel_loss.FuelLossRule,
    point_silent.NAME: point_silent.PointSilentRule,
    certificate_expiry.NAME: certificate_expiry.CertificateExpiryRule,
    help_asked.NAME: help_asked.HelpAskedRule,
}

# What is judged of the coordination point itself.
OWN_RULES: dict[str, Callable[[Alerts], OwnRule]] = {own_certificate.NAME: own_certificate.OwnCertificateRule}


def make_own_rules(settings: Alerts) -> dict[str, OwnRule]:
    """As make_rules, of OWN_RULES."""
    return {name: rule(settings) for name, rule in OWN_RULES.items()}


def make_rules(settings: Alerts) -> dict[str, Rule]:
    """Every rule with its own thresholds, by name."""
    return {name: rule(settings) for name, rule in RULES.items()}
