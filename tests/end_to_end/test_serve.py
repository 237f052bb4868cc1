"""`paraat serve`, `check` and `simulate` as a technician runs them."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from paraat.domain.model import AlertState
from paraat.domain.subjects import Subject
from paraat.journal import Journal
from paraat.simulate.servers import LOOPBACK, find_broker, free_port
from paraat.site import paths
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")

PARAAT = str(Path(sys.executable).parent / "paraat")
T0 = 1764000000.0
POINT = """id = "{id}"
name = "Punt {id}"
municipality = "Voorbeeldstad"
capacity = 100
[tank]
capacity_l = 400
burn_l_per_h = 9.5
[board]
type = "esp32_devkitc_ve"
"""


def paraat(*arguments: str, timeout_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PARAAT, *arguments], capture_output=True, text=True, check=False, timeout=timeout_s)


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
        return json.load(answer)


class Host:
    """A site with three points that the simulator knows, its broker, and `paraat serve`."""

    def __init__(self, directory: Path) -> None:
        self.broker = find_broker("auto", directory / "broker")
        self.broker.start()
        self.site = directory / "site"
        (self.site / "points").mkdir(parents=True)
        self.url = f"http://{LOOPBACK}:{(port := free_port())}"
        (self.site / "site.toml").write_text(
            f'[site]\nregion = "Proef"\n[broker]\nport = {self.broker.port}\n[web]\nport = {port}\n'
        )
        for number in (1, 2, 3):
            point = f"sim-{number:05d}"
            (self.site / "points" / f"{point}.toml").write_text(POINT.format(id=point))
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [PARAAT, "serve", "--site", str(self.site)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        wait_for(self.healthy, "the host is healthy")

    def healthy(self) -> bool:
        try:
            return bool(get(f"{self.url}/healthz"))
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        _, self.log = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode

    def simulate(self, *who: str) -> dict[str, Any]:
        broker = f"{LOOPBACK}:{self.broker.port}"
        done = paraat("simulate", "--broker", broker, *who, "--interval", "0.2", "--duration", "2")
        assert done.returncode == 0, done
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def points(self) -> dict[str, Any]:
        found = get(f"{self.url}/api/v1/points")
        return {point["point"]: point for point in found["points"]}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    found = Host(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.communicate()
    found.broker.stop()


def test_what_is_simulated_is_served_and_survives_a_restart(host: Host) -> None:
    sent = host.simulate("--points", "3")
    assert sent["points"] == 3
    assert sent["unacknowledged_by_broker"] == 0
    assert sent["sets"] == sum(sent["last_seq"].values()) == 30

    def all_stored() -> bool:
        return all(host.points()[point]["stored"] == last for point, last in sent["last_seq"].items())

    wait_for(all_stored, "all sets are stored")
    assert {point["missing"] for point in host.points().values()} == {0}
    assert host.stop() == 0
    assert "Traceback" not in host.log
    host.start()
    wait_for(all_stored, "the journal is read back")
    again = host.simulate("--site", str(host.site))  # its points have the names of made-up ones
    for point, last in again["last_seq"].items():
        assert last > sent["last_seq"][point], "a second run goes on where the first ended"
    wait_for(
        lambda: all(p["missing"] == 0 and p["stored"] == again["last_seq"][i] for i, p in host.points().items()), "all"
    )


def test_the_pages_answer(host: Host) -> None:
    for path, kind in (("/", "text/html"), ("/metrics", "text/plain"), ("/api/v1/alerts", "application/json")):
        with urllib.request.urlopen(host.url + path, timeout=LIMIT_S) as answer:
            assert answer.status == 200
            assert answer.headers["content-type"].startswith(kind)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{host.url}/api/v1/points/nobody")
    with caught.value:
        assert caught.value.code == 404


def edit_site(path: Path) -> None:
    text = (path / "site.toml").read_text()
    (path / "site.toml").write_text(text.replace("port = 1883", 'port = "1883"'))


def edit_point(path: Path) -> None:
    point = path / "points" / "nsp-0101.toml"
    point.write_text(point.read_text().replace("capacity = 150", "capacity = -1"))


def edit_driver(path: Path) -> None:
    point = path / "points" / "nsp-0101.toml"
    point.write_text(point.read_text().replace('driver = "a02yyuw"', 'driver = "a02yyux"'))


def add_email(path: Path) -> None:
    with (path / "site.toml").open("a") as site:
        site.write('\n[channels.email]\nurl_file = "email.url"\n')


def edit_board(path: Path) -> None:
    point = path / "points" / "nsp-0101.toml"
    point.write_text(point.read_text().replace('type = "esp32_devkitc_ve"', 'type = "esp64"'))


def edit_journal(path: Path) -> None:
    text = (path / "site.toml").read_text()
    (path / "site.toml").write_text(text.replace('"journal.sqlite"', '"data/journal.sqlite"'))


@pytest.mark.parametrize(
    ("command", "edit", "words"),
    [
        ("serve", edit_site, ("site.toml", "broker.port", "'1883'", "int")),
        ("serve", edit_point, ("nsp-0101.toml", "capacity", "-1", ">= 1")),
        ("serve", edit_driver, ("nsp-0101.toml", "sensors[0].driver", "'a02yyux'", "a02yyuw")),
        ("check", edit_driver, ("nsp-0101.toml", "sensors[0].driver", "'a02yyux'", "a02yyuw")),
        ("check", add_email, ("email.url", "channels.email.url_file", "no readable file")),
        ("check", edit_journal, ("site.toml", "site.journal", "no folder")),
        ("check", edit_board, ("nsp-0101.toml", "board.type", "'esp64'", "esp32_devkitc")),
    ],
)
def test_a_wrong_site_stops_at_once_and_says_where(
    tmp_path: Path, command: str, edit: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    site = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), site)
    edit(site)
    done = paraat(command, "--site", str(site))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_the_example_site_is_in_order() -> None:
    done = paraat("check", "--site", str(paths.example_site_dir()))
    assert done.returncode == 0, done
    assert "5 points" in done.stdout


def test_a_second_host_on_the_same_journal_is_refused(host: Host) -> None:
    done = paraat("serve", "--site", str(host.site))
    assert done.returncode == 1
    assert "journal" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_alert_is_acknowledged_while_the_service_runs_and_while_it_does_not(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARAAT_LANGUAGE")  # the site's own language: Dutch
    assert host.stop() == 0
    journal = Journal(host.site / "journal.sqlite")
    # Of the broker's certificate nothing is known here, so this alert stays as it is.
    (first, second) = (
        journal.save_alert(
            AlertState(
                rule="own_certificate",
                subject=Subject("certificate", kind),
                state="firing",
                since=T0,
                severity="warning",
                detail={"kind": kind, "days": 30.0, "ends_at": T0 + 30 * 86400, "ended": 0},
                fired_at=T0,
            )
        )
        for kind in ("broker", "host")
    )
    journal.close()

    def acknowledge(alert_id: int, by: str) -> subprocess.CompletedProcess[str]:
        return paraat("alerts", "acknowledge", str(alert_id), "--by", by, "--role", "lead", "--site", str(host.site))

    away = acknowledge(first.id, "Jan")
    assert (away.returncode, away.stdout) == (
        0,
        f"Melding {first.id}: gezien door Jan. Dat staat nu ook op de statuspagina.\n",
    )
    host.start()
    assert acknowledge(second.id, "Fatima").returncode == 0
    seen = {alert["id"]: alert["acknowledged"] for alert in get(f"{host.url}/api/v1/alerts")["alerts"]}
    assert [(seen[n]["by"], seen[n]["role"], seen[n]["way"]) for n in (first.id, second.id)] == [
        ("Jan", "lead", "cli"),
        ("Fatima", "lead", "cli"),
    ]
    listed = paraat("alerts", "list", "--site", str(host.site)).stdout.splitlines()
    assert any("Certificaat verloopt, Coördinatiepunt" in line and "gezien door Fatima" in line for line in listed)

    def silence(*words: str) -> subprocess.CompletedProcess[str]:
        return paraat("alerts", "silence", *words, "--by", "Jan", "--site", str(host.site))

    assert "niets staat langer dan 168 uur" in silence("sim-00001", "--until", "2099-12-31", "--reason", "werk").stderr
    soon = f"{datetime.now(ZoneInfo('Europe/Amsterdam')) + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    assert silence("sim-00001", "--until", soon, "--reason", "werk").returncode == 0
    (told,) = get(f"{host.url}/api/v1/alerts")["silences"]
    assert (told["subject"]["id"], told["by"], told["reason"]) == ("sim-00001", "Jan", "werk")
    assert "stilgezet door Jan (werk)" in paraat("alerts", "list", "--site", str(host.site)).stdout
    assert silence("sim-00001", "--end").returncode == 0
    assert silence("--alert", str(second.id), "--end").returncode == 0  # of what it is about, which nobody silenced
    assert get(f"{host.url}/api/v1/alerts")["silences"] == []
    unknown = acknowledge(99, "Jan")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "geen melding 99" in unknown.stderr
    assert host.stop() == 0
    # When a silence ends its alert is told anew, once the service has looked: nobody has picked that up yet.
    kept = paraat("alerts", "list", "--site", str(host.site)).stdout.splitlines()
    assert [line.replace(", opgepakt", "") for line in kept] == [line.replace(", opgepakt", "") for line in listed]
    host.start()
    again = {alert["id"]: alert["acknowledged"] for alert in get(f"{host.url}/api/v1/alerts")["alerts"]}
    assert again == seen, "a restart forgets nobody"


def test_what_people_say_of_a_point_is_kept_with_and_without_the_service(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARAAT_LANGUAGE")  # the site's own language: Dutch
    site, point = str(host.site), "sim-00001"

    def water() -> tuple[str, str]:
        found = get(f"{host.url}/api/v1/points/{point}/resources")["resources"]
        (one,) = [one for one in found if one["resource"] == "water"]
        return one["state"], one["by"]

    def attest(*more: str) -> subprocess.CompletedProcess[str]:
        return paraat("attest", "--site", site, "--by", "Fatima", point, *more)

    assert water() == ("unknown", "")
    said = f"Bewaard voor {point}, op naam van Fatima. De statuspagina laat het zien."
    kept = attest("water", "--until", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}")
    assert (kept.returncode, kept.stdout) == (0, f"{said}\n")
    kept = attest("water", "--until", "2099-12-31")
    assert kept.stdout.startswith(f"{said}\nHet geldt tot "), "no word of it holds for longer than a month"
    assert water() == ("ready", "Fatima")
    for wrong, word in (
        (("wine", "--until", "2099-12-31"), "verwacht is een van: water"),
        (("water", "--until", "1999-12-31"), "een moment dat nog komt"),
        (("water",), "until: gevonden: niets"),
    ):
        refused = attest(*wrong)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert word in refused.stderr
    assert attest("water", "--until", "soon").returncode == 2
    assert host.stop() == 0
    assert paraat("point", "--site", site, "--by", "Jan", point, "alerted").returncode == 0
    table = paraat("status", "--site", site)
    assert "de dienst draait niet" in table.stderr
    assert "gealarmeerd" in table.stdout
    host.start()
    assert get(f"{host.url}/api/v1/points/{point}")["life"]["phase"] == "alerted"
    assert water() == ("ready", "Fatima")
    assert attest("water", "--revoke").returncode == 0
    assert water() == ("unknown", "Fatima")
    listed = paraat("status", "--site", site)
    head, first, *_ = listed.stdout.splitlines()
    assert head.split() == ["Punt", "Oordeel", "Stand", "Waarom", "Wat", "te", "doen"]
    assert "nooit iets gehoord" in first
    assert paraat("refuel", "delivered", "--site", site, "--by", "Jan", point, "--litres", "120").returncode == 0
    plan = ("--litres", "200", "--who", "Tankdienst", "--at", "2099-12-31T14:00")
    planned = paraat("refuel", "plan", "--site", site, "--by", "Jan", "sim-00002", "--litres", "90", *plan[2:])
    assert (planned.returncode, "vervalt" in planned.stdout) == (0, False)
    planned = paraat("refuel", "plan", "--site", site, "--by", "Jan", "sim-00002", *plan)
    assert "vervalt: 90 l, Tankdienst, 31-12 14:00." in planned.stdout
    brought = paraat("refuel", "delivered", "--site", site, "--by", "Jan", "sim-00002", "--litres", "20")
    assert "blijft gepland: nog 180 van 200 l, Tankdienst" in brought.stdout
    head, *rows = paraat("refuel", "list", "--site", site).stdout.splitlines()
    assert head.startswith("Punt")
    assert [row.split()[0] for row in rows] == ["sim-00001", "sim-00003", "sim-00002"]
    assert "120 l" in rows[0]
    assert "nog 180 van 200 l, Tankdienst, 31-12 14:00" in rows[2]
    away = json.loads(paraat("refuel", "list", "--site", site, "--json").stdout)
    assert [stop["hours_low"] for stop in away["stops"]] == [None] * 3
    asked = json.loads(paraat("status", "--site", site, "--json").stdout)
    assert [one["verdict"] for one in asked["points"]] == ["unknown"] * 3
    assert paraat("count", "--site", site, "--by", "Jan", point, "84").returncode == 0
    refused = paraat("count", "--site", site, "--by", "Jan", point, "9999")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "5000" in refused.stderr
    todo = paraat("upkeep", "--site", site).stdout.splitlines()
    assert todo[0].startswith("Wat klaar moet zijn vóór 1-")
    assert sum(row.startswith("sim-00002") for row in todo) > 10
    assert "controle ter plaatse" not in "".join(row for row in todo if row.startswith(point)), "Jan was there"
    parts = json.loads(paraat("upkeep", "--site", site, "--json").stdout)
    assert [one["checked_by"] for one in parts["points"]] == ["Jan", "Jan", ""]
    host.stop()
    assert paraat("count", "--site", site, "--by", "Fatima", point, "60").returncode == 0
    (counted, *_) = json.loads(paraat("status", "--site", site, "--json").stdout)["points"]
    assert (counted["people"]["people"], counted["people"]["counted_by"]) == (60, "Fatima")


def test_ctrl_c_ends_the_service_while_a_mail_server_drips(host: Host) -> None:
    """It answers a byte now and then, for ever: no library gives that up, and nothing waits for it at the end."""
    assert host.stop() == 0
    held: list[socket.socket] = []
    ended = threading.Event()
    with socket.create_server((LOOPBACK, 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            held.append(connection)
            while not ended.wait(0.5):
                with contextlib.suppress(OSError):
                    connection.send(b"2")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"mailto://{LOOPBACK}:{server.getsockname()[1]}?from=paraat@example.org&mode=insecure"
        with (host.site / "site.toml").open("a") as site:
            site.write(
                f'[channels.email]\nurl = "{url}"\nlimit_s = 60\n[coordination]\nemail = "cp@example.org"\n'
                '[watcher]\nneighbours = ["regio-noord"]\n[alerts.neighbour_silent]\nafter_s = 1\nhold_s = 0\n'
                "[telling]\ngather_s = 0\n"
            )
        host.start()
        wait_for(lambda: held, "a message is under way")
        began_s = time.monotonic()
        assert host.stop(signal.SIGINT) == 0
        assert time.monotonic() - began_s < 30.0, "half of limit_s, on a busy machine"
        ended.set()
        thread.join(LIMIT_S)
        held[0].close()
