"""Who was told of what is known where the journal does not know it any more: nobody is told twice, and nobody is left out."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from host.served import EXAMPLE, StillClock
from host.test_disk_full import a_low_set, lows, take_nothing
from paraat.alerts.channels.base import Message
from paraat.cli.main import main
from paraat.journal.damage import back_up, set_aside
from paraat.service import Service, begin_anew
from paraat.simulate.servers import free_port
from paraat.site.site import load_site

pytestmark = pytest.mark.usefixtures("english")
Keys = list[str]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """The keys of the messages about fuel that left, as whoever gets them counts them."""
    keys: Keys = []

    def send(_channel: object, message: Message) -> str:
        if "Brandstof raakt op" in message.subject:
            keys.append(message.key)
        return "read"

    monkeypatch.setattr("paraat.alerts.channels.log.LogChannel.send", send)
    return keys


class Told:
    """A host whose point runs out of fuel; it is killed and started at will."""

    def __init__(self, directory: Path) -> None:
        points = directory / "points"
        points.mkdir()
        for path in (EXAMPLE / "points").glob("*.toml"):
            (points / path.name).write_bytes(path.read_bytes())
        words = f'[site]\nregion = "Proef"\n[broker]\nport = {free_port()}\n[channels.siren]\non = false\n'
        (directory / "site.toml").write_text(words)
        self.site = load_site(directory)
        self.journal = self.site.path(self.site.region.journal)
        self.clock = StillClock()
        self.start()

    def start(self) -> None:
        self.service = Service(self.site, clock=self.clock, serve_web=False)

    def goes_on(self, *, sends: bool = True, low: bool = True) -> None:
        for _ in range(3):
            self.clock.t += 100
            if low:
                self.service._on_unkept([a_low_set(self.clock.t)])
            self.service._work(self.clock.t)
            while sends and self.service.send_next("log"):
                pass

    def kill(self) -> None:
        """As `kill -9` does: nothing is said to the journal any more."""
        self.service._spare = None
        self.service.stop()


@pytest.fixture
def host(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_a_backup_that_is_older_than_a_message_does_not_send_it_again(host: Told, said: Keys, tmp_path: Path) -> None:
    host.goes_on(sends=False)
    copy = tmp_path / "copy.sqlite"
    back_up(host.journal, copy)
    host.goes_on()
    assert len(said) == 1
    host.service.stop()
    set_aside(host.journal, host.clock.t).unlink()  # nothing of it can be read
    assert main(["journal", "restore", "--site", str(tmp_path), "--from", str(copy)]) == 0
    host.start()
    host.goes_on()
    assert len(said) == 1
    assert [state for _, state in lows(host.service)] == ["sent"]
    host.service.stop()


def test_what_the_damaged_file_knows_goes_before_the_backup(host: Told, said: Keys, tmp_path: Path) -> None:
    host.goes_on(sends=False)
    copy = tmp_path / "copy.sqlite"
    back_up(host.journal, copy)
    host.goes_on()
    host.service.stop()
    set_aside(host.journal, host.clock.t)
    host.journal.with_name(host.journal.name + ".told").unlink()
    assert main(["journal", "restore", "--site", str(tmp_path), "--from", str(copy)]) == 0
    host.start()
    host.goes_on()
    assert len(said) == 1
    host.service.stop()


def test_a_new_journal_knows_what_people_were_told_and_tells_when_it_is_over(host: Told, said: Keys) -> None:
    host.goes_on()
    host.service.stop()
    begin_anew(host.site)
    host.start()
    host.goes_on()
    assert len(said) == 1
    ((alert_id, _),) = lows(host.service)
    assert said[0].startswith(f"{alert_id}/turn-1/")
    assert host.service._told_in.alert(alert_id) is not None
    host.service.stop()


def test_a_machine_that_goes_down_with_a_full_disk_tells_nobody_twice(
    host: Told, said: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    monkeypatch.setattr("paraat.journal.spare._folder", lambda _of, _memory: memory)
    take_nothing(host.service, True)
    host.goes_on()
    told = lows(host.service)
    assert (len(said), [state for _, state in told]) == (1, ["sent"])
    host.kill()
    shutil.rmtree(memory)
    host.start()
    assert lows(host.service) == told
    host.goes_on()
    assert len(said) == 1
    assert lows(host.service) == told
    host.service.stop()


def test_what_was_being_sent_is_said_once_more_and_says_so(
    host: Told, said: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.goes_on(sends=False)
    aside = host.journal.with_name("before.sqlite")
    back_up(host.journal, aside)
    record: Callable[..., None] = lambda *_: None  # noqa: E731 - the power goes before it is known that it arrived
    monkeypatch.setattr(host.service._departures, "settle", record)
    host.goes_on()
    host.service.stop()
    for file in host.journal.parent.glob(f"{host.journal.name}*"):
        if not file.name.endswith(".told"):
            file.unlink()
    aside.rename(host.journal)
    host.start()
    host.goes_on()
    assert [key.split("/")[1] for key in said] == ["turn-1", "turn-1+"]
    host.service.stop()
