"""What the commands say of a service that runs, in the language of brackets: with mosquitto, a board and a journal."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk_scene import POINT, Scene
from host.texts.brackets import LANGUAGE, unmarked
from paraat.cli.main import main
from paraat.domain.profiles import RESOURCES
from paraat.provision.bundle import bundle
from paraat.runtime.clock import SystemClock
from paraat.service import Service
from paraat.simulate.servers import free_port
from paraat.site.site import load_site
from paraat_wire import codec, host_codec, topics
from waiting import wait_for

pytestmark = pytest.mark.needs("mosquitto")

LOW: dict[str, float | bool] = {"fuel/level": 9.0, "power/mains": False, "power/generator": True, "people/present": 12}
# What the board itself says is English (docs/adr/0015).
BOARDS_WORDS = "from: found 7, expected a set that it has"
KEYS = (
    "power/load",
    "power/mains",
    "fuel/level",
    "seconds",
    "full_mm",
    "until",
)  # of metrics, replies, and what is asked

Said = Callable[..., str]


@pytest.fixture
def scene(tmp_path: Path, brackets: Path) -> Iterator[Scene]:
    """A site whose language is the one in brackets, and its broker; alerts are not held back there."""
    made = Scene(tmp_path)
    toml = made.site / "site.toml"
    text = toml.read_text().replace('region = "Proef"', f'region = "Proef"\nlanguage = "{LANGUAGE}"')
    toml.write_text(f"{text}[web]\nport = {free_port()}\n[alerts.low_fuel]\nhold_s = 0\n")
    with made.broker:
        yield made
        while made.clients:
            made.clients.pop().close()


@pytest.fixture
def service(scene: Scene) -> Iterator[Service]:
    """It runs, a board does what it is asked, and an alert fires."""
    running = Service(load_site(scene.site), clock=SystemClock())
    running.start()
    wait_for(lambda: all(check.ok for check in running.health()), "the service is well")
    records = codec.encode_records(LOW.items(), [])
    pack = host_codec.encode_pack([codec.encode_set(POINT, 1, int(time.time()), records)])
    scene.board().say(topics.topic(POINT, topics.TELEMETRY), pack)
    wait_for(lambda: any(alert.rule == "low_fuel" for alert in running.alerts()), "its fuel is low")
    yield running
    if not running._stop.is_set():
        running.stop()


@pytest.fixture
def said(scene: Scene, service: Service, capsys: pytest.CaptureFixture[str]) -> Said:
    """said(words of a command, expected=exit code): what it printed, in which nothing is left unmarked."""
    points = load_site(scene.site).points.values()
    names = {"Proef", "Jan", "aannemer", "champagne", "log", "siren", BOARDS_WORDS, *KEYS, *RESOURCES}
    for point in points:
        names |= {point.name, point.municipality, point.access or "Proef"}

    def run(*words: str, expected: int = 0) -> str:
        capsys.readouterr()
        site = ("--site", str(scene.site))
        whole = ("command", *site, *words[1:]) if words[0] == "command" else (*words, *site)
        assert main(whole) == expected, words
        out, err = capsys.readouterr()
        told = out + err.removeprefix("paraat: ")
        shown = re.sub(r"^\d{4}-\S+ .*$", "", told, flags=re.MULTILINE)  # the service's log, on the same stderr
        assert shown.strip(), words
        assert unmarked(shown, names) == [], words
        return told

    return run


def test_what_the_status_the_round_and_the_alerts_say(service: Service, said: Said) -> None:
    assert POINT in said("status")
    assert POINT in said("refuel", "list")
    listed = said("alerts", "list")
    number = listed.split()[0]
    said("alerts", "acknowledge", number, "--by", "Jan")
    assert "Jan" in said("alerts", "list")
    said("alerts", "acknowledge", "999999", "--by", "Jan", expected=1)
    soon = f"{datetime.now(ZoneInfo('Europe/Amsterdam')) + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    said("alerts", "silence", POINT, "--until", soon, "--by", "Jan", expected=1)  # why?
    said("alerts", "silence", POINT, "--until", soon, "--reason", POINT, "--by", "Jan")
    assert "Jan" in said("alerts", "list")
    said("alerts", "silence", POINT, "--end", "--by", "Jan")
    said("alerts", "silence", "--alert", "999999", "--end", "--by", "Jan", expected=1)
    said("attest", POINT, "water", "--by", "Jan", expected=1)  # until when?
    said("attest", POINT, "water", "--until", "2099-12-31", "--by", "Jan")
    said("attest", POINT, "champagne", "--until", "2099-12-31", "--by", "Jan", expected=1)
    said("point", POINT, "alerted", "--by", "Jan")
    said("refuel", "plan", POINT, "--litres", "200", "--at", "2099-01-01T12:00", "--who", "aannemer", "--by", "Jan")
    assert "aannemer" in said("refuel", "list")
    said("refuel", "delivered", POINT, "--litres", "200", "--by", "Jan")
    said("refuel", "delivered", "nsp-9999", "--litres", "200", "--by", "Jan", expected=1)
    said("status")
    service.stop()
    assert "⟦" in said("status"), "from the journal, and it says so"
    said("refuel", "list")
    said("alerts", "list")


def test_what_a_board_that_is_asked_and_configured_is_told_of(said: Said) -> None:
    assert said("command", POINT, "identify", "--seconds", "3") == "⟦seconds⟧: 3\n"
    assert "⟦load⟧: ⟦" in said("command", POINT, "sample-now")
    said("command", POINT, "calibrate", "full")
    said("command", POINT, "resend", "7", expected=1)
    said("command", "--limit", "0.1", "nsp-0102", "identify", expected=1)
    said("command", "nsp-9999", "identify", expected=1)
    said("configure", "--dry-run")
    said("configure", "--wait", "120", POINT)
    said("configure", POINT)
    said("configure", "--wait", "0.1", "nsp-0102", expected=1)


def test_what_an_update_says(scene: Scene, said: Said) -> None:
    path = scene.folder / "firmware.bundle"
    firmware = bundle.Firmware("1.0", {"node/app.mpy": b"M\x06" * 300}, b"")
    path.write_bytes(bundle.make(firmware, 7, scene.authority.update_key()))
    assert POINT in said("update", "--bundle", str(path), POINT)
    said("update", "--bundle", str(path), "nsp-9999", expected=1)
    said("update", "--bundle", str(scene.folder / "nothing"), POINT, expected=1)
