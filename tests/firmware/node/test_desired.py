"""The desired configuration through its whole life, each start a new Desired on the same flash."""

import asyncio
import json
import os

from bench import raises
from drivers import a02yyuw
from node import calibration, config, desired_files, startup
from node import flash as small_files

from paraat_wire import codec, host_codec

RUNS = {
    "point": "nsp-0123",
    "version": 3,
    "board": "bench",
    "built": 1764000000,
    "broker": {"host": "10.0.0.1", "tls": True},
    "journal": {"first_seq": 500},
    "buses": {"uart2": {"kind": "uart", "rx": 16, "tx": 17}},
    "pins": {"led": 2},
    "sensors": [{"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200}],
}


def copy(table, **changes):
    return dict(json.loads(json.dumps(table)), **changes)


def wanted(version=4, **changes):
    """What the host sends: without what only the image knows."""
    table = copy(RUNS, version=version, broker={"host": "10.0.0.2"})
    del table["built"], table["journal"]
    table.update(changes)
    return table


def flash():
    with open("config.json", "w") as f:
        json.dump(RUNS, f)
    return startup.choose()


def files():
    return sorted(name for name in os.listdir() if name.startswith("config."))


async def live(start, seconds):
    """Let a start run for so many virtual seconds. Returns why it wanted to restart, or None."""
    why = []
    task = asyncio.create_task(start.watch(why.append))
    for _ in range(seconds):
        await asyncio.sleep(1)
        if why:
            break
    task.cancel()
    await asyncio.sleep(0)
    return why[0] if why else None


async def test_a_new_version_is_staged_tried_and_confirmed():
    start = flash()
    start.offer(host_codec.encode_config(wanted()))
    assert await live(start, 10) == "configuration 4 has come"
    start = startup.choose()
    assert start.on
    assert start.settings["version"] == 4
    assert start.settings["broker"]["host"] == "10.0.0.2"
    assert start.settings["broker"]["tls"] is True  # kept: the network never switches it off
    assert start.settings["built"] == 1764000000
    assert start.settings["journal"]["first_seq"] == 500
    start.confirm()
    assert not start.on
    assert files() == ["config.copy.json", "config.json", "config.trial"]
    start = startup.choose()
    assert not start.on
    assert start.settings["version"] == 4
    start.offer(host_codec.encode_config(wanted()))  # retained: it comes at every connection
    assert await live(start, 700) is None
    assert start.error == ""


async def test_without_the_host_it_rolls_back_after_ten_minutes_of_trying_in_all():
    flash().offer(host_codec.encode_config(wanted()))
    for _ in range(4):  # power cuts in between: the time goes on
        start = startup.choose()
        assert start.on
        assert await live(start, 125) is None
    start = startup.choose()
    assert await live(start, 200) == "configuration rolled back"
    start = startup.choose()
    assert not start.on
    assert start.settings["version"] == 3
    assert start.refused == 4
    assert start.error == "version 4: no answer from the host within 600 s"
    start.offer(host_codec.encode_config(wanted()))  # it failed: the retained message must not make it loop
    assert await live(start, 60) is None
    assert startup.choose().settings["version"] == 3
    start.offer(host_codec.encode_config(wanted(5)))
    assert await live(start, 60) == "configuration 5 has come"
    start = startup.choose()
    assert start.refused == 4  # until the new one has shown that it works
    start.confirm()
    start = startup.choose()
    assert (start.settings["version"], start.refused, start.error) == (5, 0, "")


def test_a_crash_loop_rolls_back():
    flash().offer(host_codec.encode_config(wanted()))
    for _ in range(5):
        assert startup.choose().on
    start = startup.choose()
    assert not start.on
    assert start.settings["version"] == 3
    assert start.error == "version 4: the board did not stay up with it"


def test_a_mistake_at_the_start_rolls_back_at_once():
    flash().offer(host_codec.encode_config(wanted()))
    start = startup.choose()
    start.roll_back("ValueError bad pin")
    start = startup.choose()
    assert (start.on, start.settings["version"], start.refused) == (False, 3, 4)
    assert start.error == "version 4: ValueError bad pin"


def test_what_is_wrong_is_refused_with_the_reason_and_leaves_no_trace():
    start = flash()
    sensor = RUNS["sensors"][0]
    for table, words in (
        (wanted(2), "version 2: older than 3, which runs"),
        (wanted(interval_s=0), "version 4: interval_s: found 0, expected 1 to 3600"),
        (wanted(point="nsp-0666"), "point: only `make flash` changes it"),
        (wanted(board="other"), "board: only `make flash`"),
        (wanted(broker={"host": "x", "tls": False}), "broker.tls: only `make flash`"),
        (wanted(broker=[]), "broker: expected a table"),
        (wanted(journal={"directory": "elsewhere"}), "journal.directory: only `make flash`"),
        (wanted(journal={"max_bytes": 16777216}), "journal.max_bytes: only `make flash`"),
        (wanted(sensors=[dict(sensor, driver="warp")]), "sensors[0] warp: this firmware has no such driver"),
        (wanted(sensors=[dict(sensor, driver="../boot")]), "expected the name of a driver"),
        (wanted(sensors=[dict(sensor, bus="uart9")]), "found uart9, expected one of: uart2"),
        (wanted(sensors=[dict(sensor, full_mm=1200, empty_mm=200)]), "full_mm, empty_mm: found 1200, 200"),
        (wanted(sensors=[{"driver": "a02yyuw", "bus": "uart2"}]), "full_mm: found nothing"),
        (
            wanted(sensors=[{"driver": "tank_sender", "pin": 4, "sender": "240-33"}]),
            "pin: found 4, expected one of ADC1",
        ),
        (wanted(sensors=[dict(sensor, name="Bad Name")]), "fuel/distance/Bad Name is no metric"),
        (wanted(sensors=[dict(sensor, name=7)]), "another type"),
        (wanted(sensors=[sensor, sensor]), "fuel/distance is given by sensors[0] a02yyuw too"),
        (wanted(pins={"led": 16}), "pins.led: pin 16 is used by buses.uart2.rx too"),
        (wanted(pins={"led": "2"}), "pins.led: found '2', expected the number of a pin"),
        (wanted(pins={"led": 77}), "pins.led: found 77, which is no pin of this chip"),
        (wanted(buses={"uart2": {"kind": "can"}}), "buses.uart2.kind: found 'can'"),
        (wanted(buses={"uart2": 7}), "buses.uart2.kind: found None"),
        (wanted(buses={"uart2": {"kind": "uart", "rx": 16}}), "buses.uart2.tx: found None"),
        (wanted(buses=dict(RUNS["buses"], rtc={"bus": "i2c9"}), sensors=[]), "buses.rtc.bus"),
    ):
        start.refused = 0
        start.error = ""
        start.offer(host_codec.encode_config(table))
        assert words in start.error, (words, start.error)
        assert start.refused == table["version"]
        assert start.error.startswith("version %d: " % table["version"]), start.error
        assert files() == ["config.copy.json", "config.json"], files()
    assert startup.choose().settings["version"] == 3


def test_hostile_payloads_are_no_configuration():
    start = flash()
    for payload in (b"", b"{", b"[]", b"\xff\xff", b"[" * 4000, b"x" * 5000, b"{}", b'{"version":true}',
                    b'{"version":0}', b'{"version":2e9}', b'{"version":"4"}'):  # fmt: skip
        raises(codec.WireError, start.offer, payload)
    for key in RUNS:
        if key == "version":
            continue
        for value in (None, True, -1, 1e30, "x" * 50, [], {}, [[]], {"a": {}}, [{"driver": {}}], {"rtc": None}):
            start.refused = 0
            start.error = ""
            start.offer(json.dumps(wanted(4, **{key: value})).encode())
            if not start.error:  # an empty list of sensors, say, is in order
                os.remove("config.new.json")
                start.staged = 0
    assert startup.choose().settings["version"] == 3


def test_a_full_flash_refuses_and_the_old_one_stays():
    start = flash()
    os.mkdir("config.new.json.part")
    start.offer(host_codec.encode_config(wanted()))
    assert start.error == "version 4: the flash takes nothing"
    assert startup.choose().settings["version"] == 3


async def test_a_newer_one_takes_the_place_of_one_on_trial():
    flash().offer(host_codec.encode_config(wanted(4)))
    start = startup.choose()
    assert await live(start, 300) is None
    start.offer(host_codec.encode_config(wanted(5)))
    start.confirm()  # the host answers just now, for version 4: 5 has its own trial all the same
    assert await live(start, 10) == "configuration 5 has come"
    start = startup.choose()
    assert (start.on, start.settings["version"]) == (True, 5)
    assert await live(start, 570) is None
    assert await live(start, 60) == "configuration rolled back"
    assert startup.choose().settings["version"] == 3


def test_a_power_cut_between_any_two_writes_leaves_one_that_can_be_used():
    left = [0]

    class PowerCut(BaseException):
        pass

    class CutOs:
        def __getattr__(self, name):
            if name in ("rename", "remove"):
                left[0] -= 1
                if left[0] < 0:
                    raise PowerCut
            return getattr(os, name)

    def offer():
        startup.choose().offer(host_codec.encode_config(wanted()))

    def confirm():
        startup.choose().confirm()

    def roll_back():
        start = startup.choose()
        if start.on:
            start.roll_back("no answer")

    desired_files.os = small_files.os = CutOs()
    cuts = 0
    for steps in ((offer,), (offer, confirm), (offer, roll_back)):
        for after in range(16):
            for name in files():
                os.remove(name)
            with open("config.json", "w") as f:
                json.dump(RUNS, f)
            left[0] = after
            try:
                for step in steps:
                    step()
            except PowerCut:
                cuts += 1
            left[0] = 1000
            for _ in range(3):  # and the starts after it
                start = startup.choose()
                assert start.settings["version"] in (3, 4)
                assert start.on == ("config.new.json" in files())
            if steps[-1] is roll_back and start.refused == 4:
                assert start.settings["version"] == 3
    assert cuts >= 8, cuts


def test_a_configuration_that_the_flash_has_lost_is_there_a_second_time():
    flash().offer(host_codec.encode_config(wanted(4)))
    startup.choose().confirm()
    for content in (None, b"", b"{", b"\xff" * 40, b"[]", b'{"point": "nsp-0123"}'):
        os.remove("config.json")
        if content is not None:
            with open("config.json", "wb") as f:
                f.write(content)
        start = startup.choose()
        assert (start.on, start.settings["version"]) == (False, 4)
        assert desired_files.said(start)["broker"]["host"] == "10.0.0.2", "and it is mended"
    os.remove("config.copy.json")
    assert startup.choose().settings["version"] == 4
    os.remove("config.json")
    assert startup.choose().settings["version"] == 4
    os.remove("config.json")
    os.remove("config.copy.json")
    assert "config.json: found nothing" in str(raises(config.ConfigError, startup.choose))


def test_a_flash_that_takes_no_second_copy_stops_nothing():
    os.mkdir("config.copy.json.new")
    start = flash()
    start.offer(host_codec.encode_config(wanted(4)))
    startup.choose().confirm()
    assert startup.choose().settings["version"] == 4


def test_damaged_notes_are_no_notes():
    flash()
    for content in ("", "{", "[]", '{"version": "x"}', '{"why": 7}'):
        with open("config.trial", "w") as f:
            f.write(content)
        start = startup.choose()
        assert (start.refused, start.error) == (0, "")
        start.offer(host_codec.encode_config(wanted()))
        assert startup.choose().on
        os.remove("config.new.json")


def test_notes_of_which_a_part_is_lost_are_notes():
    flash().offer(host_codec.encode_config(wanted()))
    with open("config.trial", "w") as f:
        f.write('{"version": 4}')
    assert startup.choose().on


def test_without_room_to_try_it_a_configuration_is_neither_taken_nor_refused():
    def setup(config, hw):
        raise MemoryError

    start = flash()
    kept, a02yyuw.setup = a02yyuw.setup, setup
    raises(MemoryError, start.offer, host_codec.encode_config(wanted()))
    a02yyuw.setup = kept
    assert start.refused == 0
    assert files() == ["config.copy.json", "config.json"], files()
    start.offer(host_codec.encode_config(wanted()))
    assert startup.choose().on


def test_a_calibration_holds_until_the_configuration_says_something_else():
    start = flash()
    calibration.keep(desired_files.said(start), start.settings["sensors"][0], {"full_mm": 150})
    assert startup.choose().settings["sensors"][0]["full_mm"] == 150
    start.offer(host_codec.encode_config(wanted(4)))  # says 200 as before
    start = startup.choose()
    assert start.settings["sensors"][0]["full_mm"] == 150
    start.confirm()
    start.offer(host_codec.encode_config(wanted(5, sensors=[dict(RUNS["sensors"][0], full_mm=180)])))
    start = startup.choose()
    assert start.settings["sensors"][0]["full_mm"] == 180
    start.confirm()
    start.offer(host_codec.encode_config(wanted(6)))
    assert startup.choose().settings["sensors"][0]["full_mm"] == 200  # it was decided anew; the old one is gone


def test_two_points_of_a_calibration_and_a_second_tank():
    second = {"driver": "a02yyuw", "name": "second", "bus": "uart2", "empty_mm": 900, "full_mm": 100}
    said = config.check(copy(RUNS, sensors=[RUNS["sensors"][0], second]))
    calibration.keep(said, second, {"empty_mm": 910})
    calibration.keep(said, second, {"full_mm": 90})
    calibration.keep(said, second, {"full_mm": 95})
    assert len(calibration.load()) == 2
    calibration.apply(said)
    assert [(s["empty_mm"], s["full_mm"]) for s in said["sensors"]] == [(1200, 200), (910, 95)]


def test_damaged_calibrations_are_none():
    start = flash()
    for content in ("", "[", "{}", "[1]", "[[1,2]]", '[["a02yyuw","","full_mm",200]]'):
        with open(calibration.FILE, "w") as f:
            f.write(content)
        assert startup.choose().settings["sensors"] == start.settings["sensors"]
