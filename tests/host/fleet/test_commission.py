"""The check on the spot: a step is ticked by what the board measures, and by nothing else; over the real broker too."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from paraat.cli import commission as command
from paraat.cli.main import main
from paraat.domain.points import Tank
from paraat.fleet import commission
from paraat.fleet.commission import Ticked
from paraat.provision.pki.authority import Authority
from paraat_wire import topics
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site

TANK = Tank(capacity_l=400, burn_l_per_h=9.5, by="level", calibration=((0, 0), (100, 400)))


class Board:
    """What it measures changes with what is done; each sample takes one turn of the script."""

    def __init__(self, *samples: dict[str, Any], is_pressed: bool = True) -> None:
        self.samples = list(samples)
        self.calls = 0
        self.is_pressed = is_pressed

    def sample(self) -> dict[str, Any]:
        return self.samples.pop(0) if len(self.samples) > 1 else self.samples[0]

    def call(self) -> None:
        self.calls += 1

    def pressed(self) -> bool:
        return self.is_pressed


class Person:
    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []

    def say(self, key: str, **values: object) -> None:
        self.heard.append(key)

    def ask(self, key: str, **values: object) -> str:
        self.heard.append(key)
        return self.answers.pop(0)


def run(board: Board, person: Person) -> list[Ticked]:
    return list(commission.run(board, person, TANK, "nl"))


def test_the_fuel_is_ticked_when_gauge_and_dipstick_agree() -> None:
    board = Board({"fuel/level": 61.2})
    assert run(board, Person("60", "j"))[0] == Ticked(step="fuel", done=True, found="61,2 % / 60,0 %")
    assert run(board, Person("250 l", "j"))[0] == Ticked(step="fuel", done=True, found="244,8 l / 250,0 l")
    assert run(board, Person("zestig", "80,5", "", "62", "j"))[0].done, "a slip and a wrong stick may be mended"
    assert run(board, Person("80", "s", "j"))[0] == Ticked(step="fuel", done=False, found="61,2 % / 80,0 %")
    assert run(board, Person("", "j"))[0] == Ticked(step="fuel", done=False)
    assert not run(Board({"fuel/level": 61.2}, {}), Person("61", "s", "j"))[0].done, (
        "a gauge that fails agrees with nothing"
    )


def test_mains_generator_and_beam_are_ticked_by_the_reading_itself() -> None:
    on, off = {"power/mains": True, "power/generator": False}, {"power/mains": False, "power/generator": False}
    running = {"power/mains": False, "power/generator": True}
    both = {"power/mains": True, "power/generator": True}
    done = run(Board(on, on, on, off, off, running, running, both, both, on), Person("j"))
    assert [(step.step, step.done) for step in done] == [
        ("mains-off", True),
        ("generator-on", True),
        ("mains-on", True),
        ("generator-off", True),
        ("button", True),
    ]
    stuck = run(Board(on), Person("s", "s", "j"))
    assert [step.step for step in stuck if not step.done] == ["mains-off", "generator-on"]
    crossed = run(Board({"people/in": 3}, {"people/in": 3}, {"people/in": 3}, {"people/in": 4}), Person("j"))
    assert crossed[0] == Ticked(step="beam", done=True, found="naar binnen: 4")


def test_a_siren_that_nobody_hears_and_a_button_that_nobody_sees_are_not_ticked() -> None:
    assert not run(Board({}), Person("n"))[0].done
    board = Board({}, is_pressed=False)
    assert run(board, Person("", "s")) == [Ticked(step="button", done=False)]
    assert board.calls == 2


class OnTheWire:
    """A board that answers over the broker, and whose button is pressed when it calls."""

    def __init__(self, broker: SiteBroker, site: Path, folder: Path) -> None:
        authority = Authority.open(site, PASSPHRASE)
        now = datetime.now(UTC)
        issued = authority.issue_board("nsp-0101", now)
        authority.commit(issued, None, now)
        self._client = BoardClient(broker.port, site / "pki" / "ca.crt", issued, folder)
        assert self._client.is_taken()
        self._client.subscribe(topics.topic("nsp-0101", topics.COMMAND))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        answered = 0
        while not self._over.wait(0.02):
            for _, payload in self._client.heard[answered:]:
                answered += 1
                asked = json.loads(payload)
                result = (
                    {"values": {"fuel/level": 61.2}, "faults": {}} if asked["do"] == "sample-now" else {"seconds": 60}
                )
                answer = {"id": asked["id"], "ok": True, "result": result}
                self._client.client.publish(topics.topic("nsp-0101", topics.REPLY), json.dumps(answer), 1)
                if asked["do"] == "call":
                    pack = [{"bn": "nsp-0101/", "bt": time.time(), "n": "seq", "v": 7}, {"n": "button/ack", "vb": True}]
                    self._client.client.publish(topics.topic("nsp-0101", topics.EVENT), json.dumps(pack), 1)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()


@pytest.fixture
def at_the_point(tmp_path: Path) -> Iterator[Path]:
    site = make_site(tmp_path / "site", datetime.now(UTC))
    with SiteBroker(site, tmp_path / "broker") as broker:
        toml = site.directory / "site.toml"
        tls = 'ca_file = "pki/ca.crt"\ncert_file = "pki/host.crt"\nkey_file = "pki/host.key"\n'
        toml.write_text(toml.read_text().replace("port = 1883\n", f"port = {broker.port}\n{tls}"))
        board = OnTheWire(broker, site.directory, tmp_path)
        yield site.directory
        board.close()


@pytest.mark.needs("mosquitto")
def test_over_the_broker_it_is_kept_with_name_and_day_and_printed(
    at_the_point: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["60", "j"])
    monkeypatch.setattr(command._AtTheKeyboard.__init__, "__defaults__", (lambda _: next(answers),))
    assert main(["commission", "--site", str(at_the_point), "--by", "Jan de Wit", "nsp-0101"]) == 0
    said = capsys.readouterr().out
    assert "[x] brandstof met de peilstok (61,2 % / 60,0 %)" in said
    assert "[x] knop ingedrukt, sirene gehoord\n" in said
    assert "Door Jan de Wit." in said
    [kept] = (at_the_point / "commissioned").glob("*.json")
    told = json.loads(kept.read_text())
    assert (told["point"], told["by"], [step["done"] for step in told["steps"]]) == (
        "nsp-0101",
        "Jan de Wit",
        [True, True],
    )
    assert "nsp-0101, Buurthuis De Linde: controle ter plaatse" in kept.with_suffix(".txt").read_text()
    there = datetime.fromisoformat(told["at"]).astimezone(ZoneInfo("Europe/Amsterdam"))
    assert f"controle ter plaatse, {there:%Y-%m-%d %H:%M}" in said, "in the region's time, whatever the machine's"
