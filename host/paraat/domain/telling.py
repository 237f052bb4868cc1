"""How people are told: [telling] of site.toml. When an alert begins and ends is [alerts]; who is told stands in roster.toml."""

from typing import Annotated

from msgspec import Meta

from paraat.domain.fields import NotNegative, Part, Positive
from paraat.domain.roster import COORDINATION, DEPUTY, LEAD, REGION, TECHNICIAN

CRITICAL, WARNING = "critical", "warning"
SEVERITIES = (WARNING, CRITICAL)  # the worst last

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


class Rungs(Part, frozen=True):
    """[telling.critical], [telling.warning]: seconds after the alert until each next rung is told, 0: never.

    remind_every_s: while nobody acknowledges; 0: never. copy: the coordination point reads along from the beginning.
    quiet: nobody is told in the quiet hours.
    """

    deputy_after_s: NotNegative
    coordination_after_s: NotNegative
    region_after_s: NotNegative
    remind_every_s: NotNegative
    copy: bool
    quiet: bool

    def after_s(self, rung: str) -> float | None:
        """When a rung is told, counted from the alert; None: never."""
        if rung in (LEAD, TECHNICIAN):
            return 0.0
        after: dict[str, float] = {
            DEPUTY: self.deputy_after_s,
            COORDINATION: self.coordination_after_s,
            REGION: self.region_after_s,
        }
        return after[rung] or None


class Critical(Rungs, frozen=True):
    """[telling.critical]: the last rung within half an hour, with the pauses between messages."""

    deputy_after_s: NotNegative = 300.0
    coordination_after_s: NotNegative = 720.0
    region_after_s: NotNegative = 1200.0
    remind_every_s: NotNegative = 3600.0
    copy: bool = True
    quiet: bool = False


class Warned(Rungs, frozen=True):
    """[telling.warning]: a job for today, not for tonight."""

    deputy_after_s: NotNegative = 4 * 3600.0
    coordination_after_s: NotNegative = 8 * 3600.0
    region_after_s: NotNegative = 0.0
    remind_every_s: NotNegative = 24 * 3600.0
    copy: bool = False
    quiet: bool = True


class Telling(Part, frozen=True):
    """[telling]

    per_hour: no person gets more messages in an hour. gather_s: so long the coordination point, the region and a technician
    wait for more of the same before the first message. late_after_s: what leaves later says so. flaps: so many times an alert
    may fire within flap_within_s; then it stands until it was good for calm_s. ease_s: so long it must be less bad before a
    worse turn counts as one again. grace_s: after a cause is over (the broker is back), what fell silent with it has so
    long to speak up. silence_most_h: nothing is silenced for longer at once; silence_critical_h: and a critical alert is
    told so long after somebody silenced its subject.
    """

    critical: Critical = Critical()
    warning: Warned = Warned()
    quiet_begins: Clock = "22:00"
    quiet_ends: Clock = "07:00"
    per_hour: Annotated[int, Meta(ge=1, le=60)] = 6
    gather_s: NotNegative = 60.0
    late_after_s: Positive = 300.0
    flaps: Annotated[int, Meta(ge=2, le=100)] = 3
    flap_within_s: Positive = 6 * 3600.0
    calm_s: Positive = 3600.0
    ease_s: Positive = 1800.0
    grace_s: NotNegative = 420.0
    silence_most_h: Positive = 168.0
    silence_critical_h: Positive = 12.0

    def rungs(self, severity: str) -> Rungs:
        """What holds for a severity; one that is not known is critical."""
        return self.warning if severity == WARNING else self.critical
