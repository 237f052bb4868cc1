"""It is too warm for people, the old and the sick first."""

from paraat.alerts.rules._climate import TemperatureRule
from paraat.domain.remarks import WARM


class TooWarmRule(TemperatureRule):
    """Raises above the profile's hot_c anywhere in the point; clears from warm_c on down everywhere. With people: critical."""

    code = WARM
