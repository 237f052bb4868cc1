"""What the running host holds by itself: a rollout that is ordered, over its own restarts, and one work at a time."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paraat.cli.main import main
from paraat.domain.model import NodeState
from paraat.fleet import hosted, orders, rollout
from paraat.fleet.hosted import Hosted, Work
from paraat.fleet.orders import OrderError, Rollouts
from paraat.provision.bundle import bundle
from paraat.provision.pki.authority import Authority
from paraat_wire import topics
from paraat_wire.orders import Reply, encode_reply, read_command
from site_broker import NOW, PASSPHRASE, make_site
from waiting import wait_for

POINTS = ("nsp-0101", "nsp-0102", "nsp-0103", "nsp-0201", "nsp-0202")
DATA = b"firmware" * 100


class Boards:
    """Boards that take build 2 at once. bad: goes back; away: do not answer, and are not online."""

    def __init__(self, bad: str = "", away: tuple[str, ...] = ()) -> None:
        self.host: Hosted | None = None
        self.bad = bad
        self.away = away
        self.begun: list[str] = []
        self.builds = dict.fromkeys(POINTS, 1)
        self.why = dict.fromkeys(POINTS, "")

    def state(self, point: str) -> NodeState | None:
        return NodeState(
            point=point,
            received_at=0.0,
            retained=False,
            online=point not in self.away,
            build=self.builds[point],
            fw="0.1.0",
            update=self.why[point],
        )

    def publish(self, topic: str, payload: bytes) -> bool:
        found = topics.parse(topic)
        assert found is not None
        assert found[1] == topics.COMMAND
        order, point = read_command(payload), found[0]
        assert self.host is not None
        self.begun.append(point)
        self.host.heard(topics.topic(point, topics.REPLY), encode_reply(Reply(order.id, "", {"done": "b"})))
        if point == self.bad:
            self.why[point] = "it did not reach the host"
        else:
            self.builds[point] = 2
        self.tells(point)
        return True

    def tells(self, point: str) -> None:
        assert self.host is not None
        state = self.state(point)
        assert state is not None
        self.host.states([state])


class Scene:
    """A host that turns by hand."""

    def __init__(self, folder: Path, boards: Boards, *others: Work) -> None:
        self.now = 1_795_000_000.0
        self.folder = folder
        self.boards = boards
        self.others = others
        self.restart()

    def restart(self) -> None:
        """The host starts anew."""
        self.work = Rollouts(self.folder)
        works = [self.work, *self.others]
        self.host = Hosted(works, self.boards.publish, lambda: self.now, self.boards.state)
        self.boards.host = self.host

    def order(self) -> None:
        orders.place(self.folder, POINTS, DATA, 2, "0.1.0", canary=None, downgrade=False, now=self.now)

    def turn(self, times: int = 60) -> None:
        for _ in range(times):
            self.now += 1.0
            self.host.turn()
            while not self.host._heard.empty():
                self.host._take(*self.host._heard.get())

    def stands(self) -> dict[str, str]:
        found = orders.progress(self.folder)
        assert found is not None
        return {line.point: line.stands for line in found.lines}


def test_what_is_ordered_is_done_one_first_and_then_the_others(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Boards())
    scene.turn()
    assert scene.boards.begun == []
    scene.order()
    scene.turn()
    assert scene.boards.begun == list(POINTS)
    assert set(scene.stands().values()) == {"done"}
    found = orders.progress(tmp_path)
    assert found is not None
    assert found.over
    scene.turn()
    assert len(scene.boards.begun) == len(POINTS), "once"


def test_a_board_that_returns_after_weeks_has_its_turn_without_anybody_asking(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Boards(away=("nsp-0103",)))
    scene.order()
    scene.turn()
    assert scene.stands()["nsp-0103"] == "away"
    scene.now += 20 * 86400
    scene.restart()
    scene.turn()
    scene.boards.away = ()
    scene.boards.tells("nsp-0103")
    scene.turn()
    assert set(scene.stands().values()) == {"done"}
    assert scene.boards.begun.count("nsp-0103") == 1


def test_it_stops_at_the_first_that_goes_back_and_stays_so_until_it_is_ordered_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Boards(bad="nsp-0102"))
    scene.order()
    scene.turn()
    found = orders.progress(tmp_path)
    assert found is not None
    assert found.stopped_by == "nsp-0102"
    assert "nsp-0102" in scene.work.problem
    scene.restart()
    scene.turn()
    assert scene.boards.begun.count("nsp-0102") == 1, "a restart of the host begins nothing anew"
    assert "nsp-0102" in scene.host.problems["rollout"]
    (line,) = (line for line in found.lines if line.point == "nsp-0102")
    assert line.row().why == "it went back to build 1: it did not reach the host"
    scene.boards.bad, scene.boards.why["nsp-0102"] = "", ""
    scene.order()
    scene.turn()
    assert set(scene.stands().values()) == {"done"}
    assert scene.host.problems == {}


def test_what_not_all_boards_have_is_left_for_the_same_command(tmp_path: Path) -> None:
    assert orders.left(tmp_path) is None
    scene = Scene(tmp_path, Boards(bad="nsp-0102"))
    scene.order()
    scene.turn()
    assert orders.left(tmp_path) == DATA
    scene.boards.bad, scene.boards.why["nsp-0102"] = "", ""
    scene.order()
    scene.turn()
    assert orders.left(tmp_path) is None
    orders.keep(tmp_path, b"by a command")
    assert orders.left(tmp_path) == b"by a command"
    orders.drop(tmp_path)
    assert orders.left(tmp_path) is None


def test_it_can_be_stopped(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Boards(away=("nsp-0103",)))
    scene.order()
    scene.turn()
    with pytest.raises(OrderError, match="A rollout runs already"):
        scene.order()
    assert orders.halt(tmp_path)
    scene.turn()
    scene.boards.away = ()
    scene.boards.tells("nsp-0103")
    scene.turn()
    assert "nsp-0103" not in scene.boards.begun
    found = orders.progress(tmp_path)
    assert found is not None
    assert found.halted
    assert not orders.halt(tmp_path), "there is nothing left to stop"


class Waits:
    """A work that is asked, and says nothing."""

    name = "other"
    problem = ""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def begin(self, now: float) -> None:
        self.asked.append(now)

    def step(self, talk: Any, now: float) -> bool:
        raise AssertionError("it began nothing")


def test_another_work_waits_while_a_board_is_in_hand_and_not_for_one_that_is_away(tmp_path: Path) -> None:
    other = Waits()
    scene = Scene(tmp_path, Boards(away=("nsp-0103",)), other)
    scene.order()
    scene.turn(3)
    assert other.asked == []
    scene.turn()
    assert scene.stands()["nsp-0103"] == "away"
    assert len(other.asked) > 5


def test_the_lock_says_whether_a_host_is_here(tmp_path: Path) -> None:
    folder = tmp_path / "rollout"
    assert not orders.is_held(folder)
    with Rollouts(folder).held():
        assert orders.is_held(folder)
    assert not orders.is_held(folder)


# --- the command ---


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Boards]]:
    """A site whose host runs, with boards."""
    monkeypatch.setattr(rollout, "SETTLE_S", 0.5)
    monkeypatch.setattr(hosted, "LOOK_S", 0.1)
    site = make_site(tmp_path / "site", NOW)
    boards = Boards()
    work = Rollouts(orders.folder_of(site))
    boards.host = Hosted([work], boards.publish, time.time, boards.state)
    stop = threading.Event()

    def run() -> None:
        assert boards.host is not None
        with work.held():
            boards.host.run(stop)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: orders.is_held(orders.folder_of(site)), "the host is here")
    yield site.directory, boards
    stop.set()
    thread.join()


@pytest.mark.usefixtures("english")
def test_the_command_orders_and_follows_and_says_who_runs_what(
    running: tuple[Path, Boards], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, boards = running
    authority = Authority.open(site, PASSPHRASE, NOW)
    built = tmp_path / "two.bundle"
    built.write_bytes(bundle.make(bundle.compile_firmware(), 2, authority.update_key()))
    update = ["update", "--site", str(site)]
    assert main([*update, "--status"]) == 0
    assert "No rollout was ordered" in capsys.readouterr().out
    assert main([*update, "--bundle", str(built), *POINTS[:2]]) == 0
    said = capsys.readouterr().out
    assert "The running host does it" in said
    assert "nsp-0102: done" in said
    assert sorted(boards.begun) == sorted(POINTS[:2])
    assert main([*update, "--status"]) == 0
    assert "nsp-0101: done" in capsys.readouterr().out
    assert main([*update, "--stop"]) == 0
    assert "nothing to stop" in capsys.readouterr().out


@pytest.mark.usefixtures("english")
def test_the_same_command_after_a_stop_sends_what_was_sent_and_asks_for_no_passphrase(
    running: tuple[Path, Boards], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, boards = running
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    boards.bad = POINTS[1]
    update = ["update", "--site", str(site), *POINTS[:2]]
    assert main([*update, "--build", "2", "--passphrase-file", str(secret)]) == 1
    assert f"Stopped at {POINTS[1]}" in capsys.readouterr().err
    boards.bad, boards.why[POINTS[1]] = "", ""
    assert main([*update, "--passphrase-file", "/nowhere"]) == 0
    assert "build 2, " in capsys.readouterr().out
    assert boards.begun.count(POINTS[0]) == 1, "it has it"
