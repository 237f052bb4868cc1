"""The log, and who has the page open."""

import pytest

from paraat.alerts.channels import Message
from paraat.alerts.channels.log import LogChannel
from paraat.domain.roster import Person

MESSAGE = Message(to="log", subject="De Linde: brandstof laag", body="", short="", severity="critical", key="7/turn-1")


def test_each_message_is_a_line_and_it_says_how_many_pages_are_open(caplog: pytest.LogCaptureFixture) -> None:
    channel, pages = LogChannel(), 0
    assert channel.send(MESSAGE) == "written to the log; nobody has the status page open"
    channel.connect(lambda: pages)
    assert channel.send(MESSAGE) == "written to the log; nobody has the status page open"
    pages = 2
    assert channel.send(MESSAGE) == "written to the log; open pages: 2"
    assert [record.getMessage() for record in caplog.records] == ["alert 7/turn-1: De Linde: brandstof laag"] * 3
    assert channel.addresses(Person(id="log/", name="", reach={"log": ("log",)})) == ("log",)
