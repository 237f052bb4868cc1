"""`paraat command`, `configure` and `update` over mutual TLS, with the site's desk certificate and the real mosquitto."""

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from desk_scene import POINT, Scene
from paraat.cli.main import main
from paraat.fleet import updater
from paraat.fleet.desk import Desk, DeskError
from paraat.provision.bundle import bundle
from paraat.site.site import load_site
from paraat_wire import codec, topics
from site_broker import PASSPHRASE
from waiting import LIMIT_S, wait_for

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.usefixtures("english")]
LEAVES = (topics.TELEMETRY, topics.STATE, topics.EVENT, topics.REPLY, topics.ACK, topics.CONFIG, topics.COMMAND)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("desk"))
    with made.broker:
        yield made


@pytest.fixture(autouse=True)
def _close(scene: Scene) -> Iterator[None]:
    """No client of one test comes back in the next one, and throws somebody off there."""
    yield
    while scene.clients:
        scene.clients.pop().close()


def test_a_board_is_asked_configured_and_updated_while_the_host_stays(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    host = scene.own("host")
    scene.board()
    site = str(scene.site)
    assert main(["command", "--site", site, POINT, "identify", "--seconds", "3"]) == 0
    assert capsys.readouterr().out == "seconds: 3\n"
    assert main(["configure", "--site", site, "--wait", "120", POINT]) == 0
    assert f"{POINT}: runs version 2" in capsys.readouterr().out
    path = scene.folder / "firmware.bundle"
    firmware = bundle.Firmware("1.0", {"node/app.mpy": b"M\x06" * 300}, b"")
    path.write_bytes(bundle.make(firmware, 7, scene.authority.update_key()))
    assert main(["update", "--site", site, "--bundle", str(path), POINT]) == 0
    assert f"{POINT}: done" in capsys.readouterr().out
    assert not host.lost.is_set()


def test_a_desk_speaks_for_no_board_and_not_for_the_host(scene: Scene) -> None:
    board = scene.board()
    board.subscribe("paraat/v1/_all/time", *(topics.topic(POINT, leaf) for leaf in LEAVES))
    host = scene.own("host")
    host.subscribe(*(f"paraat/v1/+/{leaf}" for leaf in LEAVES))
    desk = scene.own("desk")
    desk.subscribe("paraat/v1/#", "paraat/v1/+/state", "paraat/v1/+/reply")
    wait_for(lambda: desk.heard, "the retained state")
    desk.heard.clear()
    board.heard.clear()
    host.heard.clear()
    desk.say("paraat/v1/_all/time", b"forged")
    for leaf in LEAVES:
        desk.say(topics.topic(POINT, leaf), b"of the desk")
    for leaf in (topics.TELEMETRY, topics.EVENT, topics.STATE, topics.REPLY):
        board.say(topics.topic(POINT, leaf), b"of the board")
    wait_for(lambda: len(host.heard) >= 4 and len(board.heard) >= 2 and len(desk.heard) >= 3, "what is allowed")
    allowed = {topics.topic(POINT, leaf) for leaf in (topics.CONFIG, topics.COMMAND)}
    assert {topic for topic, payload in [*board.heard, *host.heard] if payload != b"of the board"} == allowed
    heard = (topics.STATE, topics.REPLY, topics.EVENT)  # of a button that is pressed while a point is checked
    assert {topic for topic, _ in desk.heard} == {topics.topic(POINT, leaf) for leaf in heard}


def test_two_at_once_on_one_machine_are_refused(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    with (scene.site / "pki" / "desk.crt").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main(["command", "--site", str(scene.site), POINT, "reboot"]) == 1
    assert "wait until that has ended" in capsys.readouterr().err


def test_a_desk_that_is_thrown_off_by_another_machine_says_so(scene: Scene) -> None:
    with Desk(load_site(scene.site), [POINT]) as desk:
        scene.own("desk")
        with pytest.raises(DeskError, match="another machine work as paraat-desk"):
            for _ in desk.states(LIMIT_S):
                pass


def test_an_update_that_is_thrown_off_comes_back_and_goes_on(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updater, "SILENCE_S", LIMIT_S)
    path = scene.folder / "again.bundle"
    firmware = bundle.Firmware("1.0", {"node/app.mpy": b"M\x06" * 300}, b"")
    path.write_bytes(bundle.make(firmware, 9, scene.authority.update_key()))
    board = scene.board()
    board.client.on_message = lambda _client, _data, message: board.heard.append((message.topic, b""))  # and no answer
    words = ["update", "--site", str(scene.site), "--bundle", str(path), POINT]
    with ThreadPoolExecutor(1) as pool:
        updated = pool.submit(main, words)
        asked = topics.topic(POINT, topics.COMMAND)  # there is a retained configuration, too
        wait_for(lambda: any(topic == asked for topic, _ in board.heard), "it is asked to update")
        scene.own("desk").close()
        # Retained: heard by who subscribes afterwards too, and by nobody who has not subscribed again.
        state = codec.encode_state({"online": True, "boot": 2, "build": 9})
        board.client.publish(topics.topic(POINT, topics.STATE), state, 1, retain=True)
        assert updated.result(2 * LIMIT_S) == 0
    assert f"{POINT}: done" in capsys.readouterr().out


def test_a_site_without_a_desk_certificate_hears_which_command_makes_it(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    pki = scene.site / "pki"
    (pki / "desk.crt").unlink()
    (pki / "desk.key").unlink()
    command = ["command", "--site", str(scene.site), POINT, "identify"]
    assert main(command) == 1
    assert f"paraat pki renew desk --site {scene.site}" in capsys.readouterr().err
    passphrase = scene.folder / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    assert main(["pki", "renew", "desk", "--site", str(scene.site), "--passphrase-file", str(passphrase)]) == 0
    assert (pki / "desk.key").stat().st_mode & 0o777 == 0o600
    scene.board()
    assert main(command) == 0
