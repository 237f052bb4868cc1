"""What the journal costs the flash: erases, time, and how long a start takes."""

import utime  # the real clock of this machine
from devices.flash import Flash
from node.journal import TELEMETRY, Journal
from power_cuts import Board

BLOCKS = 512  # 2 MiB, the vfs partition of a 4 MiB board
CYCLES = 100000  # W25Q32JV data sheet: program-erase cycles of a sector
KIT = [
    ("fuel/distance", 0.843), ("fuel/level", 61.2), ("battery/voltage", 12.65), ("battery/current", -1.234),
    ("climate/temperature", 19.06), ("people/in", 120), ("people/out", 90), ("people/present", 30),
    ("power/mains", False), ("power/generator", True), ("node/uptime", 2592000), ("node/heap", 60000),
    ("node/backlog", 4320), ("node/dropped", 0), ("node/rssi", -67),
]  # fmt: skip


def board_with_firmware():
    flash = Flash(BLOCKS)
    board = Board(flash)
    board.on()
    with open("firmware", "wb") as f:  # what never changes: it takes its blocks out of the round
        for _ in range(120 * 1024 // 512):
            f.write(b"\x55" * 512)
    flash.erases.clear()
    return flash, board


def years(flash, days):
    worst = max(flash.erases.values())
    return sum(flash.erases.values()) / days, worst / days, CYCLES * days / worst / 365


def day(journal, acknowledged):
    for _ in range(1440):
        journal.append(TELEMETRY, 1764000000, True, KIT, [])
        if acknowledged:
            taken = journal.take(1000, 10)
            journal.ack([(e.seq, e.seq) for e in taken])


def test_wear_with_a_host_that_answers_and_in_an_outage():
    for acknowledged in (True, False):
        flash, board = board_with_firmware()
        journal = Journal("journal", 262144, 1)
        for _ in range(6):
            day(journal, acknowledged)
        total, worst, lasts = years(flash, 6)
        print(
            "wear, %s: %.0f erases a day, %.1f on the busiest block: %.0f years to %d cycles"
            % ("host answers" if acknowledged else "outage, ring full", total, worst, lasts, CYCLES)
        )
        assert lasts > 10
        board.off(journal)


def test_the_time_of_an_append_and_of_a_start():
    flash, board = board_with_firmware()
    journal = Journal("journal", 262144, 1)
    worst_us = 0
    for _ in range(6000):
        before = flash.busy_us
        journal.append(TELEMETRY, 1764000000, True, KIT, [])
        worst_us = max(worst_us, flash.busy_us - before)
    print(
        "flash time of one append: %.0f ms on average, %.0f ms at worst"
        % (flash.busy_us / 6000 / 1000, worst_us / 1000)
    )
    backlog = journal.backlog
    board.off(journal)
    board.on()
    flash.busy_us = 0
    start_us = utime.ticks_us()
    journal = Journal("journal", 262144, 2)
    here_us = utime.ticks_diff(utime.ticks_us(), start_us)
    print(
        "start with %d sets in the ring: %.3f s of flash time, %.1f ms of this machine (the model of the flash included)"
        % (journal.backlog, flash.busy_us / 1e6, here_us / 1000)
    )
    assert journal.backlog == backlog
    assert flash.busy_us < 1000000, flash.busy_us
    board.off(journal)
