"""Many boards: one first, then waves; a stop at the first that does not come back; who is away has his turn when he returns."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from paraat.cli.main import main
from paraat.fleet import rollout
from paraat.fleet.rollout import Rollout
from paraat.provision.bundle import bundle
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import Issued
from paraat.site.inventory import Board
from paraat.site.site import load_site
from paraat_wire import topics
from paraat_wire.orders import Reply
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site
from waiting import wait_for

POINTS = [f"nsp-{n:04}" for n in range(101, 111)]
DATA = bytes(range(256)) * 10
OLD = {"online": True, "boot": 1, "build": 1, "fw": "0.1.0", "update": ""}


class Fleet:
    """Boards without a broker. bad: goes back; lost: takes it and is not heard again."""

    def __init__(self, talk: Rollout, *, bad: str = "", lost: str = "") -> None:
        self.talk = talk
        self.begun: list[str] = []
        self._bad, self._lost = bad, lost

    def turn(self, now: float) -> list[str]:
        """One round: who was told to begin in it."""
        began = []
        for point, order in list(self.talk.commands(now)):
            self.talk.on_reply(point, Reply(order.id, "", {"done": "b"}), now)
            began.append(point)
            if point == self._bad:
                self.talk.on_state(point, OLD | {"boot": 3, "update": "it did not reach the host"}, now)
            elif point != self._lost:
                self.talk.on_state(point, OLD | {"boot": 2, "build": 2}, now)
        self.begun += began
        return began

    def run(self, rounds: int = 12) -> list[list[str]]:
        found = [self.turn(rollout.SETTLE_S + n) for n in range(rounds)]
        return [each for each in found if each]


def start(*, away: tuple[str, ...] = (), **options: Any) -> Rollout:
    talk = Rollout(POINTS, DATA, 2, "0.1.0", now=0.0, **options)
    for point in POINTS:
        if point not in away:
            talk.on_state(point, OLD, 0.0)
    return talk


def stands(talk: Rollout) -> dict[str, str]:
    return {row.point: row.stands for row in talk.rows()}


def test_one_is_first_and_the_waves_grow() -> None:
    fleet = Fleet(start())
    assert fleet.talk.ended is False
    assert [len(wave) for wave in fleet.run()] == [1, 4, 5]
    assert set(stands(fleet.talk).values()) == {"done"}
    assert fleet.talk.ended
    named = Fleet(start(canary="nsp-0107"))
    assert named.run()[0] == ["nsp-0107"]


def test_nobody_is_begun_before_it_is_known_who_is_there() -> None:
    assert list(start().commands(rollout.SETTLE_S - 0.1)) == []


def test_it_stops_by_itself_at_the_first_that_goes_back() -> None:
    fleet = Fleet(start(), bad="nsp-0103")
    fleet.run()
    assert fleet.talk.stopped_by == "nsp-0103"
    assert fleet.talk.ended
    assert fleet.begun == POINTS[:5], "its own wave is not broken off, and no other is begun"
    assert stands(fleet.talk)["nsp-0103"] == "failed"
    assert [stands(fleet.talk)[point] for point in POINTS[5:]] == ["stopped"] * 5
    again = Fleet(start())
    again.talk.on_state("nsp-0101", OLD | {"build": 2}, 0.0)
    again.run()
    assert "nsp-0101" not in again.begun, "what a board has it keeps"


def test_it_stops_at_the_canary_that_does_not_come_back() -> None:
    fleet = Fleet(start(), lost="nsp-0101")
    fleet.turn(rollout.SETTLE_S)
    assert fleet.turn(rollout.SETTLE_S + 1) == ["nsp-0101"]
    assert not fleet.talk.ended
    fleet.turn(rollout.SETTLE_S + 1300)
    assert fleet.talk.stopped_by == "nsp-0101"
    assert fleet.begun == ["nsp-0101"]


def test_who_is_away_holds_nobody_up_and_has_his_turn_when_he_returns() -> None:
    fleet = Fleet(start(away=("nsp-0102", "nsp-0105")))
    fleet.run()
    assert fleet.talk.idle
    assert not fleet.talk.ended
    assert stands(fleet.talk)["nsp-0105"] == "away"
    fleet.talk.on_state("nsp-0105", OLD, 3600.0)
    assert fleet.turn(3601.0) == []
    assert fleet.turn(3602.0) == ["nsp-0105"]
    assert stands(fleet.talk)["nsp-0105"] == "done"
    assert not fleet.talk.ended


def test_a_canary_that_is_away_is_waited_for() -> None:
    fleet = Fleet(start(away=("nsp-0102",), canary="nsp-0102"))
    assert fleet.run() == []
    fleet.talk.on_state("nsp-0102", OLD, 100.0)
    fleet.turn(100.0)
    assert fleet.turn(101.0) == ["nsp-0102"]


def test_a_canary_that_has_it_already_holds_nobody_up() -> None:
    fleet = Fleet(start(canary="nsp-0102"))
    fleet.talk.on_state("nsp-0102", OLD | {"build": 2}, 1.0)
    assert [len(wave) for wave in fleet.run()] == [1, 4, 4]


@pytest.mark.parametrize(
    ("state", "is_newer"),
    [
        ({"fw": "0.2.0"}, True),
        ({"fw": "0.1.0"}, False),
        ({"fw": "0.0.9"}, False),
        ({"build": 3}, True),
        ({"fw": "?"}, False),
    ],
)
def test_an_older_version_is_not_brought_to_a_newer_one_unless_asked(state: dict[str, Any], is_newer: bool) -> None:
    for downgrade in (False, True):
        talk = Rollout(["nsp-0101"], DATA, 2, "0.1.0", now=0.0, downgrade=downgrade)
        talk.on_state("nsp-0101", OLD | state, 0.0)
        fleet = Fleet(talk)
        fleet.run(3)
        refused = is_newer and not downgrade
        assert bool(fleet.begun) is not refused
        assert stands(talk)["nsp-0101"] == ("newer" if refused else "done")
        assert talk.ended


class WireBoard:
    """A board over the real broker with its own certificate. It takes an update as the firmware does, by pieces."""

    def __init__(self, point: str, issued: Issued, broker: SiteBroker, known: Path, folder: Path, *, bad: bool) -> None:
        self.point, self.bad = point, bad
        self.build, self.begun = 1, False
        self._got = b""
        self._size = 0
        self._client = BoardClient(broker.port, known, issued, folder)
        self._client.client.on_message = lambda _c, _u, message: self._hear(json.loads(message.payload))

    def come(self) -> None:
        assert self._client.is_taken()
        self._client.subscribe(topics.topic(self.point, topics.COMMAND))
        self.tell()

    def tell(self, **more: Any) -> None:
        state = {"v": 1, "online": True, "boot": self.build, "build": self.build, "fw": "0.1.0"} | more
        self._client.client.publish(topics.topic(self.point, topics.STATE), json.dumps(state), 1, True)

    def _hear(self, order: dict[str, Any]) -> None:
        args = order["args"]
        if order["do"] == "update":
            self.begun, self._size, self._got = True, args["size"], b""
        else:
            self._got += base64.b64decode(args["data"])
        whole = len(self._got) == self._size
        want = [len(self._got), min(40_000, self._size - len(self._got))]
        result = {"done": "b"} if whole else {"want": want}
        answer = {"id": order["id"], "ok": True, "result": result}
        self._client.client.publish(topics.topic(self.point, topics.REPLY), json.dumps(answer), 1)
        if whole:
            self.tell(update="trial", build=args["build"])
            if self.bad:
                self.tell(update="it did not reach the host")
            else:
                self.build = args["build"]
                self.tell()

    def close(self) -> None:
        self._client.close()


class Cp:
    def __init__(self, folder: Path, bad: str) -> None:
        now = datetime.now(UTC)
        site = make_site(folder / "site", now)
        self.site = site.directory
        template = (self.site / "points" / "nsp-0102.toml").read_text()
        for path in (self.site / "points").glob("*.toml"):
            path.unlink()
        for point in POINTS:
            (self.site / "points" / f"{point}.toml").write_text(template.replace('"nsp-0102"', f'"{point}"'))
        self.broker = SiteBroker(load_site(self.site), folder / "broker")
        tls = 'ca_file = "pki/ca.crt"\ncert_file = "pki/host.crt"\nkey_file = "pki/host.key"\n'
        toml = self.site / "site.toml"
        toml.write_text(toml.read_text().replace("port = 1883\n", f"port = {self.broker.port}\n{tls}"))
        self.broker.start()
        authority = Authority.open(self.site, PASSPHRASE, now)
        self.boards = {}
        for number, point in enumerate(POINTS):
            issued = authority.issue_board(point, now)
            mac = f"24:6f:28:00:00:{number:02x}"
            authority.commit(issued, Board(mac=mac, serial=mac, type="esp32_devkitc_ve", flashed_at=now), now)
            known = self.site / "pki" / "ca.crt"
            self.boards[point] = WireBoard(point, issued, self.broker, known, folder, bad=point == bad)
        self.bundle = folder / "firmware.bundle"
        self.bundle.write_bytes(bundle.make(bundle.compile_firmware(), 2, authority.update_key()))

    def close(self) -> None:
        for board in self.boards.values():
            board.close()
        self.broker.stop()


@pytest.fixture
def make_cp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Cp]]:
    monkeypatch.setattr(rollout, "SETTLE_S", 1.0)
    made: list[Cp] = []

    def make(bad: str) -> Cp:
        made.append(Cp(tmp_path, bad))
        return made[-1]

    yield make
    for cp in made:
        cp.close()


@pytest.mark.needs("mosquitto")
def test_ten_boards_over_the_real_broker_one_of_them_bad_and_one_away(
    make_cp: Callable[[str], Cp], capsys: pytest.CaptureFixture[str]
) -> None:
    cp = make_cp("nsp-0104")
    for point, board in cp.boards.items():
        if point != "nsp-0103":
            board.come()
    ask = ["update", "--site", str(cp.site), "--bundle", str(cp.bundle), "--all", "--canary", "nsp-0102"]
    assert main(ask) == 1
    said = capsys.readouterr()
    assert "nsp-0102: klaar: draait 0.1.0, build 2" in said.out
    assert "nsp-0104: mislukt: het ging terug naar build 1" in said.out
    assert "Gestopt bij nsp-0104" in said.err
    assert [point for point, board in cp.boards.items() if board.begun] == [
        "nsp-0101", "nsp-0102", "nsp-0104", "nsp-0105", "nsp-0106",
    ]  # fmt: skip
    cp.boards["nsp-0104"].bad = False
    returned = threading.Thread(
        target=lambda: (wait_for(lambda: cp.boards["nsp-0110"].build == 2), cp.boards["nsp-0103"].come())
    )
    returned.start()
    assert main(ask) == 0
    returned.join()
    assert {board.build for board in cp.boards.values()} == {2}
