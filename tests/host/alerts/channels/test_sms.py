"""SMS: through gammu, to a modem at the bus (tests/gsm_modem.py), and to the phone that gammu itself makes up."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paraat.alerts.channels import ChannelError, Message, make_channels
from paraat.alerts.channels.sms import Report, SmsChannel
from paraat.domain.roster import Person
from paraat.site import paths
from paraat.site.channels import Modem
from paraat.site.errors import SettingsError
from paraat.site.site import load_site
from waiting import wait_for

pytestmark = pytest.mark.needs("gammu")

LEAD = "+31612345678"
MESSAGE = Message(
    to=LEAD, subject="", body="", short="De Linde: brandstof voor 4,2 uur. OK 1234", severity="critical", key="7/turn-1"
)
LIMIT_S = 60.0  # the most that a table may say


@pytest.fixture
def modem() -> Iterator[Any]:
    from gsm_modem import GsmModem

    made = GsmModem()
    yield made
    made.close()


@pytest.fixture
def channel(modem: Any) -> Iterator[SmsChannel]:
    made = SmsChannel(Modem(device=modem.device, limit_s=LIMIT_S))
    yield made
    made.close()


def phone(directory: Path, **settings: Any) -> SmsChannel:
    """The one that gammu makes up, in a folder."""
    directory.mkdir(exist_ok=True)
    return SmsChannel(Modem(device=str(directory), connection="none", model="dummy", **settings))


def test_a_message_goes_out_in_one_part_and_a_delivery_report_is_asked_for(modem: Any, channel: SmsChannel) -> None:
    assert channel.send(MESSAGE) == "taken by the network, not yet at the phone"
    assert modem.sent == [(LEAD, MESSAGE.short, True)]
    assert channel.problem == ""


def test_what_gsm_7_lacks_is_written_without_it_and_160_characters_are_one_message(
    modem: Any, channel: SmsChannel
) -> None:
    channel.say(LEAD, "Ça va, Noordwijkerhoût – “één” ☃ " + "x" * 300)
    ((_, text, _),) = modem.sent
    assert text.startswith('Ça va, Noordwijkerhout - "één" ? x')
    assert len(text) == 160


def test_delivery_reports_name_the_message_that_arrived(modem: Any, channel: SmsChannel) -> None:
    channel.look()
    channel.send(MESSAGE)
    for told in ((1, True), (77, True), (1, None), (1, False)):  # of 77 nobody knows what it was
        modem.report(LEAD, told[0], arrived=told[1])
        reports: list[Report] = []
        wait_for(lambda: reports.extend(channel.look().reports) or reports)  # noqa: B023 - within this turn
        ((_, key, arrived),) = reports
        assert (key, arrived) == ("7/turn-1" if told[0] == 1 else "", told[1])


def test_a_report_that_comes_after_a_restart_still_names_its_message(modem: Any) -> None:
    kept: list[tuple[int, str]] = []
    before = SmsChannel(Modem(device=modem.device, limit_s=60.0))
    before.connect([], lambda *told: kept.append(told))
    before.look()
    before.send(MESSAGE)
    before.close()
    after = SmsChannel(Modem(device=modem.device, limit_s=60.0))
    after.connect(kept, lambda *_: None)
    after.look()
    modem.report(LEAD, kept[0][0])
    reports: list[Report] = []
    wait_for(lambda: reports.extend(after.look().reports) or reports)
    assert [report.key for report in reports] == [MESSAGE.key]
    after.close()


def test_what_came_in_lies_there_until_it_is_forgotten(modem: Any, channel: SmsChannel) -> None:
    modem.receive(LEAD, "OK 1234")
    (text,) = channel.look().texts
    assert (text.number, text.text) == (LEAD, "OK 1234")
    assert channel.look().texts == (text,), "a host that was killed meanwhile finds it again"
    channel.forget([text.place])
    assert channel.look().texts == ()
    assert modem.lying == 0
    assert channel.look().signal_percent == 60


def test_a_modem_that_hangs_is_given_up_within_the_limit_and_works_again_afterwards(modem: Any) -> None:
    channel = SmsChannel(Modem(device=modem.device, limit_s=2.0))
    modem.hangs = True
    began_s = time.monotonic()
    for _ in range(2):
        with pytest.raises(ChannelError, match=r"hangs: it did not answer within 2 s\. Pull it out"):
            channel.send(MESSAGE)
    assert time.monotonic() - began_s < 20.0  # of a busy machine
    assert "hangs" in channel.problem
    modem.hangs = False
    patient = SmsChannel(Modem(device=modem.device, limit_s=LIMIT_S))
    patient.send(MESSAGE)
    assert modem.sent
    channel.close()
    patient.close()


def test_a_modem_that_was_pulled_out_is_said_with_its_port() -> None:
    channel = SmsChannel(Modem(device="/dev/serial/by-id/none", limit_s=LIMIT_S))
    with pytest.raises(ChannelError, match=r"modem at /dev/serial/by-id/none: gammu: .*Is it plugged in"):
        channel.send(MESSAGE)
    assert LEAD not in channel.problem
    channel.close()


def test_the_phone_that_gammu_makes_up_sends_and_has_what_debians_gammu_put_there(tmp_path: Path) -> None:
    channel = phone(tmp_path / "phone")
    channel.send(MESSAGE)
    rc = tmp_path / "gammurc"
    rc.write_text(f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {tmp_path / 'phone'}\n")
    command = [
        "gammu",
        "-c",
        str(rc),
        "savesms",
        "TEXT",
        "-folder",
        "1",
        "-unread",
        "-sender",
        LEAD,
        "-text",
        "OK 1234",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (text,) = channel.look().texts
    assert (text.number, text.text) == (LEAD, "OK 1234")
    channel.forget([text.place])
    assert channel.look().texts == ()
    channel.close()


def test_a_call_that_hangs_inside_gammu_ends_and_the_next_one_is_done(tmp_path: Path) -> None:
    channel = phone(tmp_path / "phone", limit_s=5.0)
    channel.look()
    folder = tmp_path / "phone/sms/1"
    folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(folder / "1")  # whoever opens it waits for ever, in C code
    with pytest.raises(ChannelError, match="hangs"):
        channel.look()
    (folder / "1").unlink()
    wait_for(lambda: channel.look().texts == ())
    assert channel.problem == ""
    channel.close()


def test_the_table_of_a_site_makes_the_channel_and_the_roster_has_the_numbers(tmp_path: Path) -> None:
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    with (tmp_path / "site/site.toml").open("a") as file:
        file.write('\n[channels.sms]\ndevice = "/dev/ttyUSB0"\nown_number = "+31653131313"\n')
    channel = make_channels(load_site(tmp_path / "site"))["sms"]
    assert isinstance(channel, SmsChannel)
    assert channel.settings == Modem(device="/dev/ttyUSB0", own_number="+31653131313")
    assert channel.addresses(Person(id="a", name="A", reach={"sms": (LEAD, "+31687654321")})) == (LEAD, "+31687654321")
    with (tmp_path / "site/site.toml").open("a") as file:
        file.write("limit_s = 3600\n")
    with pytest.raises(SettingsError) as caught:
        load_site(tmp_path / "site")
    assert caught.value.key == "channels.sms.limit_s"
