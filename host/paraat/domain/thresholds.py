"""When an alert begins and ends: [alerts] of site.toml. Thresholds are settings, never constants of a rule."""

from paraat.domain.fields import Bytes, NotNegative, Part, Percent, Positive


class LowFuel(Part, frozen=True):
    """[alerts.low_fuel]: fires below one of raise_*, resolves only above both clear_*."""

    raise_hours: Positive = 6.0
    clear_hours: Positive = 8.0
    raise_percent: Percent = 20.0
    clear_percent: Percent = 25.0
    hold_s: NotNegative = 120.0


class FuelLoss(Part, frozen=True):
    """[alerts.fuel_loss]: fires when the level falls while the generator is off."""

    hold_s: NotNegative = 120.0


class Silent(Part, frozen=True):
    """[alerts.point_silent]: fires when a point was not heard for after_s."""

    after_s: Positive = 300.0
    hold_s: NotNegative = 60.0


class CertificateExpiry(Part, frozen=True):
    """[alerts.certificate_expiry]: fires so long before the certificate of a board ends."""

    raise_days: Positive = 60.0  # time to plan a visit to every point
    hold_s: NotNegative = 600.0


class HelpAsked(Part, frozen=True):
    """[alerts.help_asked]: fires when the help button of a point is held, and ends so long after the last time."""

    for_s: Positive = 3600.0
    late_s: Positive = 43_200.0  # a call that came in later than this is of another day


class TextFailed(Part, frozen=True):
    """[alerts.text_failed]: fires when the words of a message failed, and ends so long after the last time."""

    for_s: Positive = 86400.0


class BoardMemory(Part, frozen=True):
    """[alerts.board_memory]: below these the card says that the board's memory runs low; nobody gets a message.

    Our firmware leaves 20 KB of the chip's own heap, in it a block of 12 KB, and 20 KB of Python's.
    """

    idf_free_bytes: Bytes = 16384
    idf_largest_bytes: Bytes = 8192
    heap_free_bytes: Bytes = 12288


class Alerts(Part, frozen=True):
    """[alerts]"""

    low_fuel: LowFuel = LowFuel()
    fuel_loss: FuelLoss = FuelLoss()
    point_silent: Silent = Silent()
    certificate_expiry: CertificateExpiry = CertificateExpiry()
    help_asked: HelpAsked = HelpAsked()
    text_failed: TextFailed = TextFailed()
    board_memory: BoardMemory = BoardMemory()
