import asyncio
import os

import machine
from bench import raises
from node.health import Health


class Beating:
    """A task that shows a beat every ten seconds until it hangs."""

    def __init__(self, health, name):
        self.health = health
        self.name = name
        self.hangs = False

    async def run(self):
        while True:
            if not self.hangs:
                self.health.beat(self.name)
            await asyncio.sleep(10)


async def test_the_watchdog_is_fed_while_all_tasks_make_progress():
    health = Health({"sample": 60, "uplink": 900}, 120)
    tasks = [Beating(health, name) for name in ("sample", "uplink")]
    running = [asyncio.create_task(t.run()) for t in tasks] + [asyncio.create_task(health.watch())]
    await asyncio.sleep(6 * 3600)
    assert health.stuck() == []
    assert health.last_error == ""
    for task in running:
        task.cancel()


def test_a_task_that_hangs_ends_in_a_reset_and_is_named_after_it():
    for name, limit_s in (("sample", 60), ("uplink", 900)):
        health = Health({"sample": 60, "uplink": 900}, 120)
        times = []

        async def main(health=health, name=name, times=times):
            tasks = [Beating(health, n) for n in ("sample", "uplink")]
            for task in tasks:
                task.hangs = task.name == name
                asyncio.create_task(task.run())
            asyncio.create_task(health.watch())
            while True:
                await asyncio.sleep(1)
                times.append(1)

        raises(SystemExit, asyncio.run, main())
        assert limit_s + 115 <= len(times) <= limit_s + 130, (name, len(times))
        again = Health({}, 0)
        assert again.reset_cause == "wdt"
        assert again.last_error == "no progress: " + name
        machine.WDT.fed_us = None  # switched off and on
        asyncio.new_event_loop()


async def test_without_a_watchdog_it_is_only_told():
    health = Health({"sample": 60}, 0)
    watching = asyncio.create_task(health.watch())
    await asyncio.sleep(3600)
    assert health.stuck() == ["sample"]
    assert health.last_error == "no progress: sample"
    assert machine.WDT.fed_us is None
    health.beat("sample")
    await asyncio.sleep(10)
    assert health.stuck() == []
    watching.cancel()


def test_a_lack_of_memory_is_named_and_written_once_however_much_was_asked_for():
    health = Health({}, 0)
    for asked in (1024, 4096):
        health.failed("sample", MemoryError("memory allocation failed, allocating %d bytes" % asked))
        assert health.last_error == "sample: not enough memory"
    assert Health({}, 0).last_error == "sample: not enough memory"
    health.failed("sample", ValueError("x"))
    assert health.last_error == "sample: ValueError x"


def test_a_restart_is_remembered_with_its_reason():
    health = Health({}, 0)
    raises(SystemExit, health.restart, "no broker for 86400 s")
    again = Health({}, 0)
    assert again.last_error == "restart: no broker for 86400 s"
    assert again.reset_cause == "hard"


def test_a_note_that_cannot_be_kept_or_read_stops_nothing():
    health = Health({}, 0)
    os.mkdir("last-error")
    health.note("x" * 500)
    assert len(health.last_error) == 120
    assert Health({}, 0).last_error == ""


def test_what_goes_wrong_again_and_again_is_written_once():
    health = Health({}, 0)
    health.note("broken: ZeroDivisionError")
    os.remove("last-error")
    health.note("broken: ZeroDivisionError")
    assert "last-error" not in os.listdir()
    health.note("broken: KeyError")
    assert Health({}, 0).last_error == "broken: KeyError"
