"""main.py and node.slots together: which slot starts, after what. A start is a call here, a reset an exception."""

import asyncio
import json
import os
import sys

import kernel
import machine
import main
from bundles import build_in, lay_out, write
from node import slots
from node.trial import Trial

HERE = list(sys.path)


def power_on():
    """What main.py does first. Returns the slot."""
    sys.path[:] = HERE
    return main.put_slot_on_path(True)


def two_slots(trial="b"):
    lay_out(1, "a")
    lay_out(2, "b")
    state = {"run": "a", "build": 1}
    if trial:
        state.update({"trial": trial, "starts": 0})
    write("slot.json", json.dumps(state).encode())


def test_without_slots_the_firmware_is_where_it_is():
    assert power_on() is None
    assert sys.path == HERE
    assert slots.running() is None
    assert slots.spare() is None
    assert slots.build() == 0
    assert not slots.on_trial()
    assert slots.last_result() == ""


def test_a_flashed_board_needs_no_slot_json():
    lay_out(7, "a")
    assert power_on() == "a"
    assert (slots.running(), slots.spare()) == ("a", "b")
    assert (slots.build(), slots.highest_build()) == (7, 7)
    assert not slots.on_trial()


def test_a_trial_has_three_starts_and_then_the_old_slot_is_back():
    two_slots()
    assert [power_on() for _ in range(5)] == ["b", "b", "b", "a", "a"]
    assert slots.read()["run"] == "a"
    assert slots.last_result() == "3 starts, none of them good"
    assert build_in("b") == 2  # it stays, to be tried again


def test_looking_does_not_count_as_a_start():
    two_slots()
    for _ in range(9):
        sys.path[:] = HERE
        assert main.put_slot_on_path() == "b"
    assert slots.read()["starts"] == 0
    assert slots.on_trial()
    assert slots.last_result() == "trial"


def test_a_trial_is_under_the_watchdog_and_a_good_slot_is_not():
    two_slots(trial=None)
    power_on()
    assert machine.WDT.fed_us is None
    slots.put_on_trial("b")
    power_on()
    assert machine.WDT.fed_us is not None


def test_whatever_slot_json_holds_a_whole_slot_starts():
    lay_out(1, "a")
    lay_out(2, "b")
    for content in (
        b"", b"{", b"null", b"[]", b"\xff\xfe\x00", b'{"run": "c"}', b'{"run": ["a"]}', b'{"run": 5, "trial": {}}',
        b'{"run": "a", "trial": "b", "starts": "x"}', b'{"run": "a", "trial": "b"}', b'{"trial": "../x", "starts": 0}',
    ):  # fmt: skip
        write("slot.json", content)
        assert power_on() in ("a", "b"), content
        slots.last_result()
        slots.highest_build()


def test_a_slot_that_is_not_whole_never_starts():
    two_slots()
    os.remove("b/manifest.json")
    assert power_on() == "a"
    os.rename("a/manifest.json", "b/manifest.json")
    assert power_on() == "b"


def test_a_flash_that_takes_no_count_tries_nothing_new():
    two_slots()
    os.mkdir("slot.json.new")  # no file can be written under that name
    assert [power_on() for _ in range(3)] == ["a", "a", "a"]


def end_of(function):
    try:
        function()
    except SystemExit:
        return "reset"
    return "ended"


def program(slot, text):
    """The slot's node/app.py: what a start runs."""
    write(slot + "/node/app.py", text.encode())


def start_with(text, slot="b"):
    """One start with such a firmware on trial in slot b. Returns (how it ended, slot.json)."""
    two_slots(trial="b" if slot == "b" else None)
    program(slot, text)
    for name in [name for name in sys.modules if name == "node" or name.startswith("node.")]:
        del sys.modules[name]
    sys.path[:] = HERE[:1] + [p for p in HERE[1:] if "firmware" not in p]
    how = end_of(main.start)
    with open("slot.json") as f:
        return how, json.load(f)


def test_an_import_that_fails_is_noted_and_the_board_starts_anew():
    how, state = start_with("import nothing_like_it\n")
    assert how == "reset"
    assert state["error"] == "ImportError: no module named 'nothing_like_it'", state
    assert (state["trial"], state["starts"]) == ("b", 1)
    assert [power_on() for _ in range(3)] == ["b", "b", "a"]
    with open("slot.json") as f:
        assert json.load(f)["why"] == "ImportError: no module named 'nothing_like_it'"


def test_a_crash_at_once_is_noted():
    how, state = start_with("async def main():\n    raise ValueError('no luck')\n")
    assert (how, state["error"]) == ("reset", "ValueError: no luck")


def test_a_program_that_ends_is_noted():
    how, state = start_with("async def main():\n    pass\n")
    assert (how, state["error"]) == ("reset", "the program ended")


def test_a_hang_at_import_ends_by_the_watchdog():
    how, state = start_with("import time\nwhile True:\n    time.sleep(1)\n")
    assert how == "reset"
    assert machine.reset_cause() == machine.WDT_RESET
    assert kernel.now_us >= 120000000
    assert state["starts"] == 1


def test_a_good_slot_that_rots_leaves_the_field_to_the_other():
    how, state = start_with("import nothing_like_it\n", slot="a")
    assert how == "reset"
    assert state["run"] == "b"
    assert "nothing_like_it" in state["why"]
    assert power_on() == "b"


def test_a_good_slot_that_crashes_is_started_again():
    how, state = start_with("async def main():\n    raise ValueError('no luck')\n", slot="a")
    assert (how, state["run"]) == ("reset", "a")


class Restarts:
    def __init__(self):
        self.why = []

    def __call__(self, why):
        self.why.append(why)


async def watch(trial, *calls, seconds=2000):
    task = asyncio.create_task(trial.watch())
    await asyncio.sleep(1)
    for call in calls:
        call()
    await asyncio.sleep(seconds)
    task.cancel()


async def test_a_slot_that_samples_and_reaches_the_host_is_confirmed():
    two_slots()
    power_on()
    restarts = Restarts()
    trial = Trial(900, restarts)
    await watch(trial, trial.reached, trial.sampled)
    assert restarts.why == []
    assert slots.read() == {"run": "b", "build": 2}
    assert [power_on() for _ in range(9)] == ["b"] * 9
    assert slots.last_result() == ""
    assert slots.highest_build() == 2


async def test_a_slot_that_never_reaches_the_host_is_given_up():
    two_slots()
    power_on()
    restarts = Restarts()
    trial = Trial(900, restarts)
    await watch(trial, trial.sampled)
    assert restarts.why == ["build 2 given up: no answer from the host in 900 s"]
    assert power_on() == "a"
    assert slots.last_result() == restarts.why[0]
    assert slots.highest_build() == 1


async def test_a_slot_that_never_samples_is_given_up():
    two_slots()
    power_on()
    restarts = Restarts()
    trial = Trial(900, restarts)
    await watch(trial, trial.reached)
    assert restarts.why == ["build 2 given up: no sample set in 900 s"]


async def test_blackouts_in_a_trial_cannot_make_it_last_for_ever():
    two_slots()
    started = []
    for _ in range(5):
        started.append(power_on())
        trial = Trial(900, Restarts())
        await watch(trial, trial.sampled, seconds=600)  # the power goes before the limit
    assert started == ["b", "b", "b", "a", "a"]


async def test_a_confirmation_that_the_flash_refuses_is_tried_again():
    two_slots()
    power_on()
    trial = Trial(900, Restarts())
    os.mkdir("slot.json.new")
    await watch(trial, trial.reached, trial.sampled, seconds=60)
    assert slots.on_trial()
    os.rmdir("slot.json.new")
    await watch(trial, trial.reached, seconds=60)
    assert slots.read() == {"run": "b", "build": 2}


async def test_an_old_slot_after_a_rot_keeps_the_highest_build():
    two_slots(trial=None)
    write("slot.json", b'{"run": "a", "build": 9}')
    power_on()
    assert slots.highest_build() == 9
