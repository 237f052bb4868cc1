"""The dead man's switch: a sign each time while all goes on, none while something hangs, and it is said who was not reached."""

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from paraat.alerts.dead_man import DeadMan
from paraat.intake.inbox import Inbox
from paraat.intake.mqtt import MqttTransport
from paraat.provision.pki.authority import Authority
from paraat.simulate.servers import LOOPBACK, MosquittoBroker
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.files import write_atomic
from paraat.site.site import Site, load_site
from paraat_wire import host_codec
from site_broker import PASSPHRASE, SiteBroker, make_site
from waiting import LIMIT_S, wait_for

SECRET = "0b2f7c1e-9d1a-4a53"


class Watcher:
    """An outside watcher by URL, as healthchecks is. status: what it answers."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.status = 200
        watcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watcher.seen.append(self.path)
                self.send_response(watcher.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    yield made
    made.stop()


def site_with(directory: Path, table: str, secret: str | None = None) -> Site:
    shutil.copytree(paths.example_site_dir(), directory)
    with (directory / "site.toml").open("a") as file:
        file.write(f"\n{table}\n")
    if secret is not None:
        (directory / "watcher.url").write_text(secret)
        (directory / "watcher.url").chmod(0o600)
    return load_site(directory)


class Clock:
    def __init__(self) -> None:
        self.now = 1764000000.0

    def __call__(self) -> float:
        return self.now


def dead_man(site: Site, clock: Clock, hangs: list[str] | None = None) -> DeadMan:
    return DeadMan(site, hangs=lambda: "".join(hangs or ()), now=clock)


def test_a_sign_of_life_goes_out_while_all_goes_on_and_none_while_something_hangs(
    tmp_path: Path, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_with(
        tmp_path / "site", '[watcher]\nurl_file = "watcher.url"', f"http://{LOOPBACK}:{watcher.port}/ping/{SECRET}"
    )
    clock, hangs = Clock(), []
    switch = dead_man(site, clock, hangs)
    assert switch.is_there
    assert not dead_man(load_site(paths.example_site_dir()), clock).is_there
    switch.give()
    assert watcher.seen == [f"/ping/{SECRET}"]
    assert (switch.problem, switch.failing_since, switch.reached_at) == ("", None, clock.now)
    hangs.append("the tick hangs")
    clock.now += 60
    for _ in range(2):
        switch.give()
        clock.now += 60
    assert len(watcher.seen) == 1
    assert "no sign of life was given, because the tick hangs" in switch.problem
    assert switch.failing_since == 1764000060.0, "since the first that was not given"
    hangs.clear()
    switch.give()
    assert len(watcher.seen) == 2
    assert switch.problem == ""
    switch.close()
    assert SECRET not in caplog.text


def test_a_watcher_that_is_not_reached_is_said_without_its_url(
    tmp_path: Path, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    site = site_with(
        tmp_path / "site", '[watcher]\nurl_file = "watcher.url"', f"http://{LOOPBACK}:{watcher.port}/ping/{SECRET}"
    )
    switch = dead_man(site, Clock())
    watcher.status = 404
    switch.give()
    assert switch.problem == "watcher.url: the watcher cannot be reached: it answered 404"
    watcher.stop()
    watcher._server.server_close()
    switch.give()
    assert "Connection refused" in switch.problem
    assert SECRET not in switch.problem + caplog.text
    switch.close()
    watcher.__init__()  # type: ignore[misc]  # so that the fixture has something to stop


def test_a_watcher_that_answers_nothing_holds_nothing_up(tmp_path: Path) -> None:
    import socket

    with socket.create_server((LOOPBACK, 0)) as silent:
        url = f"http://{LOOPBACK}:{silent.getsockname()[1]}/ping"
        switch = dead_man(site_with(tmp_path / "site", f'[watcher]\nurl = "{url}"\nlimit_s = 1'), Clock())
        switch.give()
        assert switch.problem == f"{url}: the watcher cannot be reached: no answer within 1 s"
        switch.close()


@pytest.mark.needs("mosquitto")
def test_another_host_hears_us_over_its_broker(tmp_path: Path) -> None:
    heard: list[str | None] = []
    ready = threading.Event()
    with MosquittoBroker(tmp_path / "broker") as broker:
        table = f'[watcher.broker]\nname = "regio-zuid"\nhost = "{LOOPBACK}"\nport = {broker.port}'
        switch = dead_man(site_with(tmp_path / "site", table), Clock())
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _u, message: heard.append(host_codec.alive_host(message.topic))
        client.on_subscribe = lambda *_: ready.set()
        client.connect(LOOPBACK, broker.port)
        client.subscribe(host_codec.alive_topic("+"))
        client.loop_start()
        assert ready.wait(LIMIT_S)
        switch.give()
        assert switch.problem == ""
        wait_for(lambda: heard)
        client.disconnect()
        client.loop_stop()
        client.reinitialise()
    assert heard == ["regio-zuid"]
    switch.give()
    assert "the watcher cannot be reached: Connection refused" in switch.problem
    switch.close()


def test_it_goes_on_until_it_is_stopped_also_in_the_middle_of_a_sign(tmp_path: Path, watcher: Watcher) -> None:
    url = f"http://{LOOPBACK}:{watcher.port}/ping"
    switch = dead_man(site_with(tmp_path / "site", f'[watcher]\nurl = "{url}"'), Clock())
    stop = threading.Event()
    thread = threading.Thread(target=switch.run, args=(stop,))
    thread.start()
    wait_for(lambda: watcher.seen)
    stop.set()
    switch.close()
    thread.join(LIMIT_S)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[watcher]\nurl = "ftp://a"', "watcher.url"),
        (f'[watcher]\nurl = "http://a:{SECRET}@b/"', "watcher.url"),
        ('[watcher]\nurl = "http://a"\nurl_file = "watcher.url"', "watcher.url_file"),
        ('[watcher]\nurl_file = "watcher.url"', "watcher.url_file"),
        ('[watcher]\nneighbours = ["Regio Zuid"]', "watcher.neighbours[0]"),
        ('[watcher.broker]\nname = "regio-zuid"', "watcher.broker.host"),
        ('[watcher.broker]\nname = "regio-zuid"\nhost = "a"\ncert_file = "c"', "watcher.broker.ca_file"),
        ("[watcher]\nevery_s = 1", "watcher.every_s"),
    ],
)
def test_a_table_that_is_wrong_is_named(tmp_path: Path, table: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        dead_man(site_with(tmp_path / "site", table), Clock())
    assert caught.value.key == key
    assert SECRET not in str(caught.value)


def test_a_name_of_a_host_in_a_topic() -> None:
    assert host_codec.alive_host("paraat/v1/_hosts/regio-zuid/alive") == "regio-zuid"
    for other in (
        "paraat/v1/_hosts/a/b/alive",
        "paraat/v1/_hosts/alive",
        "paraat/v1/nsp-0101/alive",
        "",
        "paraat/v1/_all/time",
    ):
        assert host_codec.alive_host(other) is None


@pytest.mark.needs("mosquitto")
def test_a_broker_with_tls_lets_a_neighbours_signs_through_to_the_host_and_no_others(tmp_path: Path) -> None:
    made = make_site(tmp_path / "theirs", datetime.now(UTC))
    heard: list[str | None] = []
    up = threading.Event()
    with SiteBroker(made, tmp_path / "broker") as broker:
        host = MqttTransport(
            broker.site.broker,
            made.directory,
            Inbox(),
            now=lambda: 0.0,
            on_change=lambda connected: up.set() if connected else None,
            others={host_codec.alive_topic("+"): lambda topic, _payload: heard.append(host_codec.alive_host(topic))},
        )
        host.start()
        assert up.wait(LIMIT_S)
        assert host.problem == ""
        issued = Authority.open(made.directory, PASSPHRASE).issue_board("regio-zuid", datetime.now(UTC))
        table = (
            f'[watcher.broker]\nname = "regio-zuid"\nhost = "{LOOPBACK}"\nport = {broker.port}\n'
            'ca_file = "ca.crt"\ncert_file = "own.crt"\nkey_file = "own.key"'
        )
        ours = site_with(tmp_path / "ours", table)
        shutil.copyfile(made.directory / "pki" / "ca.crt", ours.directory / "ca.crt")
        write_atomic(ours.directory / "own.crt", issued.certificate_pem(), mode=0o644)
        write_atomic(ours.directory / "own.key", issued.key_pem(), mode=0o600)
        switch = dead_man(ours, Clock())
        other = switch._ways[0].order
        other_topic = host_codec.alive_topic("regio-noord")
        switch._helper.ask({**other, "topic": other_topic, "payload": "{}"}, limit_s=LIMIT_S)
        switch.give()
        assert switch.problem == ""
        wait_for(lambda: heard)
        assert heard == ["regio-zuid"], "nobody can speak for another host"
        switch.close()
        host.stop()
