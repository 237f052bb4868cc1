"""One set that was lost, or a new journal at the host, keeps no point on trouble: through broker, API and command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.served import ON_MAINS, POINT, T0, FakeBoard, StillClock, a_site, get, view_of
from paraat.cli.main import main
from paraat.domain.facts import GapAccepted
from paraat.fleet import gaps
from paraat.service import Service
from paraat.simulate.servers import EmbeddedBroker
from paraat_wire import orders, topics
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Service, StillClock, FakeBoard]]:
    with EmbeddedBroker(tmp_path / "broker") as broker:
        clock = StillClock()
        board = FakeBoard(broker.port)
        service = Service(a_site(tmp_path, broker.port), clock=clock)
        service.start()
        wait_for(lambda: all(check.ok for check in service.health()))
        yield service, clock, board
        if not service._stop.is_set():
            service.stop()
        board.close()


def a_folder(service: Service) -> str:
    """The files of the site, as the commands want them."""
    folder = service.site.directory
    (folder / "points").mkdir()
    for path in (Path(__file__).parents[2] / "deploy" / "site.example" / "points").glob("*.toml"):
        (folder / "points" / path.name).write_bytes(path.read_bytes())
    (folder / "site.toml").write_text(f'[site]\nregion = "Test"\n[web]\nport = {service.site.web.port}\n')
    return str(folder)


def test_a_new_journal_begins_where_the_boards_memory_begins(
    served: tuple[Service, StillClock, FakeBoard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board at seq 100,000 meets a host that has nothing of it."""
    service, clock, board = served
    monkeypatch.setattr(gaps, "STANDS_S", 0.0)

    def answer(_client: object, _userdata: object, message: object) -> None:
        command = orders.read_command(message.payload)  # type: ignore[attr-defined]
        reply = orders.Reply(command.id, "", {"again": 3, "oldest": 99_998, "newest": 100_000})
        board.client.publish(topics.topic(POINT, topics.REPLY), orders.encode_reply(reply), 1)

    board.client.message_callback_add(topics.topic(POINT, topics.COMMAND), answer)
    board.client.subscribe(topics.topic(POINT, topics.COMMAND), 1)
    board.say(topics.topic(POINT, topics.STATE), b'{"online":true,"clock":"host"}')
    board.tell(100_000, {**ON_MAINS, "node/backlog": 1}, clock.t)
    wait_for(lambda: view_of(service, clock.t).missing == 99_999)
    assert "missing" in view_of(service, clock.t).reasons
    assert json.loads(get(service, "/api/v1/gaps")) == {"gaps": [{"point": POINT, "first": 1, "last": 99_999}]}
    wait_for(lambda: view_of(service, clock.t).online)
    service._gaps.look([POINT])
    assert service.journal.gaps(POINT) == [(99_998, 99_999)]
    board.read(99_998, ON_MAINS, clock.t - 120)
    board.read(99_999, ON_MAINS, clock.t - 60)
    board.send()
    wait_for(lambda: view_of(service, clock.t).missing == 0)
    assert "missing" not in view_of(service, clock.t).reasons
    (fact,) = service.journal.facts(GapAccepted)
    assert (fact.author.name, fact.author.way) == (POINT, "board")


def test_somebody_accepts_what_is_lost_by_command_and_it_stays_so(
    served: tuple[Service, StillClock, FakeBoard], capsys: pytest.CaptureFixture[str]
) -> None:
    service, clock, board = served
    for seq in (1, 2, 5, 9):
        board.tell(seq, ON_MAINS, T0)
    wait_for(lambda: view_of(service, clock.t).missing == 5)
    folder = a_folder(service)
    assert main(["gaps", "list", "--site", folder]) == 0
    assert capsys.readouterr().out == f"{POINT}: 3 to 4, 2 sets\n{POINT}: 6 to 8, 3 sets\n"
    accept = ["gaps", "accept", "--site", folder, "--by", "Jan", "--reason", "bord vervangen", POINT]
    assert main([*accept, "--first", "3", "--last", "4"]) == 0
    wait_for(lambda: view_of(service, clock.t).missing == 3)
    assert main(["gaps", "accept", "--site", folder, "--by", "Jan", "--reason", "", POINT]) == 1
    assert main(accept) == 0
    wait_for(lambda: view_of(service, clock.t).missing == 0)
    assert service.past(clock.t).views == service.views(clock.t)
    service.stop()
    capsys.readouterr()
    assert main(["gaps", "list", "--site", folder]) == 0
    assert capsys.readouterr().out == "nothing is missing\n"
    again = Service(service.site, clock=clock, serve_web=False)
    assert view_of(again, clock.t).missing == 0
    assert {(one.told.first, one.told.last) for one in again.journal.facts(GapAccepted)} == {(3, 4), (1, 9)}  # type: ignore[union-attr]
    again.stop()
