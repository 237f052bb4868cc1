"""One file per alert rule, all of them listed here. Thresholds are settings; rules are code."""

from collections.abc import Callable, Mapping
from typing import Any

from paraat.alerts.rules import certificate_expiry, fuel_loss, help_asked, low_fuel, own_certificate, point_silent
from paraat.alerts.rules.base import Judgement, Rule, Verdict
from paraat.domain.thresholds import Alerts

__all__ = ["RULES", "Judgement", "Rule", "Verdict", "make_rules"]

RULES: dict[str, Callable[[Alerts, Mapping[str, Alerts]], Rule[Any]]] = {
    low_fuel.NAME: low_fuel.LowFuelRule,
    fuel_loss.NAME: fuel_loss.FuelLossRule,
    point_silent.NAME: point_silent.PointSilentRule,
    certificate_expiry.NAME: certificate_expiry.CertificateExpiryRule,
    help_asked.NAME: help_asked.HelpAskedRule,
    own_certificate.NAME: own_certificate.OwnCertificateRule,
}


def make_rules(settings: Alerts, own: Mapping[str, Alerts] | None = None) -> dict[str, Rule[Any]]:
    """Every rule with its thresholds, by name. own: by point, where its profile or its file has others than the site."""
    return {name: rule(settings, own or {}) for name, rule in RULES.items()}
