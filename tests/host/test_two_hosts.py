"""Two hosts on one broker: one serves, the other stands by; and what an older program with our name may do."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from host.certified import SETTINGS, Certified
from host.served import ON_MAINS, POINT, T0, Broker, FakeBoard, StillClock, a_site
from paraat.cli.main import main
from paraat.domain.readiness import Verdict
from paraat.intake import lease, mqtt, serving
from paraat.intake.inbox import Inbox
from paraat.provision.pki.authority import Authority
from paraat.service import Service
from paraat.simulate.servers import MosquittoBroker, free_port
from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site
from paraat_wire import host_codec
from site_broker import NOW, PASSPHRASE, make_site
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")
Host = Callable[..., Service]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second where it is five, and so on."""
    for name in ("EXPIRES_S", "SETTLES_S"):
        monkeypatch.setattr(lease, name, getattr(lease, name) / 5)
    monkeypatch.setattr(serving, "EXPIRES_S", lease.EXPIRES_S)
    for module in (lease, serving):
        monkeypatch.setattr(module, "BEAT_S", lease.EXPIRES_S / 3)
    monkeypatch.setattr(mqtt, "_RETRY_MIN_S", 0.1)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    services: list[Service] = []

    def start(name: str, port: int, *, broker: object = None, pki: Path | None = None, **region: object) -> Service:
        folder = tmp_path / name
        folder.mkdir()
        site: Site = a_site(folder, port, **({"broker": broker} if broker else {}))
        if pki is not None:
            shutil.copytree(pki, folder / "pki")
        site = msgspec.structs.replace(site, region=msgspec.structs.replace(site.region, **region))  # type: ignore[arg-type]
        service = Service(site, clock=StillClock(), serve_web=False)
        service._transport._name = name  # both run on this machine
        service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        if not service._stop.is_set():
            service.stop()


def serves(service: Service) -> bool:
    return service._transport.serving


def firing(service: Service) -> list[str]:
    return [alert.wording for alert in service.alerts() if (alert.rule, alert.state) == ("second_host", "firing")]


def judge(service: Service, seconds: float) -> None:
    """Let the time of a host that stands still go on."""
    clock = service.clock
    assert isinstance(clock, StillClock)
    clock.t += seconds


def test_of_two_hosts_one_serves_and_all_that_boards_send_is_in_one_journal(broker: Broker, host: Host) -> None:
    first = host("first", broker.port)
    wait_for(lambda: serves(first))
    second = host("second", broker.port)
    wait_for(lambda: second._transport.serving_elsewhere == "first")
    (check,) = [check for check in second.health() if check.name == "second-host"]
    assert (check.ok, check.required) == (False, True)
    assert "first serves these boards already" in check.detail
    board = FakeBoard(broker.port)
    for seq in range(1, 61):
        board.read(seq, ON_MAINS, T0 + seq)
    board.send()
    wait_for(lambda: len(board.acked) == 60)
    assert first.journal.ranges(POINT) == [(1, 60)]
    assert second.journal.ranges(POINT) == []
    judge(second, 1000.0)
    judge(second, 1000.0)
    wait_for(lambda: firing(second) == ["waits"], "who must stop one of the two is told")
    assert {alert.rule for alert in second.alerts() if alert.point is not None} == set(), "and of no point"
    assert serves(first)
    assert first._transport.takeovers == 0
    board.close()


def test_a_spare_host_stores_what_it_hears_and_takes_over_when_the_other_is_gone(broker: Broker, host: Host) -> None:
    spare = host("spare", broker.port, standby=True)
    first = host("first", broker.port)
    wait_for(lambda: serves(first))
    wait_for(lambda: spare._transport.serving_elsewhere == "first")
    board = FakeBoard(broker.port)
    wait_for(lambda: spare._transport._watch.stores)
    board.tell(1, ON_MAINS, T0)
    wait_for(lambda: spare.journal.ranges(POINT) == [(1, 1)])
    assert all(check.ok for check in spare.health()), "to stand by is its work"
    first.stop()
    wait_for(lambda: serves(spare))
    board.acked.clear()
    board.tell(2, ON_MAINS, T0 + 60)
    assert spare.journal.ranges(POINT) == [(1, 2)]
    for _ in range(2):
        judge(spare, 40.0)
        wait_for(lambda: spare._ticked_at == spare.clock.now())
    wait_for(lambda: firing(spare) == ["spare_serves"])
    again = host("again", broker.port)
    wait_for(lambda: again._transport.serving_elsewhere == "spare", "who comes back throws nobody off")
    spare.stop()
    wait_for(lambda: serves(again))
    board.close()


@pytest.mark.needs("mosquitto")
def test_a_program_that_knows_no_lease_is_recognised_and_nothing_is_acknowledged_meanwhile(
    tmp_path: Path, host: Host
) -> None:
    """An older release with our client id: the broker throws off the one for the other."""
    with MosquittoBroker(tmp_path / "broker") as broker:
        first = host("first", broker.port)
        wait_for(lambda: serves(first))
        board = FakeBoard(broker.port)
        board.tell(1, ON_MAINS, T0)
        for times in range(2):
            taken = threading.Event()
            older = Client(CallbackAPIVersion.VERSION2, client_id=first.site.broker.client_id, clean_session=False)
            older.on_connect = lambda *_, taken=taken: taken.set()
            older.connect("127.0.0.1", broker.port)
            older.loop_start()
            assert taken.wait(LIMIT_S)
            wait_for(lambda times=times: len(first._transport._lease._taken_s) > times and serves(first), "it is back")
            older.disconnect()
            older.loop_stop()
            older.reinitialise()
        assert first._transport.takeovers == 2
        (check,) = [check for check in first.health() if check.name == "second-host"]
        assert "took our place 2 times" in check.detail
        board.read(2, ON_MAINS, T0 + 60)
        board.send()
        wait_for(lambda: first.journal.ranges(POINT) == [(1, 2)])
        assert 2 not in board.acked, "the other one may have taken what lies between"
        for _ in range(2):
            judge(first, 40.0)
            wait_for(lambda: first._ticked_at == first.clock.now())
        wait_for(lambda: firing(first) == ["firing"])
        first._transport._lease._taken_s.clear()
        board.send()
        wait_for(lambda: 2 in board.acked)
        board.close()


def test_who_is_stopped_takes_its_own_goodbye_for_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hears that the lease is free now, as who serves does when the broker lost it: then it would say it again."""
    said: list[bytes] = []
    link = serving.Serving(
        BrokerSettings(port=free_port()), tmp_path, Inbox(), now=lambda: T0, on_change=lambda _: None
    )
    monkeypatch.setattr(link._main, "publish", lambda _topic, payload, **_: said.append(payload) or True)
    link._lease.looked(0.0)
    assert link._lease.serves(0.0)
    link._heard(host_codec.LEASE, b"")
    assert len(said) == 1
    link.stop()
    link._heard(host_codec.LEASE, b"")
    assert len(said) == 1


def test_a_broker_that_restarts_is_no_takeover(broker: Broker, host: Host) -> None:
    first = host("first", broker.port)
    for _ in range(2):
        wait_for(lambda: serves(first) and first._transport._watch.connected)
        broker.kill()
        wait_for(lambda: not serves(first) and not first._transport._watch.connected)
        broker.start()
    wait_for(lambda: serves(first))
    assert first._transport.takeovers == 0
    assert first.view(POINT, T0).verdict is Verdict.UNKNOWN


@pytest.mark.needs("mosquitto")
def test_a_broker_whose_configuration_is_older_is_told_of(
    tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its acl knows no lease, and mosquitto says so to nobody."""

    class Older(MosquittoBroker):
        def _command(self) -> list[str]:
            program, flag, path = super()._command()
            acl = self.directory / "acl"
            acl.write_text("topic read paraat/v1/+/telemetry\ntopic write paraat/v1/+/ack\n")
            Path(path).write_text(f"{Path(path).read_text()}acl_file {acl}\n")
            return [program, flag, path]

    with Older(tmp_path / "broker") as broker:
        first = host("first", broker.port)
        wait_for(lambda: serves(first))
        wait_for(lambda: "lease" in {check.name for check in first.health()})
        assert first._transport.problem == ""


@pytest.mark.needs("mosquitto")
def test_without_a_second_certificate_there_is_one_connection_and_two_hosts_are_recognised(tmp_path: Path) -> None:
    """A broker with our own configuration keeps one connection of a certificate's name."""
    hosts = Certified(tmp_path)
    with hosts.broker:
        links = []
        try:
            for _ in range(2):
                links.append(hosts.link("any"))
                wait_for(lambda: links[-1].serving)
                if len(links) == 1:  # all that it does has been done by then, and nobody threw it off
                    wait_for(lambda: links[0].publish("paraat/v1/_all/time", b"", qos=1))
                    wait_for(lambda: links[0]._main._last_published.is_published())
                    assert hosts.throws() == 0
                    assert links[0].alone
            wait_for(lambda: not any(link.alone for link in links), "each knows that somebody takes its place")
        finally:
            for link in links:
                link.stop()


def die(service: Service) -> None:
    """As a host that is killed: its connections end without a word, and it comes back to nothing."""
    link = service._transport
    link._stopped = True
    link._beat.set()
    for transport in (link._main, link._watch):
        # Not _thread_terminate: a thread that sees it between two packets ends without seeing that its connection has.
        transport._client._reconnect_on_failure = False
        transport._client.socket().shutdown(socket.SHUT_RDWR)
    wait_for(lambda: not link._main.connected and not link._watch.connected)


@pytest.mark.needs("mosquitto")
def test_with_certificates_a_spare_host_stands_by_takes_over_and_keeps_it(tmp_path: Path, host: Host) -> None:
    """With the broker's own files. `make faults` does it with processes and a kill -9 (tests/faults/host/test_spare_host.py)."""
    hosts = Certified(tmp_path, "watch", "spare")
    with hosts.broker as broker:
        certified = {"broker": broker.site.broker, "pki": hosts.site.directory / "pki"}
        usual = host("usual", broker.port, **certified)
        wait_for(lambda: serves(usual))
        board = hosts.speaks(tmp_path)
        board.tell(1)
        spare = host("spare", broker.port, **certified, standby=True)
        wait_for(lambda: spare._transport.serving_elsewhere == "usual")
        wait_for(lambda: spare._transport._watch.stores)
        board.tell(2)
        wait_for(lambda: spare.journal.ranges(POINT) == [(2, 2)], "it stores what it hears")
        die(usual)
        board.tell(3)
        assert (serves(spare), spare.journal.ranges(POINT)) == (True, [(2, 3)])
        assert usual.journal.ranges(POINT) == [(1, 2)]
        again = host("again", broker.port, **certified)
        wait_for(lambda: again._transport.serving_elsewhere == "spare", "who comes back throws nobody off")
        board.tell(4)
        assert (spare.journal.ranges(POINT), again.journal.ranges(POINT)) == ([(2, 4)], [])
        assert hosts.throws() == 0
        assert not [link for link in (spare, again) if link._transport.takeovers]
        spare.stop()
        board.tell(5)
        assert again.journal.ranges(POINT) == [(5, 5)]
        board.close()


@pytest.mark.needs("mosquitto")
def test_two_hosts_with_the_same_certificates_do_not_keep_each_other_off_the_line(tmp_path: Path) -> None:
    """A copy of a machine: it waits, and the one that serves is not thrown off. Their second connections come to rest."""
    hosts = Certified(tmp_path, "watch")
    with hosts.broker:
        first, copy = hosts.link("first"), None
        try:
            wait_for(lambda: first.serving)
            copy = hosts.link("copy")
            wait_for(lambda: copy.serving_elsewhere == "first")
            wait_for(lambda: first.doubled or copy.doubled)
            assert (first.serving, first.takeovers, copy.serving) == (True, 0, False)
        finally:
            for link in filter(None, (first, copy)):
                link.stop()


@pytest.mark.needs("mosquitto")
def test_a_second_connection_that_the_broker_refuses_keeps_no_host_from_serving(tmp_path: Path) -> None:
    hosts = Certified(tmp_path, "watch")
    kept = {end: (hosts.site.directory / "pki" / f"watch.{end}").read_bytes() for end in ("crt", "key")}
    Authority.open(hosts.site.directory, PASSPHRASE, NOW).renew_client("watch", NOW)  # revokes the one before
    for end, content in kept.items():
        (hosts.site.directory / "pki" / f"watch.{end}").write_bytes(content)
    with hosts.broker:
        link = hosts.link("any")
        try:
            wait_for(lambda: link.serving)
            assert "closed the connection before it took us" in link.unwatched
            assert link.problem == ""
        finally:
            link.stop()


@pytest.mark.needs("mosquitto")
def test_with_certificates_too_a_broker_that_restarts_in_a_moment_is_no_second_host(tmp_path: Path) -> None:
    hosts = Certified(tmp_path, "watch")
    with hosts.broker as broker:
        link = hosts.link("any")
        try:
            for _ in range(2):
                wait_for(lambda: link.serving and link._watching)
                before = link._main._connection
                broker.kill()
                broker.start()
                wait_for(lambda before=before: link._main._connection > before)
            wait_for(lambda: link.serving and link._watching)
            assert link.alone
        finally:
            link.stop()


def test_check_says_where_no_second_host_can_be_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = make_site(tmp_path / "site").directory
    file = site / "site.toml"
    file.write_text(file.read_text().replace("[broker]\n", f"[broker]\n{SETTINGS}"))
    assert main(["check", "--site", str(site)]) == 0
    assert "pki renew watch" not in capsys.readouterr().out
    (site / "pki" / "watch.crt").unlink()
    assert main(["check", "--site", str(site)]) == 0
    assert "`.venv/bin/paraat pki renew watch` mends that" in capsys.readouterr().out


def test_no_spare_host_without_the_certificate_that_it_needs(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site")
    file = site.directory / "site.toml"
    text = file.read_text()
    assert text.count("[site]\n") == text.count("[broker]\n") == 1
    text = text.replace("[site]\n", "[site]\nstandby = true\n")
    file.write_text(text)
    assert load_site(site.directory).region.standby
    file.write_text(text.replace("[broker]\n", f"[broker]\n{SETTINGS}"))
    with pytest.raises(SettingsError, match=r"site\.standby.*paraat pki renew spare"):
        load_site(site.directory)
    Authority.open(site.directory, PASSPHRASE, NOW).renew_client("spare", NOW)
    assert load_site(site.directory).region.standby
