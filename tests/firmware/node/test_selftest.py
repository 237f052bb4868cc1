import asyncio
import json

from fake_broker import FakeBroker
from node import selftest
from node.node import SELFTEST_S
from test_app import Host, node


class Console:
    """Takes what is printed as lines of JSON."""

    def __init__(self):
        self.lines = []
        selftest.print = self.lines.append

    def report(self):
        report, ready = [json.loads(line) for line in self.lines]
        assert list(ready) == ["ready"], self.lines
        return report["selftest"]


async def told(n, *tasks):
    console = Console()
    running = [asyncio.create_task(task()) for task in tasks]
    await n.tell()
    for task in running:
        task.cancel()
    return console.report()


async def test_it_tells_what_the_sensors_say_and_that_the_host_has_stored_it():
    broker = await FakeBroker().start()
    Host(broker)
    n = node(broker.port)
    report = await told(n, n.sample, n.uplink.run)
    assert report["ack"] is True
    assert report["broker"] == ""
    assert report["faults"] == {}
    assert 59 < report["sensors"]["fuel/level"] < 61, report
    assert report["sensors"]["power/mains"] is True
    assert report["link"]["kind"] == "wifi"
    assert report["link"]["up"] is True
    assert report["heap"] > 10000
    assert len(report["board"]) == 12


async def test_what_the_host_has_of_an_earlier_board_is_no_ack():
    broker = await FakeBroker().start()
    host = Host(broker)
    host.away = True
    n = node(broker.port)
    running = asyncio.create_task(n.uplink.run())
    for _ in range(100):
        if n.uplink.problem == "":
            break
        await asyncio.sleep_ms(100)
    n.uplink.on_message("paraat/v1/nsp-0123/ack", b'{"stored": [[1, 40]]}')
    report = await told(n, n.sample)
    running.cancel()
    assert report["ack"] is False


async def test_two_failures_are_enough_to_tell_what_is_wrong():
    n = node(1)  # nobody listens there
    report = await told(n, n.sample, n.uplink.run)
    assert report["ack"] is False
    assert "refuses the connection" in report["broker"], report
    assert n.clock.uptime_s() < 15


async def test_a_sensor_that_fails_or_says_nothing_is_in_it():
    n = node(1)
    n.last_set = [("fuel/level", 61.5)], [("power/mains", "bus")]
    report = selftest.report(n)
    assert report["faults"] == {"power/mains": "bus"}
    assert report["sensors"]["fuel/level"] == 61.5
    assert report["sensors"]["battery/voltage"] is None
    assert "power/mains" not in report["sensors"]
    assert report["broker"] == "not tried yet"


async def test_a_start_without_a_set_is_told_at_the_limit():
    n = node(1)
    assert (await told(n))["faults"] == {}
    assert n.clock.uptime_s() == SELFTEST_S
