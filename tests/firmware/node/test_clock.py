import time

import machine
import wiring
from bench import board_ticks, hardware
from devices.ds3231 import DS3231
from node.clock import Clock
from node.journal import TELEMETRY, Entry

NOON = 1795521600  # 2026-11-24 12:00:00 UTC


def entry(t, dated, boot=7):
    return Entry(1, TELEMETRY, t, dated, boot, [], [])


def set_rtc(year):
    """The chip's clock as a soft reset finds it, when it was once set."""
    machine.RTC().datetime((year, 11, 24, 0, 12, 0, 0, 0))
    machine.RTC().memory(b"paraat")


class Battery:
    """A battery clock as the node uses it."""

    def __init__(self, unix_s):
        self.unix_s = unix_s
        self.broken = False

    def read(self):
        if self.broken:
            raise OSError(19)
        return self.unix_s

    def write(self, unix_s):
        if self.broken:
            raise OSError(19)
        self.unix_s = unix_s


def test_a_cold_board_has_no_time():
    clock = Clock()
    assert clock.source == "none"
    time.sleep(5)
    assert clock.now() == (5, False)
    assert clock.bt(entry(2, False), 7) == (-3, False)


def test_the_hosts_time_dates_also_what_came_before_it():
    clock = Clock()
    time.sleep(100)
    assert clock.set_from_host(NOON) is None
    assert clock.source == "host"
    time.sleep(10)
    assert clock.now() == (NOON + 10, True)
    assert clock.bt(entry(40, False), 7) == (NOON - 60, False)
    assert clock.bt(entry(NOON - 5, True), 7) == (NOON - 5, False)


def test_a_set_of_an_earlier_boot_without_a_clock_is_at_least_as_old_as_this_boot():
    clock = Clock()
    time.sleep(30)
    clock.set_from_host(NOON)
    assert clock.bt(entry(500, False, boot=6), 7) == (NOON - 30, True)
    assert clock.bt(entry(NOON - 500, True, boot=6), 7) == (NOON - 500, False)


def test_a_clock_that_survived_a_soft_reset_is_taken():
    set_rtc(2026)
    clock = Clock()
    assert clock.source == "rtc"
    time.sleep(3)
    assert clock.now() == (NOON + 3, True)


def test_a_clock_of_2000_or_2099_is_not():
    for year in (2000, 2024, 2099):
        set_rtc(year)
        assert Clock().source == "none", year


def test_a_clock_that_runs_behind_the_stored_time_is_not():
    Clock().set_from_host(NOON + 86400)
    set_rtc(2026)
    assert Clock().source == "stored"


def power_off():
    machine.RTC().datetime((2000, 1, 1, 0, 0, 0, 0, 0))
    machine.RTC().memory(b"")


def chip_s():
    """What a certificate is judged by."""
    return time.time() + 946684800 - (0 if time.gmtime(0)[0] == 2000 else 946684800)


def test_a_battery_clock_is_taken_after_a_power_cut_and_corrected_by_the_host():
    battery = Battery(NOON + 100)
    clock = Clock(NOON - 86400, battery)
    assert clock.source == "rtc"
    assert clock.now() == (NOON + 100, True)
    assert abs(chip_s() - NOON - 100) < 2
    clock.set_from_host(NOON)
    assert battery.unix_s == NOON
    battery.unix_s = 0
    clock.set_from_host(NOON)  # nothing to correct: the battery clock is left alone
    assert battery.unix_s == 0


def test_a_battery_clock_of_2000_or_2099_is_not_and_the_image_gives_a_floor():
    for wrong in (946684800, NOON - 2 * 86400, NOON + 11 * 365 * 86400, 4070908799):
        power_off()
        clock = Clock(NOON - 86400, Battery(wrong))
        assert clock.source == "stored", wrong
        assert not clock.trusted
        assert abs(chip_s() - NOON + 86400) < 2, "good enough to judge a certificate"


def test_a_broken_battery_clock_stops_nothing():
    battery = Battery(NOON)
    battery.broken = True
    clock = Clock(0, battery)
    assert clock.source == "none"
    clock.set_from_host(NOON)
    assert clock.source == "host"


def test_a_floor_is_not_taken_for_a_clock_after_a_soft_reset():
    assert Clock(NOON).source == "stored"
    time.sleep(100)
    assert Clock(NOON).source == "stored"


def test_a_clock_with_which_no_certificate_is_valid_is_given_up():
    clock = Clock(NOON, Battery(NOON + 5 * 365 * 86400))
    assert clock.trusted
    clock.doubt()
    clock.judged()
    assert clock.source == "stored"
    assert abs(chip_s() - NOON) < 2
    assert clock.set_from_ntp(NOON + 3600)
    assert clock.source == "ntp"
    assert clock.now() == (NOON + 3600, True)


def test_ntp_is_taken_only_where_nothing_better_is_known():
    clock = Clock(NOON)
    for wrong in (946684800, NOON - 1, NOON + 11 * 365 * 86400):
        assert not clock.set_from_ntp(wrong)
    assert clock.set_from_ntp(NOON + 5)
    assert not clock.set_from_ntp(NOON + 500)
    assert clock.set_from_host(NOON + 9) == 4
    assert not clock.set_from_ntp(NOON + 500)
    assert clock.source == "host"


def test_the_stored_time_survives_and_dates_nothing():
    Clock().set_from_host(NOON)
    power_off()
    clock = Clock()
    assert clock.source == "stored"
    assert not clock.trusted
    assert clock.now()[1] is False


def test_the_host_corrects_a_wrong_clock_and_small_delays_do_not_shake_it():
    set_rtc(2026)
    clock = Clock()
    assert clock.set_from_host(NOON + 600) == 600
    assert clock.now() == (NOON + 600, True)
    time.sleep(60)
    assert clock.set_from_host(NOON + 661) == 1
    assert clock.now() == (NOON + 660, True)
    assert machine.RTC().datetime()[:3] == (2026, 11, 24)


def test_two_seconds_are_a_wrong_clock_and_one_is_the_way():
    for by in (2, -2):
        clock = Clock()
        clock.set_from_host(NOON)
        assert clock.set_from_host(NOON + by) == by
        assert clock.now() == (NOON + by, True), by
    for by in (1, -1):
        clock = Clock()
        clock.set_from_host(NOON)
        assert clock.set_from_host(NOON + by) == by
        assert clock.now() == (NOON, True), by


def test_the_time_is_stored_once_an_hour_not_more_often_and_not_seldomer():
    clock = Clock()
    time.sleep(1)
    clock.set_from_host(NOON)
    assert clock.stored_s == NOON
    time.sleep(3599)
    clock.set_from_host(NOON + 3599)
    assert clock.stored_s == NOON
    time.sleep(1)
    clock.set_from_host(NOON + 3600)
    assert clock.stored_s == NOON + 3600
    assert Clock().stored_s == NOON + 3600, "in flash too"
    time.sleep(7200)
    clock.set_from_host(NOON + 10800)
    assert clock.stored_s == NOON + 10800, "also when it comes long after the hour"


def test_a_step_of_an_hour_is_stored_at_once_and_a_smaller_one_when_the_hour_is_over():
    for step, stored in ((3599, NOON), (-3599, NOON), (3600, NOON + 3600), (-3600, NOON - 3600)):
        clock = Clock()
        time.sleep(1)
        clock.set_from_host(NOON)
        clock.set_from_host(NOON + step)
        assert clock.stored_s == stored, step


def test_a_battery_clock_is_believed_from_the_floor_until_ten_years_above_it():
    for found, source in ((-1, "stored"), (0, "rtc"), (315360000 - 1, "rtc"), (315360000, "stored")):
        power_off()
        assert Clock(NOON, Battery(NOON + found)).source == source, found


def test_times_are_believed_from_2025_until_2068():
    first, end = 1735689600, 3092601600
    for wrong in (first - 1, end):
        power_off()
        clock = Clock(0, Battery(wrong))
        assert clock.source == "none"
        assert not clock.set_from_ntp(wrong)
        assert clock.set_from_host(wrong) is None
        assert clock.source == "none"
        with open("clock", "w") as f:
            f.write(str(wrong))
        assert Clock().stored_s == 0
    for right in (first, end - 1):
        for take in (Clock.set_from_ntp, Clock.set_from_host):
            power_off()
            with open("clock", "w") as f:
                f.write("0")
            assert Clock(0, Battery(right)).source == "rtc"
            power_off()
            clock = Clock()
            take(clock, right)
            assert clock.now() == (right, True)
        with open("clock", "w") as f:
            f.write(str(right))
        assert Clock().stored_s == right


def test_a_set_is_dated_by_the_time_that_held_when_it_was_read():
    clock = Clock()
    clock.set_from_host(NOON, next_seq=1)
    clock.set_from_host(NOON + 500, next_seq=10)
    assert clock.bt(Entry(9, TELEMETRY, NOON, True, 7, [], []), 7) == (NOON + 500, False)
    assert clock.bt(Entry(10, TELEMETRY, NOON + 500, True, 7, [], []), 7) == (NOON + 500, False)


def test_a_host_that_knows_no_time_itself_is_not_believed():
    clock = Clock()
    for wrong in (0, 946684800, 4070908800):
        assert clock.set_from_host(wrong) is None
        assert clock.source == "none"


def test_uptime_outlives_the_ticks():
    board_ticks()
    clock = Clock()
    for _ in range(5):
        time.sleep(5 * 86400)
        clock.uptime_s()
    assert clock.uptime_s() == 25 * 86400


# --- no wrong clock locks the board out ---


class Certificate:
    """What mbedtls makes of a certificate by the chip's clock."""

    def __init__(self, start, end):
        self.start = start
        self.end = end

    def is_valid(self):
        return self.start <= chip_s() < self.end


def reaches(clock, certificate, ntp_s=None, attempts=6):
    """Whether the board gets in: as node.uplink does, it asks the time server before an attempt, and doubts after."""
    for _ in range(attempts):
        if clock.wants_time and ntp_s is not None:
            clock.set_from_ntp(ntp_s)
        if certificate.is_valid():
            clock.judged()
            return True
        clock.doubt()
    return False


YEAR = 365 * 86400


def test_no_order_of_wrong_clocks_locks_the_board_out():
    certificate = Certificate(NOON - 86400, NOON + 5 * YEAR)
    for battery in (None, 946684800, NOON - 3 * YEAR, NOON + 6 * YEAR, NOON + 9 * YEAR, 4070908799):
        for stored in (0, NOON - YEAR, NOON, NOON + 7 * YEAR, 4070000000):
            for built, ntp in ((NOON, None), (NOON, NOON + 60), (0, NOON + 60), (NOON + 8 * YEAR, NOON + 60)):
                power_off()
                with open("clock", "w") as f:
                    f.write(str(stored))
                clock = Clock(built, None if battery is None else Battery(battery))
                assert reaches(clock, certificate, ntp), (battery, stored, built, ntp)
                clock.set_from_host(NOON + 90)
                assert clock.now() == (NOON + 90, True)
                power_off()
                clock = Clock(built, None if battery is None else Battery(battery))
                assert reaches(clock, certificate, ntp), "again, after the next power cut"


def test_an_expired_certificate_stays_expired_once_the_time_is_known():
    certificate = Certificate(NOON - 30 * 86400, NOON - 86400)
    clock = Clock(NOON - 20 * 86400)
    clock.set_from_host(NOON)
    assert not reaches(clock, certificate)
    assert not reaches(clock, certificate, NOON)
    assert clock.trusted
    assert clock.now()[0] == NOON


def test_a_host_that_was_wrong_for_a_minute_is_outlived():
    clock = Clock(NOON)
    clock.set_from_host(NOON + 12 * YEAR)
    certificate = Certificate(NOON - 86400, NOON + 5 * YEAR)
    assert not reaches(clock, certificate), "only a time server, the host or a restart can help"
    assert reaches(clock, certificate, NOON + 300)
    clock.set_from_host(NOON + 301)
    power_off()
    assert Clock(NOON).stored_s == NOON + 301, "what is stored follows the host"


def test_a_battery_clock_by_which_no_certificate_is_valid_keeps_dating_until_another_proves_right():
    clock = Clock(NOON, Battery(NOON + 6 * YEAR))
    clock.doubt()
    assert clock.trusted
    assert machine.RTC().memory() == b"", "a soft reset must not take the image's time for ours"
    clock.judged(next_seq=20)
    assert not clock.trusted
    # What it dated in this boot is sent with its age, and right once the time is known.
    time.sleep(100)
    assert clock.bt(Entry(19, TELEMETRY, NOON + 6 * YEAR + 40, True, 7, [], []), 7) == (-60, False)
    clock.set_from_host(NOON + 500, next_seq=30)
    assert clock.bt(Entry(19, TELEMETRY, NOON + 6 * YEAR + 40, True, 7, [], []), 7) == (NOON + 440, False)
    assert clock.bt(Entry(25, TELEMETRY, 70, False, 7, [], []), 7) == (NOON + 470, False)
    assert clock.bt(Entry(31, TELEMETRY, NOON + 510, True, 7, [], []), 7) == (NOON + 510, False)


def test_two_steps_of_the_hosts_clock_date_what_waits_by_the_last():
    clock = Clock()
    clock.set_from_host(NOON, next_seq=5)
    sets = []
    for seq, step in ((5, 0), (10, 3600), (15, -3600), (20, 0)):
        time.sleep(60)
        up = clock.uptime_s()
        clock.set_from_host(NOON + up + step, next_seq=seq)
        sets.append((Entry(seq, TELEMETRY, clock.now()[0], True, 7, [], []), NOON + up))
    for entry_, right in sets:
        assert clock.bt(entry_, 7) == (right, False), entry_
    old = Entry(3, TELEMETRY, NOON - 5, True, 6, [], [])
    assert clock.bt(old, 7) == (NOON - 5, False), "of an earlier boot: left as it is"


def ds3231():
    """The battery clock's driver on the chip's model, as the board has it."""
    buses = {"i2c0": {"kind": "i2c", "scl": 22, "sda": 21}, "rtc": {"bus": "i2c0"}}
    chip = wiring.i2c.setdefault((22, 21), {}).setdefault(0x68, DS3231())
    return chip, hardware(buses).battery_clock()


def test_the_ds3231_as_delivered_after_the_host_and_with_an_empty_battery():
    chip, driver = ds3231()
    clock = Clock(NOON - 86400, driver)
    assert clock.source == "stored", "as delivered it has no time"
    clock.set_from_host(NOON)
    power_off()
    time.sleep(3600)
    clock = Clock(NOON - 86400, driver)
    assert clock.source == "rtc"
    assert abs(clock.now()[0] - NOON - 3600) <= 1
    power_off()
    chip.stop()
    assert Clock(NOON - 86400, driver).source == "stored"


def test_a_time_that_the_board_cannot_count_is_taken_from_nobody():
    # 2068-01-19 03:14:08 and 2090: more than 2**31 s since 2000, where the board's gmtime() raises OverflowError.
    for beyond in (3094168448, 3786912000):
        clock = Clock(battery=Battery(beyond))
        assert clock.source == "none"
        clock.doubt()
        assert not clock.set_from_ntp(beyond)
        assert clock.set_from_host(beyond) is None
        with open("clock", "w") as f:
            f.write(str(beyond))
        assert Clock().source == "none"


def test_a_ds3231_of_2000_or_2099_is_not_believed_and_then_set_right():
    for wrong in (946684800 + 86400, 4070908799):
        power_off()
        _, driver = ds3231()
        driver.write(wrong)
        clock = Clock(NOON, driver)
        assert clock.source == "stored", wrong
        clock.set_from_host(NOON + 5)
        assert driver.read() == NOON + 5


def test_summer_time_comes_and_goes_unseen():
    # 2026-10-25 and 2027-03-28, 01:00 UTC: the clocks of Amsterdam change; the board, its chip and its battery count UTC.
    _, driver = ds3231()
    for change in (1792890000, 1806195600):
        clock = Clock(change - 86400, driver)
        clock.set_from_host(change - 120)
        found = []
        for _ in range(5):
            found.append(clock.now()[0] - change)
            time.sleep(60)
        assert found == [-120, -60, 0, 60, 120]
        assert abs(Clock(change - 86400).now()[0] - change - 180) <= 1, "a soft reset: the chip's clock"
        power_off()
        assert abs(Clock(change - 86400, driver).now()[0] - change - 180) <= 1, "a power cut: the battery clock"
        power_off()


def test_two_seconds_are_a_step_and_one_is_the_networks_delay():
    clock = Clock()
    time.sleep(10)  # from then on the way is short: what it has stored is new
    clock.set_from_host(NOON)
    assert clock.set_from_host(NOON + 1) == 1
    assert clock.now() == (NOON, True)
    assert clock.set_from_host(NOON + 2) == 2
    assert clock.now() == (NOON + 2, True)
