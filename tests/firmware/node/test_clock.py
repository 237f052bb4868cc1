import time

import machine
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


def test_a_host_that_knows_no_time_itself_is_not_believed():
    clock = Clock()
    for wrong in (0, 946684800, 4070908800):
        assert clock.set_from_host(wrong) is None
        assert clock.source == "none"


def test_uptime_outlives_the_ticks():
    clock = Clock()
    for _ in range(5):
        time.sleep(5 * 86400)
        clock.uptime_s()
    assert clock.uptime_s() == 25 * 86400
