import asyncio
import json

from bench import raises
from node.commands import CommandError, Commands, number

from paraat_wire import codec, host_codec, orders

NOW = 1795521600


class Clock:
    def __init__(self, dated=True):
        self.dated = dated

    def now(self):
        return NOW, self.dated


class Desk:
    """Commands on a clock, and what they answered. sends: whether the broker takes the answers."""

    def __init__(self, dated=True):
        self.replies = []
        self.sends = True
        self.done = []
        self.commands = Commands(Clock(dated), self._reply, [])
        self.commands.register("note", self._note)
        self.commands.register("reboot", self._reboot, lasting=True)

    def _reply(self, payload, on_sent):
        self.replies.append(host_codec.read_reply(payload))
        if self.sends:
            on_sent()

    def _note(self, args):
        self.done.append(args)
        return {"noted": len(self.done)}

    def _reboot(self, args):
        self.done.append("reboot")
        self.commands.afterwards(lambda: self.done.append("restart"))

    def say(self, do, expires=NOW + 60, args=None, id="a1"):
        self.commands.on_message(host_codec.encode_command(orders.Command(id, do, expires, args or {})))

    async def work(self):
        task = asyncio.create_task(self.commands.run())
        await asyncio.sleep(30)
        task.cancel()
        return self.replies


async def test_a_command_is_done_and_answered():
    desk = Desk()
    desk.say("note", args={"x": 1})
    assert await desk.work() == [orders.Reply("a1", "", {"noted": 1})]
    assert desk.done == [{"x": 1}]


async def test_a_handler_may_be_a_coroutine():
    desk = Desk()

    async def slow(args):
        await asyncio.sleep(5)
        return {"slept": 5}

    desk.commands.register("slow", slow)
    desk.say("slow")
    desk.say("note", id="a2")
    assert [r.result for r in await desk.work()] == [{"slept": 5}, {"noted": 1}]


async def test_delivered_twice_is_done_and_answered_once():
    desk = Desk()
    for _ in range(3):
        desk.say("note")
    await desk.work()
    desk.say("note")
    await desk.work()
    assert len(desk.replies) == len(desk.done) == 1


async def test_what_must_not_be_done_twice_is_remembered_over_a_restart():
    desk = Desk()
    desk.say("reboot")
    await desk.work()
    assert desk.done == ["reboot", "restart"]
    after = Desk()
    after.say("reboot")
    after.say("reboot", id="a2")
    await after.work()
    assert [r.id for r in after.replies] == ["a2"]
    assert after.done == ["reboot", "restart"]


async def test_a_restart_before_the_answer_is_told_once_and_never_repeated():
    desk = Desk()
    desk.sends = False
    desk.say("reboot")
    await desk.work()
    assert desk.done[-1] == "restart"  # ten seconds without the broker's word are enough
    for _ in range(2):
        after = Desk()
        after.say("reboot")
        await after.work()
        assert after.done == []
        desk.replies += after.replies
    assert [bool(r.error) for r in desk.replies] == [False, True]
    assert "restarted" in desk.replies[1].error


async def test_expired_unknown_and_without_a_clock_are_refused_with_the_reason():
    desk = Desk()
    desk.say("note", expires=NOW - 7, id="b1")
    desk.say("dance", id="b2")
    desk.say("note", expires=NOW, id="b3")
    late, unknown, in_time = await desk.work()
    assert late.error == "expired 7 s ago"
    assert unknown.error == "unknown command; known are note, reboot"
    assert not in_time.error
    desk = Desk(dated=False)
    desk.say("note")
    assert "does not know the time" in (await desk.work())[0].error
    assert desk.done == []


async def test_it_expires_also_while_it_waits_for_its_turn():
    desk = Desk()
    clock = desk.commands._clock

    async def slow(args):
        clock.now = lambda: (NOW + 100, True)

    desk.commands.register("slow", slow)
    desk.say("slow")
    desk.say("note", id="a2")
    assert [r.error for r in await desk.work()] == ["", "expired 40 s ago"]


async def test_a_handlers_refusal_and_mistake_are_answers():
    desk = Desk()

    def refuse(args):
        raise CommandError("no lamp")

    def fail(args):
        return 1 / 0

    desk.commands.register("refuse", refuse)
    desk.commands.register("fail", fail)
    desk.say("refuse")
    desk.say("fail", id="a2")
    desk.say("note", id="a3")
    errors = [r.error for r in await desk.work()]
    assert errors[0] == "no lamp"
    assert errors[1].startswith("ZeroDivisionError")
    assert errors[2] == ""


async def test_a_flood_is_refused_and_nothing_grows():
    desk = Desk()
    for i in range(200):
        desk.say("note", id="f%d" % i)
    await desk.work()
    assert len(desk.done) == 4
    assert sorted(r.id for r in desk.replies) == sorted("f%d" % i for i in range(200))
    assert len(desk.commands._seen) <= 16


async def test_hostile_payloads_are_no_commands():
    desk = Desk()
    good = {"id": "a", "do": "note", "expires": NOW + 60, "args": {}}
    bad = [b"", b"\xff", b"[]", b"null", b"[" * 4000, b"x" * 5000, b'{"id":"a"}']
    for key, value in (
        ("id", ""),
        ("id", "x" * 41),
        ("id", "a b"),
        ("id", "../../boot"),
        ("id", 7),
        ("do", None),
        ("do", {}),
        ("expires", "soon"),
        ("expires", True),
        ("expires", -1),
        ("expires", 1e30),
        ("args", []),
    ):
        bad.append(json.dumps(dict(good, **{key: value})).encode())
    for payload in bad:
        raises(codec.WireError, desk.commands.on_message, payload)
    assert await desk.work() == []
    desk.commands.on_message(json.dumps(good).encode())
    assert len(await desk.work()) == 1


def test_a_torn_memory_is_no_memory():
    for content in (b"\xff\xfe", b"", b"a1\n\n1 2 3\n"):
        with open("commands", "wb") as f:
            f.write(content)
        assert Desk().commands._lasting == []


def test_numbers_of_arguments():
    assert number({"s": 5}, "s", 1, 60) == 5
    assert number({}, "s", 1, 60, 10) == 10
    for value in (0, 61, True, "5", 1.5, None):
        error = raises(CommandError, number, {"s": value}, "s", 1, 60)
        assert "s: found" in str(error)
        assert "1 to 60" in str(error)
