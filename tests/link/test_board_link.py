"""Every way in which the board's way to the host can fail, against a real mosquitto and with the real firmware.

Each case breaks something, reads on the console what is wrong, repairs it, and then nothing may be missing at the host.
The cases run beside each other: they mostly wait. The texts are those of docs/board-log.md.
"""

import ast
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from link.stage import POINT, SPEED, Host, Stage
from paraat.provision.pki import certificates
from paraat.simulate import boards
from paraat.simulate.servers import LOOPBACK
from paraat.site import paths
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.needs("mosquitto", "micropython")

AT_ONCE = 6
FLASH = "refuses this board's certificate (missing, revoked, expired or of another site): flash the board anew"


def _broker_with(stage: Stage, text: str, **certificate: object) -> None:
    """A broker's certificate that the board must not believe, then a good one."""
    stage.broker.certify(**certificate)  # type: ignore[arg-type]
    stage.broker.start()
    stage.start_host()
    stage.start_board()
    stage.says(text)
    stage.broker.certify()
    stage.broker.restart()
    stage.stores()


def wrong_authority(stage: Stage) -> None:
    text = "its certificate is of another authority than this board's: flash the board with this site's files"
    _broker_with(stage, text, authority=stage.broker.other_authority)


def expired(stage: Stage) -> None:
    text = "its certificate has expired, or this board's clock is ahead: renew the broker's certificate"
    _broker_with(stage, text, shift_days=-20)


def not_yet_valid(stage: Stage) -> None:
    text = "its certificate is not yet valid, or this board's clock is behind: set the clocks of the coordination point"
    _broker_with(stage, text, shift_days=20)


def wrong_name(stage: Stage) -> None:
    text = "its certificate is for another name: issue one for the address in the board's broker.host"
    _broker_with(stage, text, name="elders.example")


def _board_with(stage: Stage, text: str, files: dict[str, bytes]) -> None:
    """Files of the board that the broker must not believe, then the right ones."""
    stage.broker.start()
    stage.start_host()
    right = dict(stage.files)
    stage.files.update(files)
    stage.start_board()
    stage.says(text)
    stage.files = right
    stage.restart_board()
    stage.stores()


def certificate_of_another_site(stage: Stage) -> None:
    other = certificates.issue_board(
        stage.broker.other_authority, POINT, stage.broker.board.certificate.not_valid_before_utc
    )
    _board_with(stage, FLASH, {"cert.der": other.certificate_der(), "key.der": other.key_der()})


def key_of_another_certificate(stage: Stage) -> None:
    other = certificates.issue_board(stage.broker.authority, POINT, stage.broker.board.certificate.not_valid_before_utc)
    _board_with(stage, FLASH, {"key.der": other.key_der()})


def file_that_is_no_der(stage: Stage) -> None:
    text = "tls/cert.der and tls/key.der: found no certificate and key in DER, expected what `make flash` writes"
    _board_with(stage, text, {"cert.der": stage.broker.board.certificate_pem()})


def no_certificate(stage: Stage) -> None:
    """The firmware does not start without one, so this is the broker's side: it was given none of this site's."""
    right = stage.broker.authority
    stage.broker.certify()
    (stage.broker.directory / "ca.crt").write_bytes(stage.broker.other_authority.certificate_pem())
    stage.broker.start()
    stage.start_host()
    stage.start_board()
    stage.says(FLASH)
    (stage.broker.directory / "ca.crt").write_bytes(right.certificate_pem())
    stage.broker.restart()
    stage.stores()


def missing_file(stage: Stage) -> None:
    stage.broker.start()
    stage.start_host()
    key = stage.files.pop("key.der")
    stage.start_board()
    stage.says("tls/key.der: found nothing, expected what `make flash` writes")
    stage.files["key.der"] = key
    stage.write_files()
    stage.stores()


def revoked(stage: Stage) -> None:
    _connected(stage)
    stage.broker.revoke([stage.broker.board.certificate.serial_number])
    stage.broker.restart()
    stage.says(FLASH)
    stage.broker.revoke([])
    stage.broker.restart()
    stage.stores()


def _connected(stage: Stage) -> None:
    stage.broker.start()
    stage.start_host()
    stage.start_board()
    stage.stores()


def refused(stage: Stage) -> None:
    stage.start_board()
    stage.says("refuses the connection: is the broker running, and on this port?")
    stage.broker.start()
    stage.start_host()
    stage.stores()


def no_tls_there(stage: Stage) -> None:
    stage.broker.tls = False
    stage.broker.start()
    stage.start_board()
    stage.says(FLASH)  # mosquitto hangs up on what it takes for nonsense: from here both look the same
    stage.broker.stop()
    stage.broker.tls = True
    stage.broker.start()
    stage.start_host()
    stage.stores()


def silent_peer(stage: Stage) -> None:
    stage.config["broker"]["port"] = stage.proxy.port
    stage.proxy.silence()
    stage.broker.start()
    stage.start_host()
    stage.start_board()
    stage.says("no room to send in 60 s: something listens there that does not speak TLS, or hangs")
    stage.proxy.speak()
    stage.stores()


def half_open(stage: Stage) -> None:
    stage.config["broker"]["port"] = stage.proxy.port
    _connected(stage)
    stage.proxy.silence()
    stage.says("in 60 s: it or the network has gone silent without a word")
    stage.proxy.speak()
    stage.stores()


def no_name_server(stage: Stage) -> None:
    stage.config["broker"].update({"host": "broker.example", "server_name": LOOPBACK})
    stage.names.answers = False
    stage.broker.start()
    stage.start_host()
    stage.start_board()
    stage.says(
        "no address for broker.example (name server: no answer from 127.0.0.1 in 3 s): "
        "repair the network's names, or configure the address"
    )
    stage.names.answers = True
    stage.stores()


def name_server_goes(stage: Stage) -> None:
    stage.config["broker"].update({"host": "broker.example", "server_name": LOOPBACK})
    _connected(stage)
    stage.names.answers = False
    stage.broker.restart()
    stage.says("or configure the address; going on with 127.0.0.1")
    stage.stores()


def session_present(stage: Stage) -> None:
    _connected(stage)
    stage.says("with TLS, session new")
    stage.broker.restart()
    stage.says("with TLS, session kept")
    stage.stores()


def broker_killed(stage: Stage) -> None:
    _connected(stage)
    stage.broker.kill()
    stage.says("hung up: it was restarted, or another board came with this point's certificate (see the broker's log)")
    stage.broker.start()
    stage.stores()


def same_client_id(stage: Stage) -> None:
    _connected(stage)
    twin = stage.twin()
    twin.loop_start()
    stage.says("hung up: it was restarted, or another board came with this point's certificate (see the broker's log)")
    twin.disconnect()
    twin.loop_stop()
    stage.stores()


def not_known(stage: Stage) -> None:
    """An access list that knows no such user: CONNACK 5."""
    stage.broker.tls = False
    stage.config["broker"]["tls"] = False
    passwords = stage.broker.directory / "passwords"
    passwords.write_text("")
    stage.broker.extra = [f"password_file {passwords}", "allow_anonymous false"]
    stage.broker.start()
    stage.start_board()
    stage.says("refuses us: not authorized; see the broker's log and its list of users")
    stage.broker.extra = []
    stage.broker.restart()
    stage.start_host()
    stage.stores()


def host_away_and_no_clock(stage: Stage) -> None:
    """What is dated by its age must not age in the broker: the first that comes after the host's return is right."""
    stage.broker.start()
    stage.start_host()
    assert stage.host is not None
    wait_for(stage.host.is_subscribed, "the host has its session")
    stage.host.stop()
    stage.config["broker"]["ack_timeout_s"] = 10
    listener = Host(stage.broker.host_port, "listener", answers=False)
    wait_for(listener.is_subscribed, "somebody listens")
    stage.start_board()
    wait_for(lambda: 1 in listener.seqs, "set 1 is sent to a broker that takes it, and to nobody who stores it")
    sent_s = time.monotonic()
    listener.stop()
    time.sleep(2)
    away_s = (time.monotonic() - sent_s) * SPEED
    stage.start_host()
    stage.stores()
    assert stage.host is not None
    age_s = stage.host.first_age_s[1]
    # A tenth for a board that had to wait for the processor.
    assert age_s > 0.9 * away_s, f"set 1 came with an age of {age_s} s, {away_s} s after it was there"


CASES: tuple[Callable[[Stage], None], ...] = (
    wrong_authority, expired, not_yet_valid, wrong_name, certificate_of_another_site, key_of_another_certificate,
    file_that_is_no_der, no_certificate, missing_file, revoked, refused, no_tls_there, silent_peer, half_open,
    no_name_server, name_server_goes, session_present, broker_killed, same_client_id, not_known,
    host_away_and_no_clock,
)  # fmt: skip


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[None]]]:
    """What becomes of each case that was chosen; all of them run beside each other."""
    built = boards.build(tmp_path_factory.mktemp("built"))

    def play(case: Callable[[Stage], None]) -> None:
        stage = Stage(tmp_path_factory.mktemp(case.__name__), built)
        try:
            case(stage)
        finally:
            stage.close()

    chosen = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {case.__name__: pool.submit(play, case) for case in chosen}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_is_survived_named_and_over_when_repaired(
    case: Callable[[Stage], None], results: dict[str, Future[None]]
) -> None:
    wait_for(results[case.__name__].done, case.__name__, 10 * LIMIT_S)
    results[case.__name__].result()


def test_the_table_in_the_docs_has_every_text() -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "board-log.md").read_text().split())
    sources = [(paths.firmware_dir() / "node" / name).read_text() for name in ("trouble.py", "shortage.py")]
    trees = [node for source in sources for node in ast.walk(ast.parse(source))]
    strings = [node.value for node in trees if isinstance(node, ast.Constant)]
    for words in strings:
        # A sentence for the console, not a docstring and not one of mbedtls's.
        if isinstance(words, str) and len(words) > 40 and "\n" not in words and not words.endswith("."):
            assert re.sub("%[sd]", "…", words).strip("…: ") in text, words
