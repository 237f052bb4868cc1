"""A host that starts hours behind, as one without a battery clock does: no board's time is lost, and everybody is told."""

import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from host.served import ON_MAINS, POINT, T0, FakeBoard, StillClock, a_site, get, view_of
from paraat.cli.main import main
from paraat.domain.facts import ClockConfirmed, ClockSetBack, Started
from paraat.domain.model import SampleSet
from paraat.intake.decode import MAX_AHEAD_S
from paraat.journal import Journal
from paraat.runtime.host_probe import HostProbe
from paraat.service import Service
from paraat.simulate.servers import EmbeddedBroker, free_port
from paraat.site.site import Site
from paraat_wire import codec, host_codec, topics
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")

POINTS = (POINT, "nsp-0102", "nsp-0103")
CLOCKLESS = "nsp-0201"
BEHIND_S = AHEAD_S = 10800.0


@pytest.fixture(autouse=True)
def nothing_keeps_the_clock_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paraat.service.clock_synchronised", lambda: False)


Stage = tuple[Service, StillClock, list[FakeBoard]]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Stage]:
    """A host three hours behind its boards."""
    with staged(tmp_path, -BEHIND_S) as stage:
        yield stage


@pytest.fixture
def ahead(tmp_path: Path) -> Iterator[Stage]:
    """A host three hours ahead of its boards."""
    with staged(tmp_path, AHEAD_S) as stage:
        yield stage


@contextmanager
def staged(tmp_path: Path, off_s: float) -> Iterator[Stage]:
    with EmbeddedBroker(tmp_path / "broker") as broker:
        clock = StillClock()
        clock.t += off_s
        boards = [FakeBoard(broker.port, point) for point in (*POINTS, CLOCKLESS)]
        service = Service(a_site(tmp_path, broker.port), clock=clock, host_probe=HostProbe(tmp_path))
        service.start()
        wait_for(lambda: service.health()[0].ok)
        yield service, clock, boards
        service.stop()
        for board in boards:
            board.close()


def doubted(service: Service) -> str:
    return "".join(check.detail for check in service.health() if check.name == "clock" and not check.ok)


def status(service: Service) -> int:
    try:
        get(service, "/healthz")
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_no_boards_time_is_lost_to_a_host_that_is_behind(behind: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    service, clock, boards = behind
    for board in boards[:3]:
        board.tell(1, ON_MAINS, T0)
    stored = service.journal.entries_after(0, 10)
    assert [(entry.t, entry.point) for entry in stored] == [(T0, point) for point in POINTS]
    assert "180 min behind: 3 of 3 boards say so" in doubted(service)
    assert status(service) == 503
    assert "klok van deze computer staat verkeerd" in get(service, "/").decode()
    clock.t += 61

    def firing() -> set[str]:
        return {alert.rule for alert in service.alerts() if alert.state == "firing"}

    wait_for(lambda: "clock_wrong" in firing())
    assert [board.times for board in boards] == [[], [], [], []], "a wrong time would be taken over by all of them"
    aged = host_codec.encode_pack([codec.encode_set(CLOCKLESS, 1, -5, codec.encode_records(ON_MAINS.items(), []))])
    *_, clockless = boards
    clockless.say(topics.topic(CLOCKLESS, topics.TELEMETRY), aged)
    wait_for(lambda: view_of(service, clock.t, CLOCKLESS).data_t == clock.t - 5, "people are told of it all the same")
    assert clockless.acked == set()
    clock.t = T0 + 60.0
    for board in boards[:3]:
        board.tell(3, ON_MAINS, clock.t)
    wait_for(lambda: not doubted(service))
    wait_for(lambda: all(board.times == [T0 + 60] for board in boards))
    clockless.say(topics.topic(CLOCKLESS, topics.TELEMETRY), aged)
    wait_for(lambda: clockless.acked == {1})
    assert [entry.t for entry in service.journal.entries_after(0, 10)] == [T0] * 3 + [T0 + 60.0] * 3 + [T0 + 55.0]
    clock.t += 61
    wait_for(lambda: "clock_wrong" not in firing())


def pass_by(stage: Stage, seconds: float) -> None:
    """Let the time of the host and of the clock that nobody sets go on."""
    service, clock, _ = stage
    service._dating._uptime_s = partial(sum, (service._dating._uptime_s(), seconds))
    clock.t += seconds


def test_no_boards_time_is_lost_to_a_host_that_is_ahead(ahead: Stage) -> None:
    service, clock, boards = ahead
    *dated, clockless = boards
    aged = host_codec.encode_pack([codec.encode_set(CLOCKLESS, 1, -5, codec.encode_records(ON_MAINS.items(), []))])
    for board in dated:
        board.tell(1, ON_MAINS, T0)
    assert not doubted(service), "it may have waited somewhere"
    pass_by(ahead, 60.0)
    for board in dated:
        board.tell(2, ON_MAINS, T0 + 60)
    assert "180 min ahead: 3 of 3 boards say so" in doubted(service)
    assert status(service) == 503
    assert "klok van deze computer staat verkeerd" in get(service, "/").decode()

    def alerts(state: str) -> set[str]:
        return {alert.rule for alert in service.alerts() if alert.state == state}

    clock.t += 61
    wait_for(lambda: "clock_wrong" in alerts("firing"))
    assert {alert.wording for alert in service.alerts() if alert.rule == "clock_wrong"} == {"ahead"}
    pass_by(ahead, 400.0)
    wait_for(lambda: "point_silent" in alerts("pending"))
    pass_by(ahead, 100.0)
    wait_for(lambda: "point_silent" in alerts("firing"))
    told = [row for alert in service.alerts() if alert.rule == "point_silent" for row in service.told(alert.id)]
    assert told == [], "whose reading is old by a clock that is wrong is no silent point"
    clockless.say(topics.topic(CLOCKLESS, topics.TELEMETRY), aged)
    wait_for(lambda: view_of(service, clock.t, CLOCKLESS).data_t == clock.t - 5)
    assert (clockless.acked, [board.times for board in boards]) == (set(), [[]] * 4)
    clock.t = T0 + 120.0
    for board in dated:
        board.tell(3, ON_MAINS, clock.t)
    wait_for(lambda: not doubted(service))
    wait_for(lambda: all(board.times == [T0 + 120] for board in boards))
    clockless.say(topics.topic(CLOCKLESS, topics.TELEMETRY), aged)
    wait_for(lambda: clockless.acked == {1})
    kept = [T0] * 3 + [T0 + 60] * 3 + [T0 + 120] * 3 + [T0 + 115]
    assert [entry.t for entry in service.journal.entries_after(0, 20)] == kept, "each as it was dated"


def test_a_clock_that_leaps_ahead_while_it_runs_is_told_to_no_board(behind: Stage) -> None:
    service, clock, boards = behind
    clock.t = T0
    for board in boards[:3]:
        board.tell(1, ON_MAINS, T0)
    wait_for(lambda: all(board.times == [T0] for board in boards))
    clock.t += AHEAD_S
    wait_for(lambda: "went 180 min ahead at once" in doubted(service))
    for board in boards[:3]:
        board.tell(2, ON_MAINS, T0 + 1)
    assert doubted(service)
    clock.t = T0 + 70
    for board in boards[:3]:
        board.tell(3, ON_MAINS, clock.t)
    wait_for(lambda: not doubted(service))
    wait_for(lambda: all(board.times == [T0, T0 + 70] for board in boards), "and nothing else")
    assert {entry.t for entry in service.journal.entries_after(0, 20)} == {T0, T0 + 1, T0 + 70}


def test_somebody_says_that_the_clock_is_right(behind: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """The boards had a wrong time, from this host before its clock was set right, say."""
    service, clock, boards = behind
    for board in boards[:3]:
        board.tell(1, ON_MAINS, T0)
    assert doubted(service)
    folder = service.site.directory
    (folder / "points").mkdir()
    example = Path(__file__).parents[2] / "deploy" / "site.example"
    for path in (example / "points").glob("*.toml"):
        (folder / "points" / path.name).write_bytes(path.read_bytes())
    (folder / "site.toml").write_text(f'[site]\nregion = "Test"\n[web]\nport = {service.site.web.port}\n')
    assert main(["status", "--site", str(folder)]) == 0
    assert "paraat: the clock of this machine is wrong" in capsys.readouterr().err
    assert main(["clock", "--site", str(folder), "--by", "Jan"]) == 0
    assert "this clock is right, says Jan" in capsys.readouterr().out
    wait_for(lambda: all(board.times == [int(clock.t)] for board in boards))
    assert not doubted(service)
    assert view_of(service, clock.t).data_t is None, "what is dated later than the clock hides nothing"
    (fact,) = service.journal.facts(ClockConfirmed)
    assert (fact.author.name, fact.author.way) == ("Jan", "cli")
    assert service.journal.facts(ClockSetBack)[-1].told == ClockSetBack(forget_after=clock.t + MAX_AHEAD_S)
    boards[0].tell(2, ON_MAINS, clock.t)
    assert service.journal.entries_after(0, 10)[-1].t == clock.t


def started_again(site: Site) -> Service:
    """A host whose journal goes three hours beyond its clock."""
    journal = Journal(site.path(site.region.journal))
    journal.store(
        [SampleSet(point=POINT, kind="telemetry", seq=1, t=T0, received_at=T0, values=ON_MAINS, faults={})], [], []
    )
    journal.close()
    clock = StillClock()
    clock.t -= BEHIND_S
    return Service(site, clock=clock, serve_web=False, host_probe=HostProbe(site.directory))


def test_a_clock_behind_its_own_journal_is_doubted_before_any_board_speaks(tmp_path: Path) -> None:
    service = started_again(a_site(tmp_path, free_port()))
    assert "180 min less than it did before" in doubted(service)
    assert view_of(service, T0).data_t == T0, "nothing is forgotten for a clock that may be wrong"
    service.stop()


def test_a_clock_that_is_kept_right_takes_the_future_of_an_old_one_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paraat.service.clock_synchronised", lambda: True)
    service = started_again(a_site(tmp_path, free_port()))
    assert doubted(service) == ""
    assert view_of(service, T0).data_t is None
    assert service.journal.facts(Started)[-1].told == Started(forget_after=T0 - BEHIND_S + MAX_AHEAD_S)
    service.stop()
