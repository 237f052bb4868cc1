"""Commands on a whole node, as they come over the wire."""

import asyncio
import json

import wiring
from fake_broker import FakeBroker
from node import calibration
from test_app import NOON, POINT, Host, node, until

from paraat_wire import host_codec, orders, topics

EXPIRES = NOON + 3600


class Desk:
    """A node with its tasks, and a host that can ask it something."""

    async def start(self, **scenario):
        self.broker = await FakeBroker().start()
        self.host = Host(self.broker)
        self.node = node(self.broker.port, scenario)
        self.restarts = []
        self.node.health.restart = self.restarts.append
        n = self.node
        self.tasks = [asyncio.create_task(t()) for t in (n.sample, n.panel.signal, n.post.run, n.uplink.run)]
        await until(lambda: self.host.states)
        await self.host.tell_time(NOON)
        await until(lambda: self.host.sets)
        self._id = 0
        return self

    async def ask(self, do, **args):
        """The reply to a command."""
        self._id += 1
        command = orders.Command("t-%d" % self._id, do, EXPIRES, args)
        await self.broker.publish(topics.topic(POINT, topics.COMMAND), host_codec.encode_command(command), self._id)
        await until(lambda: [r for r in self.host.replies if r.id == command.id])
        return self.host.replies[-1]


def fuel_slot(desk):
    """The sampler's slot of the tank's sensor."""
    (slot,) = [slot for slot in desk.node.sampler.slots if slot.config["driver"] == "a02yyuw"]
    return slot


async def test_identify_lights_the_lamp_and_sounds_the_buzzer():
    desk = await Desk().start()
    assert await desk.ask("identify", seconds=5) == orders.Reply("t-1", "", {"seconds": 5})
    await asyncio.sleep(2)
    assert len([1 for _, level in wiring.outputs[25] if level]) >= 3
    assert "expected a whole number from 0 to 600" in (await desk.ask("identify", seconds=1e9)).error


async def test_two_commands_after_each_other_and_a_quiet_time_are_no_error():
    desk = await Desk().start()
    post = asyncio.create_task(desk.node.post.run())  # beside the one of the start, so that its end can be seen
    desk.tasks[2].cancel()
    for _ in range(2):
        assert not (await desk.ask("identify", seconds=1)).error
    await asyncio.sleep(70)  # the commands leave the heap
    assert not post.done()
    assert not (await desk.ask("identify", seconds=1)).error


async def test_a_call_of_the_host_lights_the_lamp_and_sounds_the_buzzer():
    desk = await Desk().start()
    assert await desk.ask("call", seconds=5) == orders.Reply("t-1", "", {"seconds": 5, "buzzer": True})
    await asyncio.sleep(2)
    assert len([1 for _, level in wiring.outputs[25] if level]) >= 1
    assert "expected a whole number from 0 to 600" in (await desk.ask("call", seconds=601)).error


async def test_sample_now_reads_answers_and_keeps_the_set():
    desk = await Desk().start()
    await asyncio.sleep(10)  # between two beats
    reply = await desk.ask("sample-now")
    assert reply.result["values"]["power/mains"] is True
    assert 59 < reply.result["values"]["fuel/level"] < 61
    assert reply.result["faults"] == {}
    await until(lambda: reply.result["seq"] in desk.host.sets)


async def test_calibrate_two_points_holds_and_is_written_down():
    desk = await Desk().start()
    slot = fuel_slot(desk)
    assert (await desk.ask("calibrate", at="middle")).error.startswith("at: found 'middle'")
    device = wiring.uart[16]
    device.distance_mm = lambda: 1150
    write_config(desk.node.settings)
    assert (await desk.ask("calibrate", at="empty")).result == {"empty_mm": 1150}
    device.distance_mm = lambda: 250
    assert (await desk.ask("calibrate", at="full", name="a02yyuw")).result == {"full_mm": 250}
    assert (slot.config["empty_mm"], slot.config["full_mm"]) == (1150, 250)
    device.distance_mm = lambda: 700
    assert (await desk.ask("sample-now")).result["values"]["fuel/level"] == 50
    assert calibration.load() == [["a02yyuw", "", "empty_mm", 1200, 1150], ["a02yyuw", "", "full_mm", 200, 250]]


async def test_calibrate_refuses_what_cannot_be_and_changes_nothing():
    desk = await Desk().start()
    slot = fuel_slot(desk)
    write_config(desk.node.settings)
    device = wiring.uart[16]
    device.distance_mm = lambda: 1300
    assert "nothing was changed: full_mm, empty_mm" in (await desk.ask("calibrate", at="full")).error
    assert "expected one of: a02yyuw" in (await desk.ask("calibrate", at="full", name="second")).error
    del wiring.uart[16]
    assert "no reading that can be believed: silent" in (await desk.ask("calibrate", at="full")).error
    desk.node.desired.on = True
    assert "on trial" in (await desk.ask("calibrate", at="full")).error
    assert slot.config["full_mm"] == 200
    assert calibration.load() == []


async def test_resend_sends_again_what_the_ring_still_has():
    desk = await Desk().start()
    await asyncio.sleep(300)
    newest = desk.node.journal.next - 1
    before = len(desk.host.order)
    reply = await desk.ask("resend", **{"from": 2, "to": 4})
    assert reply.result == {"again": 3, "oldest": 1, "newest": newest}
    await until(lambda: len(desk.host.order) >= before + 3)
    assert sorted(desk.host.order[before : before + 3]) == [2, 3, 4]
    await until(lambda: desk.node.journal.backlog == 0)
    assert "from: found 0" in (await desk.ask("resend", **{"from": 0})).error
    assert "from: found 99999" in (await desk.ask("resend", **{"from": 99999})).error


async def test_a_reboot_answers_first():
    desk = await Desk().start()
    assert (await desk.ask("reboot")).result == {"boot": 1}
    await until(lambda: desk.restarts)
    assert desk.restarts == ["asked by the host"]


async def test_reset_count_needs_a_counter():
    desk = await Desk().start()
    assert (await desk.ask("reset-count")).error == "this board counts no people"

    class Counter:
        reset_to = None

        def reset(self):
            self.reset_to = 0

    desk.node.sampler.slots[1].sensor = Counter()
    assert (await desk.ask("reset-count")).result == {"counters": 1}


async def test_hostile_arguments_are_answered_and_harm_nothing():
    desk = await Desk().start()
    desk.tasks[0].cancel()
    for do in ("identify", "call", "calibrate", "resend", "reset-count"):
        for value in (None, True, -1, 1e30, "x" * 400, [], {}, [[[]]]):
            reply = await desk.ask(do, **{"seconds": value, "at": value, "name": value, "from": value, "to": value})
            assert reply.error or do in ("calibrate", "reset-count"), (do, value)
    assert desk.broker.connections == 1


def write_config(settings):
    with open("config.json", "w") as f:
        json.dump(settings, f)
