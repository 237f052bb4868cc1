"""It is too cold for people, who may be there for days."""

from paraat.alerts.rules._climate import TemperatureRule
from paraat.domain.remarks import COLD


class TooColdRule(TemperatureRule):
    """Raises below the profile's cold_c anywhere in the point; clears from cool_c on everywhere. With people: critical."""

    code = COLD
