"""When an alert begins and ends. Thresholds are settings, never constants of a rule.

[alerts.<rule>] of site.toml holds for the whole site; a profile, and after it a point's own file, may have other values for
all that is about a point (PER_POINT), hold_s too. What a profile says already (target_h, the limits of heat, open_within_h, renew_days) is not said here again. `paraat alerts rules` lists them all, as they are on a site.
"""

from typing import Annotated

from msgspec import Meta

from paraat.domain.fields import Bytes, Count, NotNegative, Part, Percent, Positive, Text


class LowFuel(Part, frozen=True):
    """[alerts.low_fuel]: fires below one of raise_*, resolves only above both clear_*. At each of worse_hours it is told anew.

    Where the hours of a tank that is filled to full_percent do not reach clear_hours, those end it, and it fires below short_percent
    of them: no tank is filled to the brim.
    """

    raise_hours: Positive = 6.0
    clear_hours: Positive = 8.0
    raise_percent: Percent = 20.0
    clear_percent: Percent = 25.0
    worse_hours: tuple[NotNegative, ...] = (4.0, 2.0, 1.0, 0.0)
    full_percent: Percent = 85.0
    short_percent: Annotated[float, Meta(ge=0, lt=100)] = 90.0
    hold_s: NotNegative = 120.0


class FuelTarget(Part, frozen=True):
    """[alerts.fuel_target]: fires in standby, when the tank holds less than this part of the hours that are asked.

    Where a tank that is filled to full_percent does not hold those, its own hours are what is asked.
    """

    raise_percent: Percent = 90.0
    clear_percent: Percent = 100.0
    full_percent: Percent = 85.0
    hold_s: NotNegative = 3600.0


class FuelLoss(Part, frozen=True):
    """[alerts.fuel_loss]: fires when the level falls while the generator is off, by so many litres and so much of the tank at
    least; it is told for told_h, or until the tank is filled.

    What can be told from the ripple of the gauge is found: a hundredth of the tank within three hours, or more. That is no
    threshold but what a gauge can show.
    """

    raise_litres: NotNegative = 0.0
    raise_percent: Percent = 0.0
    told_h: Positive = 24.0
    hold_s: NotNegative = 120.0


class FuelGauge(Part, frozen=True):
    """[alerts.fuel_gauge]: fires when the gauge of the fuel stands still while the generator runs, for stuck_s at least, or rises by
    itself, by so much of the tank at least; a delivery within filled_within_h shows that it moves again.

    Found is what stands out of its ripple: an hour, and three hundredths of the tank, or more.
    """

    stuck_s: Positive = 3600.0
    rise_percent: Percent = 3.0
    filled_within_h: Positive = 24.0
    hold_s: NotNegative = 600.0


class MainsOut(Part, frozen=True):
    """[alerts.mains_out]: fires when the mains are out and the generator carries the point."""

    hold_s: NotNegative = 60.0


class GeneratorDown(Part, frozen=True):
    """[alerts.generator_down]: fires when the mains are out and the generator does not run. It needs half a minute to start."""

    hold_s: NotNegative = 45.0


class GeneratorStopped(Part, frozen=True):
    """[alerts.generator_stopped]: fires when the generator stopped, and nobody knows whether the mains are back."""

    hold_s: NotNegative = 45.0


class GeneratorLong(Part, frozen=True):
    """[alerts.generator_long]: fires when it runs for longer than this, with mains (a test) and without.

    Makers of standby generators want oil and coolant looked at each day of running.
    """

    mains_h: Positive = 2.0
    outage_h: Positive = 24.0
    hold_s: NotNegative = 60.0


class TestOverdue(Part, frozen=True):
    """[alerts.test_overdue]: fires when the last test run is longer ago than the profile's [upkeep] allows, or when none is known
    after the host has watched for unknown_after_h.
    """

    unknown_after_h: Positive = 24.0
    hold_s: NotNegative = 3600.0


class BatteryLow(Part, frozen=True):
    """[alerts.battery_low]: fires below one of raise_*, resolves only above both clear_* (of what is measured).

    Volts are those of a battery of 12 V; where [board] battery_low_v of a point says another, both move with it.
    """

    raise_percent: Percent = 30.0
    clear_percent: Percent = 40.0
    raise_v: Positive = 11.8
    clear_v: Positive = 12.4
    hold_s: NotNegative = 300.0


class Climate(Part, frozen=True):
    """[alerts.too_cold] and [alerts.too_warm]: the limits are those of the profile's [climate]."""

    hold_s: NotNegative = 900.0


class BadAir(Part, frozen=True):
    """[alerts.bad_air]: the limits are those of the profile's [climate]; it ends below again_percent of stuffy_ppm."""

    again_percent: Percent = 90.0
    hold_s: NotNegative = 300.0


class Crowded(Part, frozen=True):
    """[alerts.crowded]: the limits are those of the profile's [people]; it ends so many of a hundred places below them."""

    hysteresis_percent: Percent = 5.0
    hold_s: NotNegative = 120.0


class SensorFault(Part, frozen=True):
    """[alerts.sensor_fault]: fires when a sensor is at fault for so long."""

    hold_s: NotNegative = 900.0


class Silent(Part, frozen=True):
    """[alerts.point_silent]: fires when a point was not heard for after_s."""

    after_s: Positive = 300.0
    hold_s: NotNegative = 60.0


class NeighbourSilent(Part, frozen=True):
    """[alerts.neighbour_silent]: fires when a host of [watcher] neighbours gave no sign of life for after_s."""

    after_s: Positive = 300.0
    hold_s: NotNegative = 60.0


class OpeningLate(Part, frozen=True):
    """[alerts.opening_late]: fires when a point will not be open within the profile's open_within_h."""

    hold_s: NotNegative = 60.0


class Attestation(Part, frozen=True):
    """[alerts.attestation_ends]: fires when a word ends within the profile's renew_days, or has ended."""

    hold_s: NotNegative = 3600.0


class CertificateExpiry(Part, frozen=True):
    """[alerts.certificate_expiry]: fires so long before the certificate of a board ends."""

    raise_days: Positive = 60.0  # time to plan a visit to every point
    hold_s: NotNegative = 600.0


class HelpAsked(Part, frozen=True):
    """[alerts.help_asked]: fires when the help button of a point is held, and ends so long after the last time. What comes in
    later than told_late_s says that it did.
    """

    for_s: Positive = 3600.0
    told_late_s: Positive = 300.0
    late_s: Positive = 43_200.0  # a call that came in later than this is of another day


class TextFailed(Part, frozen=True):
    """[alerts.text_failed]: fires when the words of a message failed, and ends so long after the last time."""

    for_s: Positive = 86400.0


class BoardMemory(Part, frozen=True):
    """[alerts.board_memory]: below these the board's memory runs low: the card says so, and a technician is told.

    It ends above again_percent of each. Our firmware leaves 20 KB of the chip's own heap, in it a block of 12 KB, and 20 KB of Python's.
    """

    idf_free_bytes: Bytes = 16384
    idf_largest_bytes: Bytes = 8192
    heap_free_bytes: Bytes = 12288
    again_percent: Annotated[float, Meta(ge=100, le=1000)] = 110.0
    hold_s: NotNegative = 1800.0


class BoardRestarts(Part, frozen=True):
    """[alerts.board_restarts]: fires when a board started raise_times within within_s; resolves when it did no more than again_times."""

    raise_times: Count = 4
    again_times: Annotated[int, Meta(ge=0, le=10_000)] = 1
    within_s: Positive = 3600.0
    hold_s: NotNegative = 0.0


class ClockUnsure(Part, frozen=True):
    """[alerts.clock_unsure]: fires when a board does not know the time for so long."""

    hold_s: NotNegative = 1800.0


class DataGap(Part, frozen=True):
    """[alerts.data_gap]: fires when sets of a point that is heard are missing for so long, and ends told_h after the gap: what did
    not come by then will not.
    """

    told_h: Positive = 24.0
    hold_s: NotNegative = 7200.0


class BrokerUnreachable(Part, frozen=True):
    """[alerts.broker_unreachable]: fires when the host has no connection with the broker."""

    hold_s: NotNegative = 60.0


class DatabaseBehind(Part, frozen=True):
    """[alerts.database_behind]: fires when the oldest reading that InfluxDB has not got is so old."""

    behind_s: Positive = 900.0
    caught_up_s: Positive = 120.0
    hold_s: NotNegative = 60.0


class LoopHangs(Part, frozen=True):
    """[alerts.loop_hangs]: fires when a part of the program has not got on for longer than it ever should."""

    hold_s: NotNegative = 0.0


class DiskFull(Part, frozen=True):
    """[alerts.disk_full]: fires when the journal's disk is full within raise_hours, or when so little is free."""

    raise_hours: Positive = 72.0
    clear_hours: Positive = 144.0
    raise_free_percent: Percent = 5.0
    clear_free_percent: Percent = 8.0
    hold_s: NotNegative = 600.0


class HostClock(Part, frozen=True):
    """[alerts.host_clock]: fires when nothing keeps the host's clock right for so long."""

    hold_s: NotNegative = 1800.0


class ClockWrong(Part, frozen=True):
    """[alerts.clock_wrong]: fires when boards, or the journal, have contradicted the host's clock for so long."""

    hold_s: NotNegative = 60.0


class JournalFails(Part, frozen=True):
    """[alerts.journal_fails]: fires when nothing could be kept for so long, or a damaged journal was set aside so long ago."""

    hold_s: NotNegative = 15.0


class SecondHost(Part, frozen=True):
    """[alerts.second_host]: fires when two hosts have wanted the same boards, or the spare one has served, for so long."""

    hold_s: NotNegative = 30.0


class OnBattery(Part, frozen=True):
    """[alerts.on_battery]: fires when the host's UPS carries it. low_percent: then it is critical. ups: its name in NUT."""

    low_percent: Percent = 40.0
    ups: Text = "ups@localhost"
    hold_s: NotNegative = 30.0


class BackupOld(Part, frozen=True):
    """[alerts.backup_old]: fires when the newest file in `path` (relative to the site's folder) is so old. No path: no rule."""

    path: Text | None = None
    raise_hours: Positive = 48.0
    hold_s: NotNegative = 600.0


class ChannelFails(Part, frozen=True):
    """[alerts.channel_fails]: fires when a channel has taken no message for so long that was tried."""

    hold_s: NotNegative = 300.0


class MailboxFails(Part, frozen=True):
    """[alerts.mailbox_fails]: fires when nobody could look for so long into the mailbox to which mails come back."""

    hold_s: NotNegative = 900.0


class MessageReturned(Part, frozen=True):
    """[alerts.message_returned]: fires when a message that was taken came back, and ends so long after the last one, or when nobody in
    the roster has such an address any more. So long that address is tried after the other ways of its person.
    """

    for_s: Positive = 86_400.0
    hold_s: NotNegative = 0.0


class UnknownBoard(Part, frozen=True):
    """[alerts.unknown_board]: fires when a board sends that belongs to no point; ends when it sent nothing for clear_s."""

    clear_s: Positive = 86_400.0
    hold_s: NotNegative = 0.0


class Alerts(Part, frozen=True):
    """[alerts]"""

    low_fuel: LowFuel = LowFuel()
    fuel_target: FuelTarget = FuelTarget()
    fuel_loss: FuelLoss = FuelLoss()
    fuel_gauge: FuelGauge = FuelGauge()
    mains_out: MainsOut = MainsOut()
    generator_down: GeneratorDown = GeneratorDown()
    generator_stopped: GeneratorStopped = GeneratorStopped()
    generator_long: GeneratorLong = GeneratorLong()
    test_overdue: TestOverdue = TestOverdue()
    battery_low: BatteryLow = BatteryLow()
    too_cold: Climate = Climate()
    too_warm: Climate = Climate()
    bad_air: BadAir = BadAir()
    crowded: Crowded = Crowded()
    sensor_fault: SensorFault = SensorFault()
    point_silent: Silent = Silent()
    neighbour_silent: NeighbourSilent = NeighbourSilent()
    opening_late: OpeningLate = OpeningLate()
    attestation_ends: Attestation = Attestation()
    certificate_expiry: CertificateExpiry = CertificateExpiry()
    help_asked: HelpAsked = HelpAsked()
    text_failed: TextFailed = TextFailed()
    board_memory: BoardMemory = BoardMemory()
    board_restarts: BoardRestarts = BoardRestarts()
    clock_unsure: ClockUnsure = ClockUnsure()
    data_gap: DataGap = DataGap()
    broker_unreachable: BrokerUnreachable = BrokerUnreachable()
    database_behind: DatabaseBehind = DatabaseBehind()
    loop_hangs: LoopHangs = LoopHangs()
    disk_full: DiskFull = DiskFull()
    host_clock: HostClock = HostClock()
    clock_wrong: ClockWrong = ClockWrong()
    journal_fails: JournalFails = JournalFails()
    second_host: SecondHost = SecondHost()
    on_battery: OnBattery = OnBattery()
    backup_old: BackupOld = BackupOld()
    channel_fails: ChannelFails = ChannelFails()
    mailbox_fails: MailboxFails = MailboxFails()
    message_returned: MessageReturned = MessageReturned()
    unknown_board: UnknownBoard = UnknownBoard()


# That a profile and a point may change: all that is about a point.
PER_POINT = (
    "low_fuel",
    "fuel_target",
    "fuel_loss",
    "fuel_gauge",
    "mains_out",
    "generator_down",
    "generator_stopped",
    "generator_long",
    "test_overdue",
    "battery_low",
    "too_cold",
    "too_warm",
    "bad_air",
    "crowded",
    "sensor_fault",
    "point_silent",
    "opening_late",
    "attestation_ends",
    "certificate_expiry",
    "help_asked",
    "board_memory",
    "board_restarts",
    "clock_unsure",
    "data_gap",
)
